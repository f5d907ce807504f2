//! `timestamptz`: reads a point in time and writes it with its offset.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::pattern::Patterns;
use super::reading::{Kind, Reading};
use super::sql_type::SqlType;
use super::{blank, iso};

/// `timestamptz`: `YYYY-MM-DD[ T]HH:MM[:SS[.ffffff]]` and an offset (`Z`, `UTC`, `GMT`, `+02`,
/// `+0200`, `+02:00`), or as the column's `format` says.
///
/// A text without an offset is a local time of the column's `time_zone`, else in UTC, whatever the
/// session's time zone. Bounds: years 0001 to 9999, offsets of less than sixteen hours; other zones by
/// name are refused. Source: Postgres manual, 8.5 Date/Time Types.
#[derive(Debug)]
struct Timestamptz {
    patterns: Patterns,
}

pub(super) fn new(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Timestamptz { patterns: Patterns::new(Kind::Timestamptz, options)? }))
}

const EXPECTED: &str = "a date, time and offset as YYYY-MM-DD HH:MM:SS+00:00";

impl ColumnType for Timestamptz {
    fn sql_type(&self) -> SqlType {
        SqlType::Timestamptz
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let text = text.trim_ascii();
        let written = blank::or_plain(text, out, |text, out| {
            if !self.patterns.is_iso() {
                iso::push_date_time(self.patterns.read(text)?, out);
                out.extend_from_slice(b"+00:00");
                return Ok(());
            }
            let start = out.len();
            match iso::date_time(text.as_bytes(), self.patterns.truncate, out)? {
                [] if self.patterns.has_zone() => {
                    let local = Reading::Local(iso::take_date_time(start, out)?);
                    iso::push_date_time(self.patterns.value(local)?, out);
                    out.extend_from_slice(b"+00:00");
                    Ok(())
                }
                rest => iso::offset(rest, out),
            }
        });
        written.map_err(|refusal| self.patterns.invalid(refusal, "invalid_timestamp", EXPECTED))
    }
}

#[cfg(test)]
mod tests {
    use crate::types::column_type;
    use crate::types::tests::{accepts, accepts_with, formats, refuses, refuses_with};

    #[test]
    fn a_timestamptz_keeps_its_offset_and_is_utc_without() {
        accepts("timestamptz", &[("2024-02-29T12:30:05Z", "2024-02-29 12:30:05+00:00")]);
        accepts("timestamptz", &[("2024-02-29 12:30", "2024-02-29 12:30:00+00:00")]);
        accepts("timestamptz", &[("2024-02-29 12:30:05.5+02", "2024-02-29 12:30:05.5+02:00")]);
        accepts("timestamptz", &[("2024-02-29 12:30-0930", "2024-02-29 12:30:00-09:30")]);
        accepts("timestamptz", &[("2024-02-29 12:30 +15:59", "2024-02-29 12:30:00+15:59")]);
        refuses("timestamptz", "out_of_scale", &["2024-02-29 12:30:05.0000001Z"]);
        let bad = [
            "",
            "2024-02-29",
            "2024-02-29 12:30+16",
            "2024-02-29 12:30+02:60",
            "2024-02-29 12:30*02",
        ];
        refuses("timestamptz", "invalid_timestamp", &bad);
        for suffix in [" UTC", "UTC", " GMT", " +0000 UTC", "+00:00 GMT"] {
            let text = format!("2024-02-29 12:30:05{suffix}");
            accepts("timestamptz", &[(&text, "2024-02-29 12:30:05+00:00")]);
        }
        let bad = [
            "2024-02-29 12:30 CET",
            "2024-02-29 12:30 +0200 UTC",
            "2024-02-29 12:30 UTC+2",
            "2024-02-29 12:30 UTC UTC",
            "2024-02-29 12:30 utc0",
            "UTC",
            "2024-02-29 12:30+2",
            "2024-02-29 12:30:00+02:00:00",
            "2024-02-30 12:30Z",
        ];
        refuses("timestamptz", "invalid_timestamp", &bad);
    }

    #[test]
    fn patterns_of_a_timestamptz_come_out_in_utc() {
        let options = formats(&["%d/%m/%Y %H:%M %z", "%d/%m/%Y %H:%M"]);
        accepts_with(
            &options,
            "timestamptz",
            &[("01/03/2024 01:30 +0200", "2024-02-29 23:30:00+00:00")],
        );
        accepts_with(&options, "timestamptz", &[("01/03/2024 01:30", "2024-03-01 01:30:00+00:00")]);
        for suffix in [" UTC", " GMT", "UTC", "Z", " Z", "z"] {
            let text = &format!("01/03/2024 01:30{suffix}");
            accepts_with(&options, "timestamptz", &[(text, "2024-03-01 01:30:00+00:00")]);
        }
        let mail = formats(&["%a, %d %b %Y %H:%M:%S"]);
        let dated = [("Fri, 01 Mar 2024 01:30:00 GMT", "2024-03-01 01:30:00+00:00")];
        accepts_with(&mail, "timestamptz", &dated);
        let bad = ["01/03/2024 01:30 CET", "01/03/2024 01:30 +0200 UTC", "UTC", ""];
        refuses_with(&options, "timestamptz", "invalid_timestamp", &bad);
        accepts_with(&formats(&["%s"]), "timestamptz", &[("0", "1970-01-01 00:00:00+00:00")]);
        for pattern in ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%:z"] {
            for (suffix, hour) in [
                ("Z", "23"),
                (" Z", "23"),
                ("UTC", "23"),
                ("+0000 UTC", "23"),
                ("+0200", "21"),
                ("+02:00", "21"),
                ("+02", "21"),
            ] {
                let (text, value) = (
                    format!("2024-07-01T23:30:00{suffix}"),
                    format!("2024-07-01 {hour}:30:00+00:00"),
                );
                accepts_with(&formats(&[pattern]), "timestamptz", &[(&text, &value)]);
            }
            let bad = ["2024-07-01T23:30:00", "2024-07-01T23:30:00+2", "2024-07-01T23:30:00+0200Z"];
            refuses_with(&formats(&[pattern]), "timestamptz", "invalid_timestamp", &bad);
        }
        refuses_with(&formats(&["excel"]), "timestamptz", "invalid_timestamp", &["45474 UTC"]);
        let zone = formats(&["%Y-%m-%d %H:%M %:z"]);
        refuses_with(
            &zone,
            "timestamptz",
            "invalid_timestamp",
            &["0001-01-01 00:30 +02:00", "2024-01-01 00:30"],
        );
        assert!(column_type("timestamptz", &formats(&["%Y-%m-%d %H:%M %Q"])).is_err());
        assert!(column_type("timestamptz", &formats(&["%Y-%m-%d %H:%M %Z"])).is_err());
    }
}
