//! `real` and `double`: read a number and write the same, if Postgres can hold it.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::decimal;
use super::sign;
use super::sql_type::SqlType;

/// `real` (about 1e-37 to 1e37, six digits) and `double` (SQL `double precision`, about 1e-307 to
/// 1e308, fifteen digits).
///
/// Bounds: `NaN`, `inf` and `infinity` are accepted in upper or lower case and with a sign; a number
/// that would overflow to infinity or underflow to zero is refused, as in Postgres; more digits than
/// fit are rounded to the nearest value, as usual for these types. Source: Postgres manual, 8.1.3
/// Floating-Point Types.
#[derive(Debug)]
struct Float {
    single: bool,
    mark: u8,
}

/// `real`, four bytes.
pub(super) fn real(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Float { single: true, mark: mark(options) }))
}

/// `double`, eight bytes.
pub(super) fn double(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Float { single: false, mark: mark(options) }))
}

fn mark(options: &TypeOptions) -> u8 {
    if options.decimal == ',' { b',' } else { b'.' }
}

/// Without an exponent, a number of this many characters neither overflows nor underflows in either
/// type.
const SURE_LENGTH: usize = 30;

impl Float {
    fn special(&self, text: &[u8]) -> Option<&'static [u8]> {
        let (negative, word) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        if word.eq_ignore_ascii_case(b"nan") {
            return Some(b"NaN");
        }
        let infinite = word.eq_ignore_ascii_case(b"inf") || word.eq_ignore_ascii_case(b"infinity");
        infinite.then_some(if negative { b"-Infinity" } else { b"Infinity" })
    }

    /// Whether the type holds the number of this text: as a finite value, and as zero only where it
    /// is zero.
    fn holds(&self, text: &[u8], zero: bool) -> bool {
        let Ok(text) = std::str::from_utf8(text) else { return false };
        let value =
            if self.single { text.parse::<f32>().map(f64::from) } else { text.parse::<f64>() };
        value.is_ok_and(|value| value.is_finite() && (zero || value != 0.0))
    }
}

impl ColumnType for Float {
    fn sql_type(&self) -> SqlType {
        if self.single { SqlType::Real } else { SqlType::Double }
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let bytes = text.as_bytes().trim_ascii();
        let Some(number) = decimal::scan(bytes, self.mark) else {
            if let Some(special) = self.special(bytes) {
                out.extend_from_slice(special);
                return Ok(());
            }
            let respelled = sign::respelled(text)
                .ok_or_else(|| Invalid::new("invalid_number", "expected a number"))?;
            return self.encode(&respelled, out);
        };
        let start = out.len();
        out.extend_from_slice(bytes);
        let written = out.get_mut(start..).unwrap_or_default();
        if self.mark != b'.'
            && let Some(mark) = written.iter_mut().find(|byte| **byte == self.mark)
        {
            *mark = b'.';
        }
        let sure = number.exponent.is_none() && bytes.len() <= SURE_LENGTH;
        if !sure && !self.holds(written, number.leading_zeros().is_none()) {
            let message = format!("expected a number within the range of {}", self.sql_type());
            return Err(Invalid::new("out_of_range", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::tests::{accepts, accepts_with, encoded, refuses};
    use proptest::prelude::*;

    #[test]
    fn floats_are_what_postgres_reads() {
        accepts(
            "double",
            &[("1", "1"), (" -1.5 ", "-1.5"), ("+.5", "+.5"), ("5.", "5."), ("1e3", "1e3")],
        );
        accepts("double", &[("nan", "NaN"), ("-INF", "-Infinity"), ("+infinity", "Infinity")]);
        accepts(
            "double",
            &[("1.7976931348623157e308", "1.7976931348623157e308"), ("5e-324", "5e-324")],
        );
        accepts(
            "real",
            &[("3.4028234e38", "3.4028234e38"), ("1e-45", "1e-45"), ("0e-999", "0e-999")],
        );
        let comma = TypeOptions { decimal: ',', ..Default::default() };
        accepts_with(&comma, "real", &[("1234,5", "1234.5"), ("-,5e1", "-.5e1"), ("7", "7")]);
        refuses("double", "out_of_range", &["1e309", "-1.8e308", "1e-400"]);
        refuses("real", "out_of_range", &["1e39", "3.5e38", "1e-46", "-1e-60"]);
        refuses("real", "out_of_range", &["100000000000000000000000000000000000000000"]);
        let bad =
            ["", ".", "1,5", "0x1p3", "1_000", "infinit", "nan(1)", "1e", "1 2", "1\0", "--1"];
        refuses("double", "invalid_number", &bad);
    }

    proptest! {
        #[test]
        fn every_double_comes_out_with_its_value(value: f64) {
            let text = encoded("double", &format!("{value:e}")).expect("a double");
            let back: f64 = text.parse().expect("a number");
            prop_assert!(back.to_bits() == value.to_bits() || (back.is_nan() && value.is_nan()));
        }
    }
}
