//! `time`: reads a time of day and writes `HH:MM:SS[.ffffff]`.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::pattern::Patterns;
use super::reading::Kind;
use super::refusal::Refusal;
use super::sql_type::SqlType;
use super::{blank, iso};

/// `time`: `HH:MM[:SS[.ffffff]]`, or as the column's `format` says.
///
/// Bounds: 00:00 to 23:59:59.999999; `24:00` and leap seconds, which Postgres accepts, are refused,
/// and so are more than six digits of a second, unless the rest are zeros or `round` cuts them. Source:
/// Postgres manual, 8.5 Date/Time Types.
#[derive(Debug)]
struct Time {
    patterns: Patterns,
}

pub(super) fn new(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Time { patterns: Patterns::new(Kind::Time, options)? }))
}

impl ColumnType for Time {
    fn sql_type(&self) -> SqlType {
        SqlType::Time
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let text = text.trim_ascii();
        let written = blank::or_plain(text, out, |text, out| {
            if !self.patterns.is_iso() {
                iso::push_time(self.patterns.read(text)?, out);
                return Ok(());
            }
            match iso::time(text.as_bytes(), self.patterns.truncate, out)? {
                [] => Ok(()),
                _ => Err(Refusal::Form),
            }
        });
        written
            .map_err(|refusal| self.patterns.invalid(refusal, "invalid_time", "a time as HH:MM:SS"))
    }
}

#[cfg(test)]
mod tests {
    use crate::types::column_type;
    use crate::types::tests::{accepts, accepts_with, formats, refuses, refuses_with};

    #[test]
    fn times_are_iso_unless_the_contract_says_otherwise() {
        accepts("time", &[("00:00", "00:00:00"), ("23:59:59.999999", "23:59:59.999999")]);
        accepts("time", &[(" 12:30:05 ", "12:30:05"), ("12:30:05.500", "12:30:05.5")]);
        accepts(
            "time",
            &[("12:30:05.000000000", "12:30:05"), ("12:30:05.1234560", "12:30:05.123456")],
        );
        refuses("time", "out_of_scale", &["12:30:05.1234567"]);
        let bad = ["", "24:00", "12:60", "12:30:60", "1:30", "12", "12:30:", "12:30:05.", "12:30Z"];
        refuses("time", "invalid_time", &bad);
        refuses("time", "invalid_time", &["12:30 PM", "12:30:5", "12:3O", "12:30\0", "-1:30"]);
    }

    #[test]
    fn a_time_may_have_patterns() {
        let twelve = formats(&["%I:%M %p"]);
        accepts_with(&twelve, "time", &[("12:05 am", "00:05:00"), ("1:30 PM", "13:30:00")]);
        refuses_with(&twelve, "time", "invalid_time", &["13:30 PM", "13:30"]);
        accepts_with(&formats(&["%H.%M.%S%.f"]), "time", &[("07.08.09.25", "07:08:09.25")]);
        refuses_with(&formats(&["%T%.f"]), "time", "out_of_scale", &["07:08:09.1234567"]);
        refuses_with(&formats(&["%T"]), "time", "invalid_time", &["23:59:60", "23:60:59"]);
        for bad in ["%I:%M", "%M:%S", "%Y %H:%M", "%H:%M %z"] {
            assert!(column_type("time", &formats(&[bad])).is_err(), "{bad}");
        }
    }
}
