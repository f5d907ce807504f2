//! Mark: a moment of the source's clock, up to which rows have been extracted, as precise as the column that is compared.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::table::DataType;

/// A moment in the time of the column: whole seconds, or for a date whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    time: DateTime,
}

/// The source's clock when the extract began, before its snapshot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// In UTC, in which columns with a time zone are compared.
    pub utc: DateTime,
    /// In the time zone of the server, in which programs usually write times without a zone.
    pub local: DateTime,
}

impl Clock {
    /// The end of a window for a column of this type: now, without what the column may not have.
    ///
    /// A time without fractions of a second has the value 10:00:00 until 10:00:01. A row that is written in that second
    /// but after the snapshot would be lost if the window ended within the second; so would a row of today's date.
    pub fn mark(&self, data_type: DataType) -> Mark {
        match data_type {
            DataType::TimestampTz => Mark { time: whole_seconds(self.utc) },
            DataType::Date => Mark { time: self.local.date().at(0, 0, 0, 0) },
            _ => Mark { time: whole_seconds(self.local) },
        }
    }
}

fn whole_seconds(time: DateTime) -> DateTime {
    time.date().at(time.hour(), time.minute(), time.second(), 0)
}

impl Mark {
    /// Reads what [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Mark> {
        text.parse().ok().map(|time| Mark { time })
    }

    /// The moment that is earlier by `overlap`; the first moment of all if that is too long.
    pub fn minus(self, overlap: SignedDuration) -> Mark {
        Mark { time: self.time.checked_sub(overlap).unwrap_or(DateTime::MIN) }
    }

    /// As SQL writes it: `2026-11-28 04:00:00`.
    pub fn sql(self) -> String {
        self.time.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// As a key has it: `2026-11-28T04-00-00`, and `Z` if it is in UTC.
    pub fn in_key(self, is_utc: bool) -> String {
        let time = self.time.strftime("%Y-%m-%dT%H-%M-%S");
        format!("{time}{}", if is_utc { "Z" } else { "" })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_before_the_second_and_the_day_that_are_not_over() {
        let clock = Clock {
            utc: "2026-11-28T22:30:05.75".parse().unwrap(),
            local: "2026-11-29T00:30:05.75".parse().unwrap(),
        };
        let mark = |data_type| clock.mark(data_type).to_string();
        assert_eq!(mark(DataType::TimestampTz), "2026-11-28T22:30:05");
        assert_eq!(mark(DataType::Timestamp), "2026-11-29T00:30:05");
        assert_eq!(mark(DataType::Date), "2026-11-29T00:00:00");
    }

    #[test]
    fn a_mark_is_read_as_it_is_written() {
        let mark = Mark::parse("2026-03-01T00:05:00").unwrap();
        assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        assert_eq!(mark.minus(SignedDuration::from_mins(10)).sql(), "2026-02-28 23:55:00");
        assert_eq!(mark.in_key(true), "2026-03-01T00-05-00Z");
        assert_eq!(mark.minus(SignedDuration::MAX).time, DateTime::MIN);
        assert_eq!(Mark::parse("yesterday"), None);
    }
}
