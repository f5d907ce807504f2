//! `timestamp`: reads a date and time without a zone and writes `YYYY-MM-DD HH:MM:SS[.ffffff]`.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::pattern::Patterns;
use super::reading::{Kind, Reading};
use super::refusal::Refusal;
use super::sql_type::SqlType;
use super::{blank, iso};

/// `timestamp`: `YYYY-MM-DD[ T]HH:MM[:SS[.ffffff]]`, or as the column's `format` says.
///
/// Bounds: years 0001 to 9999, within what Postgres holds (4713 BC to 294276 AD). An offset is
/// refused, because Postgres would drop it: use `timestamptz`. A `format` without a time means
/// midnight. A point in time (`epoch`) becomes the local time of the column's `time_zone`. Source:
/// Postgres manual, 8.5 Date/Time Types.
#[derive(Debug)]
struct Timestamp {
    patterns: Patterns,
    allows_utc: bool,
}

pub(super) fn new(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    let patterns = Patterns::new(Kind::Timestamp, options)?;
    Ok(Arc::new(Timestamp { patterns, allows_utc: options.allows_utc }))
}

const EXPECTED: &str = "a date and time as YYYY-MM-DD HH:MM:SS";

impl ColumnType for Timestamp {
    fn sql_type(&self) -> SqlType {
        SqlType::Timestamp
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let text = text.trim_ascii();
        let written = blank::or_plain(text, out, |text, out| {
            if !self.patterns.is_iso() {
                iso::push_date_time(self.patterns.read(text)?, out);
                return Ok(());
            }
            let start = out.len();
            match iso::date_time(text.as_bytes(), self.patterns.truncate, out)? {
                [] => Ok(()),
                b"Z" if self.allows_utc && !self.patterns.has_zone() => Ok(()),
                b"Z" if self.allows_utc => {
                    let utc = Reading::Utc(iso::take_date_time(start, out)?);
                    iso::push_date_time(self.patterns.value(utc)?, out);
                    Ok(())
                }
                _ => Err(Refusal::Form),
            }
        });
        written.map_err(|refusal| self.patterns.invalid(refusal, "invalid_timestamp", EXPECTED))
    }
}

#[cfg(test)]
mod tests {
    use crate::types::tests::{accepts, accepts_with, encoded, formats, refuses, refuses_with};
    use crate::types::{Round, TypeOptions, column_type};
    use proptest::prelude::*;

    #[test]
    fn timestamps_are_iso_unless_the_contract_says_otherwise() {
        accepts("timestamp", &[("2024-02-29 12:30", "2024-02-29 12:30:00")]);
        accepts("timestamp", &[("2024-02-29T12:30:05.120", "2024-02-29 12:30:05.12")]);
        refuses("timestamp", "out_of_scale", &["2024-02-29 12:30:05.0000001"]);
        let bad = ["", "2024-02-29", "2024-02-30 12:30", "2024-02-29 24:00", "2024-02-29  12:30"];
        refuses("timestamp", "invalid_timestamp", &bad);
        let bad =
            ["2024-02-29 12:30Z", "2024-02-29T12:30+02:00", "now", "1709209800", "2024-02-29 12"];
        refuses("timestamp", "invalid_timestamp", &bad);
    }

    #[test]
    fn a_timestamp_may_have_patterns() {
        let options = formats(&["%d/%m/%Y %H:%M", "%d/%m/%Y"]);
        accepts_with(&options, "timestamp", &[("01/12/2010 8:26", "2010-12-01 08:26:00")]);
        accepts_with(&options, "timestamp", &[("01/12/2010", "2010-12-01 00:00:00")]);
        refuses_with(
            &options,
            "timestamp",
            "invalid_timestamp",
            &["12/31/2010 8:26", "2010-12-01"],
        );
        accepts_with(&formats(&["%s"]), "timestamp", &[("1709209805", "2024-02-29 12:30:05")]);
        let leap = formats(&["%Y-%m-%d %H:%M:%S"]);
        refuses_with(
            &leap,
            "timestamp",
            "invalid_timestamp",
            &["2016-12-31 23:59:60", "1960-12-31 23:59:60"],
        );
        accepts_with(&leap, "timestamp", &[("1960-12-31 23:59:59", "1960-12-31 23:59:59")]);
        for bad in ["%H:%M", "%Y-%m-%d %I:%M", "%Y-%m-%d %H:%M %z", "%c", "%Y-%m-%d %M"] {
            assert!(column_type("timestamp", &formats(&[bad])).is_err(), "{bad}");
        }
    }

    #[test]
    fn digits_after_the_sixth_of_a_second_are_cut_where_the_contract_says_so() {
        let cut =
            |patterns: &[&str]| TypeOptions { round: Some(Round::Truncate), ..formats(patterns) };
        let cases = [
            ("2024-02-29 12:30:05.1234567", "2024-02-29 12:30:05.123456"),
            ("2024-12-31 23:59:59.9999999", "2024-12-31 23:59:59.999999"),
            ("2024-12-31 23:59:59.999999999", "2024-12-31 23:59:59.999999"),
            ("2024-02-29 12:30:05.0000001", "2024-02-29 12:30:05"),
            ("2024-02-29 12:30:05.1200009", "2024-02-29 12:30:05.12"),
        ];
        accepts_with(&cut(&[]), "timestamp", &cases);
        accepts_with(&cut(&["%Y-%m-%d %H:%M:%S%.f"]), "timestamp", &cases);
        let long = [("2024-12-31 23:59:59.999999999999999", "2024-12-31 23:59:59.999999")];
        accepts_with(&cut(&[]), "timestamp", &long);
        for (text, value) in [
            ("1709209805.1234567", "2024-02-29 12:30:05.123456"),
            ("1709209805.1234567899", "2024-02-29 12:30:05.123456"),
            ("-0.0000001", "1969-12-31 23:59:59.999999"),
            ("-0.0000000001", "1969-12-31 23:59:59.999999"),
        ] {
            accepts_with(&cut(&["epoch"]), "timestamp", &[(text, value)]);
        }
        accepts_with(&cut(&[]), "time", &[("23:59:59.9999999", "23:59:59.999999")]);
        let ours = [("2024-02-29 12:30:05.1234567Z", "2024-02-29 12:30:05.123456+00:00")];
        accepts_with(&cut(&[]), "timestamptz", &ours);
        for kind in ["date", "integer", "text", "double", "numeric"] {
            assert!(column_type(kind, &cut(&[])).is_err(), "{kind}");
        }
    }

    proptest! {
        #[test]
        fn the_hand_written_reader_agrees_with_patterns(
            y in 0..=10_000_i32, m in 0..=13_u8, d in 0..=32_u8, h in 0..=25_u8, s in 0..=61_u8, f in 0..=9_999_999_u32,
        ) {
            let text = format!("{y:04}-{m:02}-{d:02} {h:02}:30:{s:02}.{f:07}");
            let by_pattern = crate::types::tests::encoded_with(&formats(&["%Y-%m-%d %H:%M:%S%.f"]), "timestamp", &text);
            let by_hand = encoded("timestamp", &text);
            prop_assert_eq!(by_hand.as_ref().ok(), by_pattern.as_ref().ok());
        }
    }
}
