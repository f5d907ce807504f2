//! `smallint`, `integer` and `bigint`: read a whole number and write its plain digits.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::sign;
use super::sql_type::SqlType;

/// `smallint` (-32768 to 32767), `integer` (-2147483648 to 2147483647), `bigint`
/// (-9223372036854775808 to 9223372036854775807).
///
/// Bounds: an optional sign (`sign.rs`), digits, and a fraction of zeros only (`17850.0`), which spreadsheets
/// write and which loses nothing. No exponent, no grouping. Source: Postgres manual,
/// 8.1.1 Integer Types.
#[derive(Debug)]
struct Integer {
    sql_type: SqlType,
    min: i64,
    max: i64,
    mark: u8,
}

/// `smallint`, two bytes.
pub(super) fn smallint(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    new(SqlType::Smallint, i16::MIN.into(), i16::MAX.into(), options)
}

/// `integer`, four bytes.
pub(super) fn integer(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    new(SqlType::Integer, i32::MIN.into(), i32::MAX.into(), options)
}

/// `bigint`, eight bytes.
pub(super) fn bigint(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    new(SqlType::Bigint, i64::MIN, i64::MAX, options)
}

fn new(
    sql_type: SqlType,
    min: i64,
    max: i64,
    options: &TypeOptions,
) -> Result<Arc<dyn ColumnType>, String> {
    let mark = if options.decimal == ',' { b',' } else { b'.' };
    Ok(Arc::new(Integer { sql_type, min, max, mark }))
}

impl Integer {
    fn invalid(&self) -> Invalid {
        Invalid::new("invalid_integer", "expected a whole number")
    }

    fn out_of_range(&self) -> Invalid {
        let (sql_type, min, max) = (self.sql_type, self.min, self.max);
        Invalid::new("out_of_range", format!("expected {min} to {max}, the range of {sql_type}"))
    }
}

impl ColumnType for Integer {
    fn sql_type(&self) -> SqlType {
        self.sql_type
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let (negative, bytes) = match text.as_bytes().trim_ascii() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let mut value: u64 = 0;
        let (mut length, mut zeros) = (0, 0);
        for digit in bytes.iter().map(|byte| byte.wrapping_sub(b'0')) {
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(digit.into());
            zeros += usize::from(zeros == length && digit == 0);
            length += 1;
        }
        let (digits, fraction) = bytes.split_at(length);
        let lossless = match fraction {
            [] => true,
            [mark, zeros @ ..] => {
                *mark == self.mark && !zeros.is_empty() && zeros.iter().all(|byte| *byte == b'0')
            }
        };
        if digits.is_empty() || !lossless {
            let respelled = sign::respelled(text).ok_or_else(|| self.invalid())?;
            return self.encode(&respelled, out);
        }
        let limit = if negative { self.min.unsigned_abs() } else { self.max.unsigned_abs() };
        // Nineteen digits always fit in u64, so `value` has not wrapped around.
        if length - zeros > 19 || value > limit {
            return Err(self.out_of_range());
        }
        if zeros == length {
            out.push(b'0');
            return Ok(());
        }
        if negative {
            out.push(b'-');
        }
        out.extend_from_slice(digits.get(zeros..).unwrap_or_default());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::tests::{accepts, accepts_with, encoded, refuses};
    use proptest::prelude::*;

    #[test]
    fn integers_are_accepted_up_to_their_exact_bounds() {
        accepts("smallint", &[("32767", "32767"), ("-32768", "-32768"), ("+7", "7")]);
        accepts("integer", &[("2147483647", "2147483647"), ("-2147483648", "-2147483648")]);
        accepts("bigint", &[("9223372036854775807", "9223372036854775807")]);
        accepts("bigint", &[("-9223372036854775808", "-9223372036854775808")]);
        refuses("smallint", "out_of_range", &["32768", "-32769", "99999999999999999999999999"]);
        refuses("integer", "out_of_range", &["2147483648", "-2147483649"]);
        refuses("bigint", "out_of_range", &["9223372036854775808", "-9223372036854775809"]);
        refuses("bigint", "out_of_range", &["18446744073709551617", "10000000000000000000000"]);
    }

    #[test]
    fn integers_have_a_sign_digits_and_only_zeros_after_the_mark() {
        accepts(
            "integer",
            &[("0", "0"), ("-0", "0"), ("007", "7"), (" 5\r", "5"), ("-00012", "-12")],
        );
        accepts("integer", &[("17850.0", "17850"), ("-3.000", "-3"), ("0.0", "0")]);
        accepts("bigint", &[("00000000000000000000000000000000001", "1")]);
        accepts_with(
            &TypeOptions { decimal: ',', ..Default::default() },
            "integer",
            &[("5,0", "5")],
        );
        let bad =
            ["", " ", "-", "+", "1e3", "1.5", "1.", ".0", "1,000", "0x1", "1_0", "--1", "1 2"];
        refuses("integer", "invalid_integer", &bad);
        refuses("integer", "invalid_integer", &["1\0", "٣", "12a", "1.0.0", "- 1", "NaN"]);
    }

    proptest! {
        #[test]
        fn every_bigint_comes_out_as_it_went_in(n: i64) {
            prop_assert_eq!(encoded("bigint", &n.to_string()), Ok(n.to_string()));
            prop_assert_eq!(encoded("bigint", &format!("{n}.00")), Ok(n.to_string()));
        }

        #[test]
        fn an_integer_is_accepted_if_and_only_if_it_fits(n: i64) {
            let n = n >> 20;
            prop_assert_eq!(encoded("integer", &n.to_string()).is_ok(), i32::try_from(n).is_ok());
        }
    }
}
