//! `date`: reads a day and writes `YYYY-MM-DD`.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::pattern::Patterns;
use super::reading::Kind;
use super::sql_type::SqlType;
use super::{blank, iso};

/// `date`: `YYYY-MM-DD`, or as the column's `format` says.
///
/// Bounds: 0001-01-01 to 9999-12-31, within what Postgres holds (4713 BC to 5874897 AD). A
/// `format` may also read a time, but only midnight is accepted: any other time would be lost. Source: Postgres
/// manual, 8.5 Date/Time Types.
#[derive(Debug)]
struct Date {
    patterns: Patterns,
}

pub(super) fn new(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Date { patterns: Patterns::new(Kind::Date, options)? }))
}

impl ColumnType for Date {
    fn sql_type(&self) -> SqlType {
        SqlType::Date
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let text = text.trim_ascii();
        let written = blank::or_plain(text, out, |text, out| {
            if !self.patterns.is_iso() {
                iso::push_date(self.patterns.read(text)?, out);
                return Ok(());
            }
            match <&[u8; 10]>::try_from(text.as_bytes()) {
                Ok(date) if iso::is_date(date) => {
                    out.extend_from_slice(date);
                    Ok(())
                }
                _ => Err(iso::not_a_date(text.as_bytes())),
            }
        });
        written.map_err(|refusal| {
            self.patterns.invalid(refusal, "invalid_date", "a day as YYYY-MM-DD")
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::types::column_type;
    use crate::types::tests::{accepts, accepts_with, formats, refuses, refuses_with};

    #[test]
    fn dates_are_iso_unless_the_contract_says_otherwise() {
        accepts("date", &[("2024-02-29", "2024-02-29"), (" 0001-01-01 ", "0001-01-01")]);
        accepts("date", &[("9999-12-31", "9999-12-31")]);
        refuses("date", "invalid_date", &["", "2023-02-29", "2024-13-01", "2024-1-1", "20240101"]);
        refuses("date", "invalid_date", &["0000-01-01", "01/02/2024", "2024-01-01T00:00", "today"]);
        refuses("date", "invalid_date", &["10000-01-01", "-001-01-01", "2024-01-01\0", "infinity"]);
    }

    #[test]
    fn patterns_are_tried_in_order() {
        let both = formats(&["%d/%m/%Y", "%m/%d/%Y"]);
        accepts_with(&both, "date", &[("03/04/2024", "2024-04-03"), ("12/31/2024", "2024-12-31")]);
        accepts_with(&both, "date", &[("1/4/2024", "2024-04-01")]);
        refuses_with(&both, "date", "invalid_date", &["2024-04-03", "31/02/2024", "", "1/1/0000"]);
        accepts_with(
            &formats(&["%d.%m.%y"]),
            "date",
            &[("31.12.68", "2068-12-31"), ("1.1.69", "1969-01-01")],
        );
        accepts_with(&formats(&["%d %b %Y"]), "date", &[("5 mar 2024", "2024-03-05")]);
        accepts_with(&formats(&["%Y%m%d"]), "date", &[("20240305", "2024-03-05")]);
    }

    #[test]
    fn a_day_that_no_calendar_has_is_called_that() {
        let reason = |formats: &[&str], text: &str| {
            let column_type = column_type("date", &self::formats(formats)).expect("a known type");
            column_type.encode(text, &mut Vec::new()).expect_err(text).message
        };
        for (forms, text) in [
            (&[][..], "2026-02-31"),
            (&[], "2023-02-29"),
            (&[], "2024-13-01"),
            (&[], "0000-00-00"),
            (&["%d.%m.%Y"], "31.02.2026"),
            (&["%d.%m.%Y"], "29.2.2023"),
            (&["%d/%m/%Y", "%m/%d/%Y"], "31/04/2024"),
            (&["%Y%m%d"], "20240230"),
            (&["%d.%m.%Y"], "32.01.2026"),
            (&["%d.%m.%Y"], "01.13.2026"),
            (&["%d.%m.%Y"], "0.1.2026"),
            (&["%Y-%m-%d"], "2026-13-01"),
            (&["%d/%m/%Y", "%m/%d/%Y"], "13/13/2026"),
            (&["%Y%m%d"], "20241301"),
        ] {
            assert_eq!(reason(forms, text), "not a date of the calendar", "{text}");
        }
        for (forms, text) in [
            (&[][..], "2026-2-31"),
            (&[], "31.02.2026"),
            (&["%d.%m.%Y"], "2026-02-31"),
            (&["%d.%m.%Y"], "32.01.2026 10:00"),
            (&["%d.%m.%Y"], "x.01.2026"),
        ] {
            assert!(
                reason(forms, text).starts_with("expected the form") || forms.is_empty(),
                "{text}"
            );
            assert!(reason(forms, text).starts_with("expected"), "{text}");
        }
        let weekday = reason(&["%a %d.%m.%Y"], "Mon 05.03.2024");
        assert_eq!(weekday, "the weekday is not the one of this date");
        let year = reason(&["%d.%m.%Y"], "01.02.26");
        assert!(year.starts_with("expected the form %d.%m.%Y with all digits"), "{year}");
    }

    #[test]
    fn a_time_of_day_is_not_dropped_from_a_date() {
        let with_time = formats(&["%d/%m/%Y %H:%M"]);
        accepts_with(&with_time, "date", &[("05/03/2024 00:00", "2024-03-05")]);
        refuses_with(&with_time, "date", "invalid_date", &["05/03/2024 00:01"]);
        let column_type = column_type("date", &with_time).expect("a known type");
        let refusal = column_type.encode("05/03/2024 13:30", &mut Vec::new()).expect_err("a time");
        assert!(refusal.message.starts_with("expected midnight"), "{}", refusal.message);
    }

    #[test]
    fn a_pattern_that_gives_no_date_is_an_error_of_the_contract() {
        for bad in
            ["%Y-%m", "%d/%m", "%H:%M", "%K", "%Y-%m-%d %z", "%Y-%m-%d %Q", "plain", "%", "%s"]
        {
            let error = column_type("date", &formats(&[bad])).expect_err(bad);
            assert!(error.contains(bad), "{error}");
        }
    }
}
