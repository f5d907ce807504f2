//! Writes the values of one column, row by row: a description and random numbers in, texts out.

use std::fmt::Write as _;

use rand::SeedableRng as _;

use super::column::MockColumn;
use super::random::{MockRng, below};
use super::ranges::Range;
use super::words::Words;

/// Of the values that may be missing, one in this number is.
const ONE_MISSING_IN: u64 = 50;

/// A column with what its values are made from.
#[derive(Debug)]
pub(super) struct ColumnWriter {
    pub mock: MockColumn,
    pub words: Option<Words>,
    pub range: Option<Range>,
    /// For codes such as `C000042`; texts only.
    pub prefix: Option<char>,
    /// Whether a `Line` column counts within this one.
    pub has_lines: bool,
    pub may_miss: bool,
    /// How many distinct values a `Near` column has.
    pub near_count: u64,
    /// The first value of a `Unique` or `Near` column, counted in the type's sequence.
    pub start: u64,
    /// The value of the current row.
    pub value: String,
}

impl ColumnWriter {
    /// Draws whether a value is missing.
    pub(crate) fn is_missing(&self, random: &mut MockRng) -> bool {
        self.may_miss && below(random, ONE_MISSING_IN) == 0
    }

    /// Writes a value that depends on `random` only.
    pub(crate) fn write_free(&mut self, random: &mut MockRng) {
        if self.is_missing(random) {
            return;
        }
        match (self.words, self.range, self.prefix) {
            (Some(words), ..) => words.write(random, None, &mut self.value),
            (None, Some(range), _) => range.write(random, &self.mock.values, &mut self.value),
            (None, None, Some(prefix)) => self.write_code(prefix, below(random, 1_000_000)),
            (None, None, None) => self.mock.values.random(random, &mut self.value),
        }
    }

    /// Writes value `n` of the column, which differs from that of any other `n`.
    pub(crate) fn write_nth(&mut self, n: u64, seed: u64) {
        match (self.words, self.prefix) {
            (Some(words), _) => {
                let mut random = MockRng::seed_from_u64(seed);
                words.write(&mut random, Some(n), &mut self.value);
            }
            (None, Some(prefix)) => self.write_code(prefix, n),
            (None, None) => self.mock.values.nth(n, &mut self.value),
        }
    }

    fn write_code(&mut self, prefix: char, number: u64) {
        let _ = write!(self.value, "{prefix}{number:08}");
    }
}
