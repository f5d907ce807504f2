//! `timestamptz`: reads a point in time and writes it with its offset.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::iso;
use super::pattern::{self, Kind, Patterns};
use super::sql_type::SqlType;

/// `timestamptz`: `YYYY-MM-DD[ T]HH:MM[:SS[.ffffff]]` and an offset (`Z`, `+02`, `+0200`,
/// `+02:00`), or as the column's `format` says.
///
/// A text without an offset is in UTC, whatever the session's time zone. Bounds: years 0001 to
/// 9999, offsets of less than sixteen hours; zones by name are refused, because two versions of
/// the zone database may disagree. Source: Postgres manual, 8.5 Date/Time Types.
#[derive(Debug)]
struct Timestamptz {
    patterns: Patterns,
}

pub(super) fn new(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Timestamptz { patterns: Patterns::new(Kind::Timestamptz, &options.format)? }))
}

const EXPECTED: &str = "a date, time and offset as YYYY-MM-DD HH:MM:SS+00:00";

impl ColumnType for Timestamptz {
    fn sql_type(&self) -> SqlType {
        SqlType::Timestamptz
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let text = text.trim_ascii();
        let invalid = |refusal| self.patterns.invalid(refusal, "invalid_timestamp", EXPECTED);
        if !self.patterns.is_iso() {
            let value = self.patterns.read(text).map_err(invalid)?;
            pattern::push_date(value, out);
            out.push(b' ');
            pattern::push_time(value, out);
            out.extend_from_slice(b"+00:00");
            return Ok(());
        }
        iso::date_time(text.as_bytes(), out)
            .and_then(|rest| iso::offset(rest, out))
            .map_err(invalid)
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
        let bad = [
            "2024-02-29 12:30 UTC",
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
        accepts_with(&formats(&["%s"]), "timestamptz", &[("0", "1970-01-01 00:00:00+00:00")]);
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
