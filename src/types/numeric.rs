//! `numeric`: reads an exact number and writes its plain digits.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, Round, TypeOptions};
use super::decimal::{self, Decimal};
use super::rounding::rounded;
use super::sign;
use super::sql_type::SqlType;

/// `numeric`, `numeric(precision)` and `numeric(precision,scale)`: exact numbers.
///
/// Bounds: 131072 digits before and 16383 after the point; with a precision (1 to 1000) and a
/// scale (-1000 to 1000), a number that does not fit is refused, and rounded only where the contract
/// says how, but trailing zeros are accepted. Exponents are written out. `NaN` and `Infinity` are refused: they would make every
/// sum `NaN` or `Infinity`.
/// Source: Postgres manual, 8.1.2 Arbitrary Precision Numbers.
#[derive(Debug)]
struct Numeric {
    /// Precision and scale.
    size: Option<(i32, i32)>,
    mark: u8,
    round: Option<Round>,
}

pub(super) fn new(arguments: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    let size = match arguments {
        [] => None,
        [precision] => Some((*precision, 0)),
        [precision, scale] => Some((*precision, *scale)),
        _ => return Err("type `numeric` takes a precision and a scale, as in numeric(12,2)".into()),
    };
    if let Some((precision, scale)) = size {
        if !(1..=1000).contains(&precision) {
            return Err(format!("the precision of numeric must be 1 to 1000, not {precision}"));
        }
        if !(-1000..=1000).contains(&scale) {
            return Err(format!("the scale of numeric must be -1000 to 1000, not {scale}"));
        }
    }
    if options.round.is_some() && size.is_none() {
        return Err(
            "`round` needs a scale, as in numeric(12,2): numeric keeps all digits".to_owned()
        );
    }
    let mark = if options.decimal == ',' { b',' } else { b'.' };
    Ok(Arc::new(Numeric { size, mark, round: options.round }))
}

/// The reason code of a number with more digits than the scale.
const OUT_OF_SCALE: &str = "out_of_scale";

impl Numeric {
    fn check(&self, number: &Decimal<'_>) -> Result<(), Invalid> {
        let Some((precision, scale)) = self.size else {
            if number.fits_numeric() {
                return Ok(());
            }
            let message = "expected at most 131072 digits before and 16383 after the decimal mark";
            return Err(Invalid::new("out_of_range", message));
        };
        let Some(zeros) = number.leading_zeros() else { return Ok(()) };
        if number.point() - zeros > i64::from(precision - scale) {
            let message = format!("expected a number that fits {}", self.sql_type());
            return Err(Invalid::new("out_of_range", message));
        }
        if number.fraction.len() as i64 - number.exponent.unwrap_or(0) > i64::from(scale)
            && number.needed_scale() > i64::from(scale)
        {
            let message = format!(
                "expected at most {scale} digits after the decimal mark; round = \"half_even\" or \
                 \"truncate\" drops the others"
            );
            return Err(Invalid::new(OUT_OF_SCALE, message));
        }
        Ok(())
    }

    /// Writes a number with an exponent in plain digits. [`Numeric::check`] has limited how many.
    fn write_plain(&self, number: &Decimal<'_>, out: &mut Vec<u8>) {
        let Some(zeros) = number.leading_zeros() else { return out.push(b'0') };
        let (count, point) = (number.whole.len() + number.fraction.len(), number.point());
        let digits = number.digits().skip(zeros as usize);
        if point <= zeros {
            out.extend_from_slice(b"0.");
            out.extend((point..zeros).map(|_| b'0'));
            out.extend(digits);
            return;
        }
        for (index, digit) in (zeros..).zip(digits) {
            if index == point {
                out.push(b'.');
            }
            out.push(digit);
        }
        out.extend((count as i64..point).map(|_| b'0'));
    }
}

impl ColumnType for Numeric {
    fn sql_type(&self) -> SqlType {
        SqlType::Numeric(self.size)
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let Some(number) = decimal::scan(text.as_bytes().trim_ascii(), self.mark) else {
            let respelled = sign::respelled(text)
                .ok_or_else(|| Invalid::new("invalid_number", "expected a number"))?;
            return self.encode(&respelled, out);
        };
        if let Err(refusal) = self.check(&number) {
            return match (self.round, self.size) {
                (Some(round), Some((_, scale))) if refusal.code == OUT_OF_SCALE => {
                    self.encode(&rounded(&number, scale, round, self.mark), out)
                }
                _ => Err(refusal),
            };
        }
        if number.negative {
            out.push(b'-');
        }
        if number.exponent.is_some() {
            self.write_plain(&number, out);
            return Ok(());
        }
        if number.whole.is_empty() {
            out.push(b'0');
        }
        out.extend_from_slice(number.whole);
        let digits = self.size.map_or(number.fraction.len(), |(_, scale)| scale.max(0) as usize);
        let fraction = number.fraction.get(..digits).unwrap_or(number.fraction);
        if !fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(fraction);
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
    fn numerics_keep_every_digit() {
        accepts(
            "numeric",
            &[("1.50", "1.50"), ("-0.0", "-0.0"), ("+1", "1"), (".5", "0.5"), ("5.", "5")],
        );
        accepts(
            "numeric",
            &[("1e3", "1000"), ("1.25E-3", "0.00125"), ("12.5e1", "125"), ("0e9", "0")],
        );
        accepts("numeric", &[("0.001e5", "100"), ("-1.5e0", "-1.5"), ("00012.30", "12.30")]);
        accepts("numeric", &[("99999999999999999999999.1", "99999999999999999999999.1")]);
        let comma = TypeOptions { decimal: ',', ..Default::default() };
        accepts_with(&comma, "numeric", &[("1234,5", "1234.5"), ("7", "7")]);
        refuses("numeric", "out_of_range", &["1e131072", "1e-16384", "1e99999999999999999999"]);
        let bad = [
            "", ".", "NaN", "Infinity", "-inf", "1,5", "0x1f", "1_000", "1 000", "1e", "1\0", "$5",
        ];
        refuses("numeric", "invalid_number", &bad);
    }

    #[test]
    fn a_numeric_with_a_scale_is_never_rounded() {
        accepts(
            "numeric(5,2)",
            &[("999.99", "999.99"), ("1.500", "1.50"), ("1.5", "1.5"), ("-1", "-1")],
        );
        accepts(
            "numeric(5,2)",
            &[("00999.99", "999.99"), ("99999e-2", "999.99"), ("0.0000", "0.00")],
        );
        accepts("numeric(3)", &[("999", "999"), ("12.0", "12"), ("1e2", "100")]);
        accepts("numeric(2,4)", &[("0.0099", "0.0099"), ("0", "0")]);
        accepts("numeric(2,-2)", &[("9900", "9900"), ("100.0", "100")]);
        refuses("numeric(5,2)", "out_of_range", &["1000", "-1000.00", "1e3", "99999"]);
        refuses("numeric(5,2)", "out_of_scale", &["1.005", "0.001", "999.999", "1e-3"]);
        refuses("numeric(3)", "out_of_scale", &["1.5"]);
        refuses("numeric(2,4)", "out_of_range", &["0.01", "1"]);
        refuses("numeric(2,-2)", "out_of_scale", &["150", "9901"]);
        refuses("numeric(2,-2)", "out_of_range", &["10000"]);
    }

    proptest! {
        #[test]
        fn plain_numbers_come_out_as_they_went_in(text in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?") {
            prop_assert_eq!(encoded("numeric", &text), Ok(text));
        }

        #[test]
        fn an_exponent_only_moves_the_point(digits in "[1-9][0-9]{0,12}", zeros in 0_usize..20) {
            let plain = format!("{digits}{}", "0".repeat(zeros));
            prop_assert_eq!(encoded("numeric", &format!("{digits}e{zeros}")), Ok(plain));
            let shifted = encoded("numeric", &format!("{digits}e-{zeros}")).expect("a number");
            prop_assert_eq!(encoded("numeric", &format!("{shifted}e{zeros}")), Ok(digits));
        }
    }
}
