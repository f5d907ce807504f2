//! Why a date or time is refused, and the sentence that says so.

use super::column_type::Invalid;

/// Why a text is refused; the type adds what it expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The text has another form, or the time does not exist.
    Form,
    /// The text has the form of a date, and the calendar does not have it.
    Calendar,
    /// The weekday is not the one that the date has.
    Weekday,
    /// A number of the text has fewer digits than the pattern says.
    Digits,
    /// A day comes with a time other than midnight, which a date would lose.
    TimeOfDay,
    /// More than the six digits of a second that Postgres keeps.
    Precision,
    /// The clocks of the column's time zone skip this time.
    Skipped,
    /// The time occurs twice in the column's time zone.
    Repeated,
}

impl Refusal {
    /// Whether another pattern may read the text.
    pub(super) fn is_of_the_form(self) -> bool {
        match self {
            Refusal::Form
            | Refusal::Calendar
            | Refusal::Weekday
            | Refusal::Digits
            | Refusal::TimeOfDay => true,
            Refusal::Precision | Refusal::Skipped | Refusal::Repeated => false,
        }
    }

    /// The reason with the type's `code`, what it `expected` and the name of the column's time zone.
    #[cold]
    pub fn invalid(self, code: &'static str, expected: &str, zone: &str) -> Invalid {
        match self {
            Refusal::Form => Invalid::new(code, format!("expected {expected}")),
            Refusal::Calendar => Invalid::new(code, "not a date of the calendar"),
            Refusal::Weekday => Invalid::new(code, "the weekday is not the one of this date"),
            Refusal::Digits => Invalid::new(
                code,
                format!("expected {expected} with all digits: %Y has four, %y and others have two"),
            ),
            Refusal::TimeOfDay => Invalid::new(
                code,
                "expected midnight: a date cannot hold a time of day, type = \"timestamp\" can",
            ),
            Refusal::Precision => Invalid::new(
                "out_of_scale",
                "expected at most 6 digits of a second; round = \"truncate\" cuts the others",
            ),
            Refusal::Skipped => Invalid::new(
                code,
                format!("this time does not exist in {zone}, where the clocks skip it"),
            ),
            Refusal::Repeated => Invalid::new(
                code,
                format!(
                    "this time occurs twice in {zone}, where the clocks go back: give the offset, \
                     or set repeated_hour to \"first\" or \"second\""
                ),
            ),
        }
    }
}
