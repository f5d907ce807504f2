//! Reads points in time that are written as one number, such as seconds since 1970.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};

use super::decimal;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serial {
    /// Seconds since 1970, UTC.
    Epoch,
    /// Milliseconds since 1970, UTC.
    EpochMs,
    /// Days as Excel counts them from 1900, with the 29th of February of that year, which did not
    /// exist.
    Excel,
    /// Days as Excel on old Macs counted them, from 1904.
    Excel1904,
}

const NAMES: [(&str, Serial); 4] = [
    ("epoch", Serial::Epoch),
    ("epoch_ms", Serial::EpochMs),
    ("excel", Serial::Excel),
    ("excel_1904", Serial::Excel1904),
];

const DAY_MS: f64 = 86_400_000.0;
/// The first serial that Excel does not take: 10000-01-01.
const EXCEL_END: f64 = 2_958_466.0;

impl Serial {
    /// The form with this name in a contract's `format`.
    pub fn named(name: &str) -> Option<Serial> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, serial)| *serial)
    }

    /// Whether it counts days, so that it can hold a date alone or a time alone.
    pub(crate) fn counts_days(self) -> bool {
        matches!(self, Serial::Excel | Serial::Excel1904)
    }

    /// Reads a number of the form; days below 1 are a time, with any date. `truncate` cuts digits after
    /// the nanosecond.
    pub fn read(self, text: &str, truncate: bool) -> Option<DateTime> {
        match self {
            Serial::Epoch => epoch(text, 9, truncate),
            Serial::EpochMs => epoch(text, 6, truncate),
            Serial::Excel => {
                let days = excel_days(text)?;
                // Day 60 is the one that did not exist; from there on Excel counts one too many.
                match days.floor() as i64 {
                    60 => None,
                    before if before < 60 => after(date(1899, 12, 31), days),
                    _ => after(date(1899, 12, 30), days),
                }
            }
            Serial::Excel1904 => after(date(1904, 1, 1), excel_days(text)?),
        }
    }
}

/// A count whose unit is ten to the power of `scale` nanoseconds.
fn epoch(text: &str, scale: usize, truncate: bool) -> Option<DateTime> {
    let number = decimal::scan(text.as_bytes(), b'.').filter(|n| n.exponent.is_none())?;
    let fraction = number.fraction;
    let zeros = fraction.iter().rev().take_while(|digit| **digit == b'0').count();
    let is_cut = fraction.len() - zeros > scale;
    if number.whole.len() > 18 || is_cut && !truncate {
        return None;
    }
    let mut nanos: i128 = 0;
    let padded = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(scale);
    for digit in number.whole.iter().copied().chain(padded) {
        nanos = nanos * 10 + i128::from(digit - b'0');
    }
    // A time before 1970 is cut to the earlier one too.
    let nanos = if number.negative { -nanos - i128::from(is_cut) } else { nanos };
    let timestamp = jiff::Timestamp::from_nanosecond(nanos).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(timestamp))
}

fn excel_days(text: &str) -> Option<f64> {
    decimal::scan(text.as_bytes(), b'.').filter(|n| n.exponent.is_none() && !n.negative)?;
    text.parse().ok().filter(|days| *days < EXCEL_END)
}

/// The point in time `days` after `start`, to the millisecond, which is what Excel shows.
fn after(start: Date, days: f64) -> Option<DateTime> {
    let millis = (days * DAY_MS).round() as i64;
    let (days, millis) = (millis / DAY_MS as i64, millis % DAY_MS as i64);
    let day = start.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    let midnight = day.to_datetime(jiff::civil::Time::midnight());
    midnight.checked_add(SignedDuration::from_millis(millis)).ok()
}

#[cfg(test)]
mod tests {
    use crate::types::column_type;
    use crate::types::tests::{accepts_with, formats, refuses_with};

    #[test]
    fn seconds_and_milliseconds_since_1970_are_points_in_time() {
        for kind in ["timestamp", "timestamptz"] {
            let zone = if kind == "timestamp" { "" } else { "+00:00" };
            for (form, text, value) in [
                ("epoch", "1709209805", "2024-02-29 12:30:05"),
                ("epoch", "1709209805.25", "2024-02-29 12:30:05.25"),
                ("epoch", "-1", "1969-12-31 23:59:59"),
                ("epoch", "0", "1970-01-01 00:00:00"),
                ("epoch_ms", "1709209805250", "2024-02-29 12:30:05.25"),
                ("epoch_ms", "1709209805250.000", "2024-02-29 12:30:05.25"),
            ] {
                accepts_with(&formats(&[form]), kind, &[(text, &format!("{value}{zone}"))]);
            }
        }
        let bad = ["", "now", "1e9", "1709209805 s", "999999999999999", "1,5", "--1"];
        refuses_with(&formats(&["epoch"]), "timestamp", "invalid_timestamp", &bad);
        refuses_with(&formats(&["epoch"]), "timestamp", "out_of_scale", &["1.0000001"]);
        for kind in ["date", "time"] {
            assert!(column_type(kind, &formats(&["epoch"])).is_err(), "{kind}");
        }
        assert!(column_type("timestamp", &formats(&["epoch_s"])).is_err());
    }

    #[test]
    fn excels_days_are_dates_times_and_both() {
        let excel = formats(&["excel"]);
        accepts_with(&excel, "date", &[("45351", "2024-02-29"), ("45351.0", "2024-02-29")]);
        accepts_with(
            &excel,
            "date",
            &[("1", "1900-01-01"), ("59", "1900-02-28"), ("61", "1900-03-01")],
        );
        accepts_with(&excel, "date", &[("2958465", "9999-12-31")]);
        refuses_with(
            &excel,
            "date",
            "invalid_date",
            &["0", "60", "45351.5", "2958466", "-1", "4.5e4"],
        );
        refuses_with(&excel, "timestamp", "invalid_timestamp", &["0", "0.5"]);
        let half = [("45351.520891204", "2024-02-29 12:30:05"), ("45351", "2024-02-29 00:00:00")];
        accepts_with(&excel, "timestamp", &half);
        accepts_with(&excel, "time", &[("0.5", "12:00:00"), ("0.520891204", "12:30:05")]);
        let mac = formats(&["excel_1904"]);
        accepts_with(&mac, "date", &[("43889", "2024-02-29"), ("0", "1904-01-01")]);
        // Of several forms the first that fits.
        let both = formats(&["%d/%m/%Y", "excel"]);
        accepts_with(&both, "date", &[("29/02/2024", "2024-02-29"), ("45351", "2024-02-29")]);
    }
}
