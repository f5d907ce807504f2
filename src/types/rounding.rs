//! Rounds a number to the scale of its column, where the contract says how.

use super::column_type::Round;
use super::decimal::Decimal;

/// The number in plain digits with at most `scale` of them after `mark`. A negative scale rounds to
/// tens, hundreds and so on.
#[cold]
pub(super) fn rounded(number: &Decimal<'_>, scale: i32, round: Round, mark: u8) -> String {
    let mut point = number.point();
    let kept = usize::try_from(point + i64::from(scale)).ok();
    let mut digits: Vec<u8> = number.digits().collect();
    // Less than a tenth of the last digit that is kept.
    let dropped = kept.map_or_else(Vec::new, |kept| digits.split_off(kept.min(digits.len())));
    if kept.is_none() {
        digits.clear();
    }
    if round == Round::HalfEven && rounds_up(&digits, &dropped) {
        let nines = digits.iter().rev().take_while(|digit| **digit == b'9').count();
        let carried = digits.len() - nines;
        digits.iter_mut().skip(carried).for_each(|digit| *digit = b'0');
        match carried.checked_sub(1).and_then(|last| digits.get_mut(last)) {
            Some(digit) => *digit += 1,
            None => {
                digits.insert(0, b'1');
                point += 1;
            }
        }
    }
    let is_zero = digits.iter().all(|digit| *digit == b'0');
    let mut out = String::with_capacity(digits.len() + 4);
    if number.negative && !is_zero {
        out.push('-');
    }
    if is_zero {
        out.push('0');
        return out;
    }
    let whole = usize::try_from(point).unwrap_or(0);
    if whole == 0 {
        out.push('0');
    }
    let mut digits = digits.into_iter().map(char::from);
    out.extend(digits.by_ref().chain(std::iter::repeat('0')).take(whole));
    let fraction: String =
        (point..0).map(|_| '0').chain(digits).take(scale.max(0).unsigned_abs() as usize).collect();
    if !fraction.is_empty() {
        out.push(char::from(mark));
        out.push_str(&fraction);
    }
    out
}

/// Whether what is dropped is more than half of the last kept digit, or half of an odd one.
fn rounds_up(kept: &[u8], dropped: &[u8]) -> bool {
    let Some((first, rest)) = dropped.split_first() else { return false };
    let is_more = rest.iter().any(|digit| *digit != b'0');
    let is_odd = kept.last().is_some_and(|digit| digit % 2 == 1);
    *first > b'5' || *first == b'5' && (is_more || is_odd)
}

#[cfg(test)]
mod tests {
    use super::Round;
    use crate::types::tests::{accepts_with, encoded_with, refuses, refuses_with};
    use crate::types::{TypeOptions, column_type};
    use proptest::prelude::*;

    fn round(round: Round) -> TypeOptions {
        TypeOptions { round: Some(round), ..TypeOptions::default() }
    }

    #[test]
    fn a_number_is_rounded_only_where_the_contract_says_how() {
        refuses("numeric(6,2)", "out_of_scale", &["1.005"]);
        for (spec, text, even, cut) in [
            ("numeric(6,2)", "1.005", "1.00", "1.00"),
            ("numeric(6,2)", "1.015", "1.02", "1.01"),
            ("numeric(6,2)", "1.0150001", "1.02", "1.01"),
            ("numeric(6,2)", "1.025", "1.02", "1.02"),
            ("numeric(6,2)", "1.0251", "1.03", "1.02"),
            ("numeric(6,2)", "-1.029", "-1.03", "-1.02"),
            ("numeric(6,2)", "9.995", "10.00", "9.99"),
            ("numeric(6,2)", ".999", "1.00", "0.99"),
            ("numeric(6,2)", "-0.004", "0", "0"),
            ("numeric(6,2)", "-0.005", "0", "0"),
            ("numeric(6,2)", "0.0051", "0.01", "0"),
            ("numeric(6,2)", "0.0049999999", "0", "0"),
            ("numeric(6,2)", "12.5e-1", "1.25", "1.25"),
            ("numeric(6,2)", "125.5e-2", "1.26", "1.25"),
            ("numeric(6,2)", "5e-999999", "0", "0"),
            ("numeric(6,2)", "57.69999999999999", "57.70", "57.69"),
            ("numeric(6,2)", "1.5", "1.5", "1.5"),
            ("numeric(5)", "2.5", "2", "2"),
            ("numeric(5)", "3.5", "4", "3"),
            ("numeric(5)", "0.5", "0", "0"),
            ("numeric(5)", "(1.51)", "-2", "-1"),
            ("numeric(2,4)", "0.00125", "0.0012", "0.0012"),
            ("numeric(3,-2)", "12350", "12400", "12300"),
            ("numeric(3,-2)", "12250.0", "12200", "12200"),
            ("numeric(3,-2)", "49", "0", "0"),
            ("numeric(3,-2)", "51", "100", "0"),
        ] {
            accepts_with(&round(Round::HalfEven), spec, &[(text, even)]);
            accepts_with(&round(Round::Truncate), spec, &[(text, cut)]);
        }
        let comma = TypeOptions { decimal: ',', ..round(Round::HalfEven) };
        accepts_with(&comma, "numeric(6,2)", &[("1,015", "1.02")]);
        let percent = TypeOptions { percent: true, ..round(Round::HalfEven) };
        accepts_with(&percent, "numeric(6,2)", &[("12.5%", "0.12"), ("13.5%", "0.14")]);
        refuses_with(&round(Round::HalfEven), "numeric(4,2)", "out_of_range", &["99.995", "100"]);
        accepts_with(&round(Round::Truncate), "numeric(4,2)", &[("99.999", "99.99")]);
        refuses_with(&round(Round::HalfEven), "numeric(4,2)", "invalid_number", &["1.0.5", "x"]);
        for spec in ["numeric", "integer", "double", "text", "timestamp"] {
            assert!(column_type(spec, &round(Round::HalfEven)).is_err(), "{spec}");
        }
    }

    proptest! {
        #[test]
        fn rounding_agrees_with_whole_numbers(units in -9_999_999_i64..9_999_999, digits in 0_u32..4) {
            // `units` ten-thousandths, rounded to `digits` after the point.
            let text = format!("{units}e-4");
            let step = 10_i64.pow(4 - digits);
            let (down, rest) = (units.abs() / step, units.abs() % step);
            let up = rest * 2 > step || rest * 2 == step && down % 2 == 1;
            let value = |text: &str| -> f64 { text.parse().expect("a number") };
            let scale = 10_f64.powi(digits as i32) * if units < 0 { -1.0 } else { 1.0 };
            let spec = format!("numeric(12,{digits})");
            let even = encoded_with(&round(Round::HalfEven), &spec, &text).expect("a number");
            prop_assert_eq!(value(&even), (down + i64::from(up)) as f64 / scale + 0.0);
            let cut = encoded_with(&round(Round::Truncate), &spec, &text).expect("a number");
            prop_assert_eq!(value(&cut), down as f64 / scale + 0.0);
        }
    }
}
