//! Reads numbers with grouped digits, a currency sign or a percent sign, and passes the plain number
//! to a number type.

use std::sync::Arc;

use super::blank::is_blank;
use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::sign;
use super::sql_type::SqlType;

/// A number type whose texts may have grouped digits, a currency sign or a percent sign, each only
/// where the contract says so.
///
/// Bounds: groups have three digits, the first one up to three and no leading zero; there is at most one sign, before or
/// after the currency or behind the digits; parentheses mean a negative number; with `percent` the
/// percent sign is required, and `12.5%` is 0.125.
#[derive(Debug)]
struct Amount {
    inner: Arc<dyn ColumnType>,
    mark: char,
    thousands: Option<char>,
    currency: Vec<String>,
    percent: bool,
}

/// `inner`, wrapped so that it reads numbers as the options say.
///
/// # Errors
///
/// `thousands` equals `decimal`, or a currency sign is blank or holds a character of numbers.
pub(super) fn wrap(
    inner: Arc<dyn ColumnType>,
    options: &TypeOptions,
) -> Result<Arc<dyn ColumnType>, String> {
    if options.thousands.is_none() && options.currency.is_empty() && !options.percent {
        return Ok(inner);
    }
    if options.thousands == Some(options.decimal) {
        return Err("`thousands` and `decimal` must not be the same character".to_owned());
    }
    let plain = |sign: &String| sign.chars().any(|c| c.is_ascii_digit() || "+-.,()%".contains(c));
    if options.currency.iter().any(|sign| sign.trim().is_empty() || plain(sign)) {
        return Err("a currency sign must not be blank, nor hold digits or marks".to_owned());
    }
    let mut currency = options.currency.clone();
    // `US$` before `$`.
    currency.sort_by_key(|sign| std::cmp::Reverse(sign.len()));
    let (mark, thousands, percent) = (options.decimal, options.thousands, options.percent);
    Ok(Arc::new(Amount { inner, mark, thousands, currency, percent }))
}

impl Amount {
    fn is_separator(&self, c: char) -> bool {
        match self.thousands {
            Some(' ') => is_blank(c),
            Some('\'') => matches!(c, '\'' | '\u{2019}'),
            Some(separator) => c == separator,
            None => false,
        }
    }

    /// The number without its signs, and whether it is negative; `None` where parentheses or percent
    /// signs do not match.
    fn strip<'t>(&self, text: &'t str) -> Option<(&'t str, bool)> {
        let mut rest = text.trim_matches(is_blank);
        let inner = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let mut negative = inner.is_some();
        if let Some(inner) = inner {
            rest = inner.trim_matches(is_blank);
        }
        if self.percent {
            // `5%-` has its sign at the very end.
            if let Some(before) = rest.strip_suffix('-').filter(|rest| rest.ends_with('%')) {
                if negative {
                    return None;
                }
                (rest, negative) = (before, true);
            }
            rest = rest.strip_suffix('%')?.trim_end_matches(is_blank);
        }
        let (mut signed, mut named) = (negative, false);
        loop {
            let mut next = None;
            if !signed {
                let minus = ['-', '\u{2212}'].iter().find_map(|sign| rest.strip_prefix(*sign));
                let minus = minus.or_else(|| sign::trailing(rest));
                next = minus.or_else(|| rest.strip_prefix('+'));
                (signed, negative) = (next.is_some(), minus.is_some());
            }
            if next.is_none() && !named {
                let sign = |sign: &String| {
                    rest.strip_prefix(sign.as_str()).or_else(|| rest.strip_suffix(sign.as_str()))
                };
                next = self.currency.iter().find_map(sign);
                named = next.is_some();
            }
            match next {
                Some(next) => rest = next.trim_matches(is_blank),
                None => return Some((rest, negative)),
            }
        }
    }

    #[cold]
    fn expected(&self) -> String {
        self.thousands.map_or("expected a number".to_owned(), |mark| {
            format!(
                "expected a number, with `{mark}` only between groups of three digits, of which the \
                 first does not start with 0"
            )
        })
    }

    /// The number in the form that the inner type reads; `None` where the text is not a number.
    fn plain(&self, text: &str) -> Option<String> {
        let (digits, negative) = self.strip(text)?;
        let (whole, fraction) = match digits.find([self.mark, 'e', 'E']) {
            Some(at) => digits.split_at(at),
            None => (digits, ""),
        };
        if !whole.chars().all(|c| c.is_ascii_digit() || self.is_separator(c)) {
            return None;
        }
        let mut groups = whole.split(|c| self.is_separator(c));
        let first = groups.next().unwrap_or_default();
        let mut plain = String::with_capacity(text.len() + 4);
        plain.push_str(if negative { "-" } else { "" });
        plain.push_str(first);
        for group in groups {
            // `0.123` may be a fraction with the other mark.
            let leads = !first.is_empty() && first.len() <= 3 && !first.starts_with('0');
            if group.len() != 3 || !leads {
                return None;
            }
            plain.push_str(group);
        }
        plain.push_str(fraction);
        if self.percent {
            if fraction.contains(['e', 'E']) {
                return None;
            }
            plain.push_str("e-2");
        }
        Some(plain)
    }
}

impl ColumnType for Amount {
    fn sql_type(&self) -> SqlType {
        self.inner.sql_type()
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        match self.plain(text) {
            Some(plain) => self.inner.encode(&plain, out),
            None if self.percent => {
                Err(Invalid::new("invalid_number", "expected a number with a percent sign"))
            }
            None => Err(Invalid::new("invalid_number", self.expected())),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::types::tests::{accepts_with, refuses_with};
    use crate::types::{TypeOptions, column_type};

    fn options(decimal: char, thousands: Option<char>, currency: &[&str]) -> TypeOptions {
        let currency = currency.iter().map(|sign| (*sign).to_owned()).collect();
        TypeOptions { decimal, thousands, currency, ..TypeOptions::default() }
    }

    #[test]
    fn digits_may_be_grouped_by_threes_only() {
        let german = options(',', Some('.'), &[]);
        let good = [("1.234,50", "1234.50"), ("1234,5", "1234.5"), ("-12.345.678", "-12345678")];
        accepts_with(&german, "numeric", &good);
        accepts_with(&german, "numeric", &[("0,5", "0.5"), ("+1.000", "1000"), (",5", "0.5")]);
        let bad = ["1.23", "1.2345", "1234.567", "1..234", ".123", "1.234.", "1,234.5", "1,2,3"];
        refuses_with(&german, "numeric", "invalid_number", &bad);
        refuses_with(&german, "numeric", "invalid_number", &["", "-", "--1", "€5", "5,-", "5%"]);
        let zeros = ["0.123", "00.123", "012.345", "0.123,4", "-0.123", "0.000.123", "(0.123)"];
        refuses_with(&german, "numeric", "invalid_number", &zeros);
        refuses_with(&german, "integer", "invalid_number", &zeros);
        accepts_with(&german, "numeric", &[("0", "0"), ("0,123", "0.123"), ("00", "0")]);
        accepts_with(&german, "numeric", &[("0012,5", "12.5"), ("100.000", "100000")]);
        accepts_with(&options('.', Some(','), &[]), "integer", &[("12,345", "12345")]);
        let french = options(',', Some(' '), &[]);
        let spaced = [("1 234,5", "1234.5"), ("1\u{a0}234", "1234"), ("1\u{202f}234", "1234")];
        accepts_with(&french, "double", &spaced);
        let swiss = options('.', Some('\''), &[]);
        accepts_with(&swiss, "numeric", &[("1'234.5", "1234.5"), ("1’234.5", "1234.5")]);
        refuses_with(&options('.', Some(','), &[]), "smallint", "out_of_range", &["99,999"]);
    }

    #[test]
    fn money_has_a_sign_of_the_contract_or_no_sign() {
        let money = options('.', Some(','), &["$", "US$", "€", "EUR"]);
        for (text, plain) in [
            ("$1,234.50", "1234.50"),
            ("-$5", "-5"),
            ("$-5", "-5"),
            ("($5.00)", "-5.00"),
            ("(5)", "-5"),
            ("5 €", "5"),
            ("EUR 5", "5"),
            ("US$5", "5"),
            ("\u{2212}5", "-5"),
            ("5-", "-5"),
            ("$1,234.50-", "-1234.50"),
            ("5- EUR", "-5"),
            ("( 5 )", "-5"),
            ("5", "5"),
        ] {
            accepts_with(&money, "numeric", &[(text, plain)]);
        }
        accepts_with(&options(',', Some('.'), &[]), "numeric", &[("(1.234,5)", "-1234.5")]);
        let bad = ["£5", "$5$", "$$5", "-($5)", "(-5)", "--5", "5.-", "$", "(5", "5 USD", "(5-)"];
        refuses_with(&money, "numeric", "invalid_number", &bad);
    }

    #[test]
    fn a_percentage_has_a_percent_sign() {
        let percent = TypeOptions { percent: true, decimal: ',', ..TypeOptions::default() };
        accepts_with(&percent, "numeric", &[("12,5%", "0.125"), ("-5 %", "-0.05"), ("0%", "0")]);
        accepts_with(&percent, "numeric(5,4)", &[("12,5%", "0.125")]);
        accepts_with(&percent, "numeric", &[("(5%)", "-0.05"), ("5-%", "-0.05"), ("5%-", "-0.05")]);
        let bad = ["12,5", "%", "5%%", "1e2%", "-5%-", "(5%-)", "(5)%"];
        refuses_with(&percent, "numeric", "invalid_number", &bad);
        refuses_with(&percent, "numeric(3,2)", "out_of_scale", &["12,5%"]);
        assert!(column_type("integer", &percent).is_err());
        assert!(column_type("text", &percent).is_err());
    }

    #[test]
    fn options_that_contradict_each_other_are_an_error() {
        assert!(column_type("numeric", &options(',', Some(','), &[])).is_err());
        assert!(column_type("numeric", &options('.', None, &["-"])).is_err());
        assert!(column_type("numeric", &options('.', None, &[" "])).is_err());
        assert!(column_type("date", &options('.', Some(','), &[])).is_err());
        assert!(column_type("text", &options('.', None, &["$"])).is_err());
    }
}
