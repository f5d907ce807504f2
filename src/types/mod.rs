//! Types: the text of one field in, what Postgres is to read out, or the reason why not.
//! Knows nothing of files, rows or the database.
//!
//! A new column type is one file here and one line in `REGISTRY`.
//!
//! What a type accepts, every Postgres from 15 on reads as exactly that value, whatever its
//! `DateStyle` or `TimeZone`. ASCII blanks around a text are dropped, except in `text`.

use std::fmt::Debug;
use std::sync::Arc;

use rand::Rng as _;

mod amount;
mod boolean;
mod date;
mod decimal;
mod float;
mod inet;
mod integer;
mod iso;
mod json;
mod numeric;
mod pattern;
mod serial;
mod spec;
mod sql_type;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod timestamp;
mod timestamptz;
mod uuid;

pub use sql_type::SqlType;

use spec::Extra::{self, Arguments, Decimal, Format, Percent, Words};

/// Makes a type from the numbers in its parentheses and the column's options.
type Constructor = fn(&[i32], &TypeOptions) -> Result<Arc<dyn ColumnType>, String>;

/// Every type that a contract can name, and what it takes besides its name.
static REGISTRY: &[(&str, &[Extra], Constructor)] = &[
    ("text", &[], text::new),
    ("boolean", &[Words], boolean::new),
    ("smallint", &[Decimal], integer::smallint),
    ("integer", &[Decimal], integer::integer),
    ("bigint", &[Decimal], integer::bigint),
    ("real", &[Decimal, Percent], float::real),
    ("double", &[Decimal, Percent], float::double),
    ("numeric", &[Arguments, Decimal, Percent], numeric::new),
    ("date", &[Format], date::new),
    ("time", &[Format], time::new),
    ("timestamp", &[Format], timestamp::new),
    ("timestamptz", &[Format], timestamptz::new),
    ("uuid", &[], uuid::new),
    ("json", &[], json::new),
    ("inet", &[], inet::new),
];

/// The names of all types, as the contract spells them.
pub fn type_names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|(name, ..)| *name)
}

/// The type that a contract's text such as `numeric(12,2)` names.
///
/// # Errors
///
/// A sentence for the contract's author: an unknown type (with the closest known one), numbers in
/// parentheses that do not fit, an option the type does not take, a bad `format` pattern.
pub fn column_type(spec: &str, options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    let (name, arguments) = spec::parse(spec)?;
    let Some((name, extras, construct)) = REGISTRY.iter().find(|(known, ..)| *known == name) else {
        return Err(spec::unknown(&name));
    };
    spec::check(name, extras, &arguments, options)?;
    amount::wrap(construct(&arguments, options)?, options)
}

/// Why a field is not of its column's type. Never holds the value itself: reasons are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The reason code as `stardrop rejects` shows it, such as `invalid_integer`.
    pub code: &'static str,
    /// What was expected, as in "expected a whole number".
    pub message: String,
}

impl Invalid {
    /// A refusal with its code and what was expected instead.
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
    /// The words for yes and no, in any case; empty: those that Postgres documents.
    pub true_words: Vec<String>,
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

/// The random numbers of mock data: the same on every platform for the same seed.
pub type MockRng = rand::rngs::Xoshiro256PlusPlus;

/// A random number from 0 to below `end`, or 0 where `end` is 0.
pub(crate) fn below(random: &mut MockRng, end: u64) -> u64 {
    ((u128::from(random.next_u64()) * u128::from(end)) >> 64) as u64
}

/// One column type of the contract, ready to check and convert texts.
pub trait ColumnType: Debug + Send + Sync {
    /// The Postgres type that holds the values.
    fn sql_type(&self) -> SqlType;

    /// Checks `text`, which is not null, and appends to `out` what Postgres is to read: canonical
    /// text of the type, not yet escaped for COPY.
    ///
    /// # Errors
    ///
    /// [`Invalid`] where Postgres would refuse the text or change its value; `out` may then hold
    /// a part of it.
    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid>;

    /// Appends a random text that [`ColumnType::encode`] accepts, as a file would write it.
    fn mock(&self, random: &mut MockRng, out: &mut String);

    /// Appends the text of place `n` in a growing sequence of distinct values, which starts again
    /// where the type (or its `format`) can tell no more of them apart.
    fn mock_nth(&self, n: u64, out: &mut String);

    /// After how many places [`ColumnType::mock_nth`] starts again.
    fn mock_places(&self) -> u64 {
        u64::MAX
    }

    /// How many neighbours in [`ColumnType::mock_nth`] count as near each other: those of thirty
    /// days where the type is a date or a time with one.
    fn mock_span(&self) -> u64 {
        1_000
    }

    /// Where the days since 2000-01-01 lie in [`ColumnType::mock_nth`]: the first place of `day`,
    /// and how many it has. `None` where the type holds no date.
    fn mock_day(&self, _day: u64) -> Option<(u64, u64)> {
        None
    }
}
