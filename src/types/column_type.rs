//! What every column type does: it checks a field's text and writes the value for Postgres.

use std::fmt::Debug;

use super::sql_type::SqlType;

/// Why a field is not of its column's type. Never holds the value itself: reasons are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The reason code as `stardrop rejects` shows it, such as `invalid_integer`.
    pub code: &'static str,
    /// What was expected, as in "expected a whole number".
    pub message: String,
}

impl Invalid {
    /// A reason with its code and what was expected instead.
    #[cold]
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Invalid { code, message: message.into() }
    }
}

/// What happens to digits that a column has no place for. By default they reject the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// They are cut, so that a value never moves to the next day.
    Truncate,
    /// The number is rounded to the nearest one, and to the even one of two that are equally near.
    HalfEven,
}

/// Which of two points in time a local time means, where the clocks go back and an hour occurs twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// The one before the clocks go back.
    First,
    /// The one after.
    Second,
}

/// What a contract's column says about how its texts are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeOptions {
    /// strftime patterns, `epoch`, `epoch_ms`, `excel` or `excel_1904`, tried in order. Empty:
    /// ISO 8601.
    pub format: Vec<String>,
    /// The decimal mark, `.` by default.
    pub decimal: char,
    /// What may stand between groups of three digits.
    pub thousands: Option<char>,
    /// Signs that may stand before or after a number.
    pub currency: Vec<String>,
    /// Whether numbers are percentages, with their sign.
    pub percent: bool,
    /// The words for yes, in any case; empty: those that Postgres documents.
    pub true_words: Vec<String>,
    /// The words for no, in any case; empty: those that Postgres documents.
    pub false_words: Vec<String>,
    /// What happens to digits of a second after the sixth, or to digits beyond a number's scale.
    pub round: Option<Round>,
    /// The zone of times without an offset, and of the day that a point in time belongs to; `None`: UTC.
    pub time_zone: Option<String>,
    /// What a time means that occurs twice in `time_zone`; `None`: the row is rejected.
    pub repeated_hour: Option<Repeated>,
    /// The number of digits that a text of fewer digits gets, by zeros before it.
    pub pad_left: Option<usize>,
    /// Whether a `timestamp` may be followed by `Z`, as typed formats write a point in time.
    pub allows_utc: bool,
}

impl Default for TypeOptions {
    fn default() -> Self {
        TypeOptions {
            format: Vec::new(),
            decimal: '.',
            thousands: None,
            currency: Vec::new(),
            percent: false,
            true_words: Vec::new(),
            false_words: Vec::new(),
            round: None,
            time_zone: None,
            repeated_hour: None,
            pad_left: None,
            allows_utc: false,
        }
    }
}

/// One column type of a contract, ready to check and convert texts.
///
/// What a type accepts, every Postgres from 15 on reads as exactly that value, whatever its
/// `DateStyle` or `TimeZone`. ASCII blanks around a text are dropped, except in `text`.
pub trait ColumnType: Debug + Send + Sync {
    /// The Postgres type that holds the values.
    fn sql_type(&self) -> SqlType;

    /// Checks `text`, which is not null, and appends to `out` the canonical text of its value, not
    /// yet escaped for COPY: [`SqlType::needs_copy_escape`] says whether it must be.
    ///
    /// # Errors
    ///
    /// [`Invalid`] where Postgres would refuse the text or change its value; `out` may then hold
    /// a part of it.
    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid>;
}
