//! Splits the text of a number into sign, digits and exponent, for all types with a fraction.

/// The parts of a number as its text has them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal<'a> {
    pub negative: bool,
    /// Digits before the mark, leading zeros dropped.
    pub whole: &'a [u8],
    /// Digits after the mark.
    pub fraction: &'a [u8],
    /// `None` where the text has no exponent; at most a billion, positive or negative.
    pub exponent: Option<i64>,
}

/// The most digits before the point in Postgres' `numeric` without precision.
const MAX_WHOLE_DIGITS: i64 = 131_072;
/// The most digits after the point in it.
const MAX_FRACTION_DIGITS: i64 = 16_383;

/// Reads `[sign] digits [mark digits] [e [sign] digits]`, with a digit on at least one side of the
/// mark; `None` where the text is not a number.
pub(super) fn scan(text: &[u8], mark: u8) -> Option<Decimal<'_>> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest {
        [first, rest @ ..] if *first == mark => digits(rest),
        rest => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = match rest {
        [] => None,
        [b'e' | b'E', rest @ ..] => Some(exponent(rest)?),
        _ => return None,
    };
    let zeros = whole.iter().take_while(|byte| **byte == b'0').count();
    let whole = whole.get(zeros..).unwrap_or_default();
    Some(Decimal { negative, whole, fraction, exponent })
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

fn exponent(text: &[u8]) -> Option<i64> {
    let (sign, text) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    let (digits, []) = digits(text) else { return None };
    if digits.is_empty() {
        return None;
    }
    let grow = |value: i64, byte: &u8| (value * 10 + i64::from(byte - b'0')).min(1_000_000_000);
    Some(sign * digits.iter().fold(0, grow))
}

impl Decimal<'_> {
    /// All digits in order; the point follows after [`Decimal::point`] of them.
    pub fn digits(&self) -> impl DoubleEndedIterator<Item = u8> {
        self.whole.iter().chain(self.fraction).copied()
    }

    /// The number of digits before the point once the exponent is applied; negative where zeros
    /// follow the point first.
    pub fn point(&self) -> i64 {
        self.whole.len() as i64 + self.exponent.unwrap_or(0)
    }

    /// The number of zeros before the first other digit; `None` for the number zero.
    pub(crate) fn leading_zeros(&self) -> Option<i64> {
        self.digits().position(|digit| digit != b'0').map(|zeros| zeros as i64)
    }

    /// The number of digits after the point without trailing zeros; negative for `1200` (-2).
    pub(crate) fn needed_scale(&self) -> i64 {
        let zeros = self.digits().rev().take_while(|digit| *digit == b'0').count() as i64;
        (self.whole.len() + self.fraction.len()) as i64 - zeros - self.point()
    }

    /// Whether Postgres' `numeric` without precision keeps every digit of the number.
    pub(crate) fn fits_numeric(&self) -> bool {
        let Some(exponent) = self.exponent else {
            return self.whole.len() as i64 <= MAX_WHOLE_DIGITS
                && self.fraction.len() as i64 <= MAX_FRACTION_DIGITS;
        };
        let whole = self.leading_zeros().map_or(0, |zeros| self.point() - zeros);
        exponent.abs() <= MAX_WHOLE_DIGITS
            && whole <= MAX_WHOLE_DIGITS
            && self.fraction.len() as i64 - exponent <= MAX_FRACTION_DIGITS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_split_into_its_parts() {
        let number = scan(b"-0012.340e-2", b'.').expect("a number");
        assert!(number.negative);
        assert_eq!((number.whole, number.fraction), (&b"12"[..], &b"340"[..]));
        assert_eq!((number.exponent, number.point(), number.needed_scale()), (Some(-2), 0, 4));
        assert_eq!(scan(b"1200", b'.').map(|n| n.needed_scale()), Some(-2));
        assert_eq!(
            scan(b"1e99999999999999999999", b'.').and_then(|n| n.exponent),
            Some(1_000_000_000)
        );
        for bad in ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "1,2", "1 ", "0x1", "1e5.", "+-1"] {
            assert!(scan(bad.as_bytes(), b'.').is_none(), "{bad}");
        }
    }

    #[test]
    fn numeric_holds_131072_digits_before_the_point_and_16383_after() {
        let fits = |text: &str| scan(text.as_bytes(), b'.').is_some_and(|n| n.fits_numeric());
        assert!(fits(&"9".repeat(131_072)) && !fits(&"9".repeat(131_073)));
        assert!(fits(&format!("000{}", "9".repeat(131_072))));
        assert!(
            fits(&format!(".{}", "1".repeat(16_383))) && !fits(&format!(".{}", "1".repeat(16_384)))
        );
        assert!(fits("1e131071") && !fits("1e131072") && fits("0.01e131072"));
        assert!(fits("1e-16383") && !fits("1e-16384") && !fits("0e-16384") && !fits("1.0e-16383"));
    }
}
