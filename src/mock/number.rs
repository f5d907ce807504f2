//! Writes mock numbers with the decimal mark and the percent sign of a contract.

use std::fmt::Write as _;

use super::random::{MockRng, below};
use crate::types::TypeOptions;

/// How the numbers of a column are written, and how many there are.
#[derive(Debug, Clone)]
pub(super) struct Number {
    /// Precision and scale, where the type has them.
    size: Option<(i32, i32)>,
    count: u64,
    mark: char,
    percent: bool,
}

impl Number {
    /// The numbers of a floating-point type: those that six digits can tell apart.
    pub fn float(options: &TypeOptions) -> Number {
        Number { size: None, count: 1_000_000, mark: options.decimal, percent: options.percent }
    }

    /// The numbers of `numeric`, with its precision and scale.
    pub fn exact(size: Option<(i32, i32)>, options: &TypeOptions) -> Number {
        let count = size.map_or(u64::MAX, |(precision, _)| powers_of_ten(precision, 18));
        Number { size, count, mark: options.decimal, percent: options.percent }
    }

    /// Appends a random number.
    pub fn random(&self, random: &mut MockRng, out: &mut String) {
        match self.size {
            None => self.write(below(random, 100_000), 2, out),
            Some((precision, _)) => self.nth(below(random, powers_of_ten(precision, 6)), out),
        }
    }

    /// Appends number `n` in the order of size, from 0.
    pub fn nth(&self, n: u64, out: &mut String) {
        self.write(n % self.count, self.size.map_or(0, |(_, scale)| scale), out);
    }

    /// How many numbers there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Appends `unscaled` divided by ten to the power of `scale`; in percent where the contract
    /// says so, which moves the mark by two digits.
    fn write(&self, unscaled: u64, scale: i32, out: &mut String) {
        let mut plain = String::new();
        let fraction_digits = scale.max(0) as usize;
        // Writing to a String cannot fail.
        let _ = write!(plain, "{unscaled:0width$}", width = fraction_digits + 1);
        if scale < 0 && unscaled > 0 {
            plain.extend((scale..0).map(|_| '0'));
        }
        let (whole, fraction) = plain.split_at(plain.len() - fraction_digits);
        let mut fraction = fraction.chars();
        out.push_str(whole);
        if self.percent {
            out.extend((0..2).map(|_| fraction.next().unwrap_or('0')));
        }
        if !fraction.as_str().is_empty() {
            out.push(self.mark);
            out.push_str(fraction.as_str());
        }
        if self.percent {
            out.push('%');
        }
    }
}

/// Ten to the power of `exponent`, or of `most` if that is less.
fn powers_of_ten(exponent: i32, most: i32) -> u64 {
    10_u64.pow(exponent.clamp(0, most).unsigned_abs())
}
