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
