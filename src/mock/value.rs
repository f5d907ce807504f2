//! Writes mock values of a Postgres type as a file would hold them: random ones, or the n-th of a
//! growing sequence.

use std::fmt::Write as _;

use super::date_time::DateTimes;
use super::number::Number;
use super::random::{MockRng, below};
use crate::types::{SqlType, TypeOptions};

/// The mock values of a column: texts that its type accepts with the options of its contract.
#[derive(Debug, Clone)]
pub struct MockValues {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Text,
    Json,
    Boolean {
        yes: String,
        no: String,
    },
    /// Whole numbers from 1 to the type's largest.
    Integer {
        max: u64,
    },
    Number(Number),
    DateTime(DateTimes),
    Uuid,
    Inet,
    /// Addresses of the public internet, which a database of places may know.
    PublicInet,
}

/// How many addresses a network such as 10.0.0.0/8 has, which is a private one.
const ADDRESSES: u64 = 1 << 24;
/// How many values count as near each other, where the type has no date.
const NEAR: u64 = 1_000;

const SYLLABLES: [&str; 16] = [
    "ba", "do", "fi", "gu", "ka", "le", "mi", "no", "pa", "ra", "se", "ti", "ru", "va", "wo", "zu",
];

impl MockValues {
    /// The values of a column of type `sql_type` with these options.
    pub fn new(sql_type: SqlType, options: &TypeOptions) -> MockValues {
        let word = |words: &[String], usual: &str| {
            words.first().map_or(usual.to_owned(), |word| word.trim().to_lowercase())
        };
        let kind = match sql_type {
            SqlType::Text => Kind::Text,
            SqlType::Jsonb => Kind::Json,
            SqlType::Boolean => Kind::Boolean {
                yes: word(&options.true_words, "true"),
                no: word(&options.false_words, "false"),
            },
            SqlType::Smallint => Kind::Integer { max: i16::MAX as u64 },
            SqlType::Integer => Kind::Integer { max: i32::MAX as u64 },
            SqlType::Bigint => Kind::Integer { max: i64::MAX as u64 },
            SqlType::Real | SqlType::Double => Kind::Number(Number::float(options)),
            SqlType::Numeric(size) => Kind::Number(Number::exact(size, options)),
            SqlType::Date | SqlType::Time | SqlType::Timestamp | SqlType::Timestamptz => {
                Kind::DateTime(DateTimes::new(sql_type, options))
            }
            SqlType::Uuid => Kind::Uuid,
            SqlType::Inet => Kind::Inet,
        };
        MockValues { kind }
    }

    /// Addresses of the public internet, far from each other.
    pub fn public_addresses() -> MockValues {
        MockValues { kind: Kind::PublicInet }
    }

    /// Appends a random value.
    pub fn random(&self, random: &mut MockRng, out: &mut String) {
        match &self.kind {
            Kind::Text => {
                for _ in 0..2 + below(random, 3) {
                    let syllable = SYLLABLES.get(below(random, 16) as usize);
                    out.push_str(syllable.copied().unwrap_or_default());
                }
            }
            Kind::Json | Kind::Integer { .. } => self.nth(below(random, 1_000), out),
            Kind::Boolean { .. } => self.nth(below(random, 2), out),
            Kind::Number(number) => number.random(random, out),
            Kind::DateTime(times) => times.random(random, out),
            Kind::Uuid => random_uuid(random, out),
            Kind::Inet | Kind::PublicInet => self.nth(below(random, ADDRESSES), out),
        }
    }

    /// Appends value `n`, counted from 0, of a growing sequence of distinct values. It starts again
    /// after [`MockValues::count`] of them.
    pub fn nth(&self, n: u64, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = match &self.kind {
            Kind::Text => write!(out, "{n:08}"),
            Kind::Json => write!(out, "{{\"id\": {n}, \"tags\": [\"a\", \"b\"]}}"),
            Kind::Boolean { yes, no } => out.write_str(if n.is_multiple_of(2) { no } else { yes }),
            Kind::Integer { max } => write!(out, "{}", n % max + 1),
            Kind::Number(number) => return number.nth(n, out),
            Kind::DateTime(times) => return times.nth(n, out),
            // Version 7 puts the time first, so such keys grow; here `n` takes its place.
            Kind::Uuid => {
                let (high, low) = (n >> 16 & 0xffff_ffff, n & 0xffff);
                write!(out, "{high:08x}-{low:04x}-7000-8000-000000000000")
            }
            Kind::Inet => {
                let [.., a, b, c] = n.to_be_bytes();
                write!(out, "10.{a}.{b}.{c}")
            }
            // From 11.0.0.0 to 74.255.255.255 nothing is set aside for other uses.
            Kind::PublicInet => {
                let [.., a, b, c] = n.to_be_bytes();
                write!(out, "{}.{a}.{b}.{c}", 11 + c % 64)
            }
        };
    }

    /// How many distinct values [`MockValues::nth`] gives before it starts again.
    pub fn count(&self) -> u64 {
        match &self.kind {
            Kind::Text | Kind::Json => u64::MAX,
            Kind::Boolean { .. } => 2,
            Kind::Integer { max } => *max,
            Kind::Number(number) => number.count(),
            Kind::DateTime(times) => times.count(),
            Kind::Uuid => 1 << 48,
            Kind::Inet | Kind::PublicInet => ADDRESSES,
        }
    }

    /// How many neighbours in the sequence count as near each other: those of thirty days where
    /// values have a date.
    pub(super) fn near_count(&self) -> u64 {
        match &self.kind {
            Kind::DateTime(times) => times.near_count().unwrap_or(NEAR),
            _ => NEAR,
        }
    }

    /// The first value in the sequence on the day that is `day` days after 2000-01-01, and the
    /// number of values on it. `None` where values have no date.
    pub(super) fn on_day(&self, day: u64) -> Option<(u64, u64)> {
        match &self.kind {
            Kind::DateTime(times) => times.on_day(day),
            _ => None,
        }
    }
}

/// Version 4, variant 1, as RFC 9562 describes it.
fn random_uuid(random: &mut MockRng, out: &mut String) {
    for index in 0..32 {
        if matches!(index, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        let digit = match index {
            12 => 4,
            16 => 8 + below(random, 4),
            _ => below(random, 16),
        };
        let _ = write!(out, "{digit:x}");
    }
}
