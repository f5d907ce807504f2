//! Reads the signs of negative numbers that are not a leading `-`.

use super::blank::is_blank;

/// The number in the form that number types read, where `text` writes it with another sign: `5-`,
/// `(5)` or U+2212 for the minus, or with wide blanks around it; `None` where it has none of these.
///
/// A minus follows a digit: `5.-` is a price without cents.
#[cold]
pub(super) fn respelled(text: &str) -> Option<String> {
    let bare = text.trim_matches(is_blank);
    if let Some(number) = magnitude(bare) {
        return Some(format!("-{number}"));
    }
    // Without the blanks the number types read it, or refuse it and come here no second time.
    (bare.len() < text.trim_ascii().len()).then(|| bare.to_owned())
}

/// What follows a leading U+2212, or comes before a trailing minus, or is in parentheses.
fn magnitude(text: &str) -> Option<&str> {
    let in_parentheses = || {
        let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))?;
        Some(inner.trim_matches(is_blank))
    };
    let number =
        text.strip_prefix('\u{2212}').or_else(|| trailing(text)).or_else(in_parentheses)?;
    number.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',')).then_some(number)
}

/// The text before a trailing minus that follows a digit.
pub(super) fn trailing(text: &str) -> Option<&str> {
    let number = text.strip_suffix('-').or_else(|| text.strip_suffix('\u{2212}'))?;
    number.ends_with(|c: char| c.is_ascii_digit()).then_some(number)
}

#[cfg(test)]
mod tests {
    use crate::types::TypeOptions;
    use crate::types::tests::{accepts, accepts_with, refuses};

    #[test]
    fn a_negative_number_may_have_any_of_four_signs() {
        for kind in ["smallint", "integer", "bigint", "numeric", "numeric(5,0)", "real", "double"] {
            for text in ["-5", "5-", "\u{2212}5", "5\u{2212}", "(5)", "( 5 )", " 5- ", "\u{a0}(5)"]
            {
                accepts(kind, &[(text, "-5")]);
            }
        }
        for kind in ["numeric", "double"] {
            accepts(
                kind,
                &[("1.25-", "-1.25"), ("(1.25)", "-1.25"), ("\u{2212}.5e1", "-.5e1")].map(
                    |(text, value)| {
                        (text, if kind == "numeric" && value == "-.5e1" { "-5" } else { value })
                    },
                ),
            );
        }
        let comma = TypeOptions { decimal: ',', ..TypeOptions::default() };
        accepts_with(&comma, "numeric", &[("1,25-", "-1.25"), ("(1,25)", "-1.25")]);
        let bad = [
            "5.-",
            "5,-",
            "-5-",
            "(-5)",
            "(5-)",
            "((5))",
            "(5",
            "5)",
            "()",
            "--5",
            "5--",
            "+5-",
            "-",
            "\u{2212}",
            "\u{2212}-5",
            "-\u{2212}5",
            "(+5)",
            "5 -",
            "- 5",
            "5\u{2013}",
        ];
        refuses("integer", "invalid_integer", &bad);
        refuses("numeric", "invalid_number", &bad);
        refuses("double", "invalid_number", &bad);
        refuses("smallint", "out_of_range", &["32769-", "(99999)"]);
    }
}
