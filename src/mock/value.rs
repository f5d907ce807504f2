//! Value: a column and random numbers in, the text of one field out.

use std::fmt::Write as _;

use rand::SeedableRng as _;

use super::MockColumn;
use super::numbers::Numbers;
use super::words::Words;
use crate::types::{MockRng, below};

/// Of values that may be missing, one in so many is.
const ONE_MISSING_IN: u64 = 50;

/// A column with what its values are made from.
#[derive(Debug)]
pub(super) struct Column {
    pub mock: MockColumn,
    pub words: Option<Words>,
    pub numbers: Option<Numbers>,
    /// For codes such as `C000042`; texts only.
    pub prefix: Option<char>,
    /// Whether a `Line` column counts within this one.
    pub has_lines: bool,
    pub may_miss: bool,
    /// How many places a `Near` column has.
    pub span: u64,
    /// The first place of a `Unique` or `Near` column.
    pub start: u64,
    pub value: String,
}

/// A number that differs with each of its parts.
pub(super) fn mix(parts: [u64; 3]) -> u64 {
    parts.iter().fold(0, |hash: u64, part| {
        // The finaliser of SplitMix64.
        let mut z = (hash ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// FNV-1a, 64 bits.
pub(super) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Column {
    /// Draws whether a value is missing.
    pub fn is_missing(&self, random: &mut MockRng) -> bool {
        self.may_miss && below(random, ONE_MISSING_IN) == 0
    }

    /// Writes a value with nothing to hold on to but `random`.
    pub fn write_free(&mut self, random: &mut MockRng) {
        if self.is_missing(random) {
            return;
        }
        let column_type = &*self.mock.column_type;
        match (self.words, self.numbers, self.prefix) {
            (Some(words), ..) => words.write(random, None, &mut self.value),
            (None, Some(numbers), _) => numbers.write(random, column_type, &mut self.value),
            (None, None, Some(prefix)) => self.write_code(prefix, below(random, 1_000_000)),
            (None, None, None) => column_type.mock(random, &mut self.value),
        }
    }

    /// Writes the value of a place, which no other place has.
    pub fn write_place(&mut self, place: u64, seed: u64) {
        match (self.words, self.prefix) {
            (Some(words), _) => {
                let mut random = MockRng::seed_from_u64(seed);
                words.write(&mut random, Some(place), &mut self.value);
            }
            (None, Some(prefix)) => self.write_code(prefix, place),
            (None, None) => self.mock.column_type.mock_nth(place, &mut self.value),
        }
    }

    fn write_code(&mut self, prefix: char, number: u64) {
        let _ = write!(self.value, "{prefix}{number:08}");
    }
}
