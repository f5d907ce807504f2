//! Compares the names of columns, headers and keys.

use unicode_normalization::UnicodeNormalization;

/// A name as it is compared: without blanks around it, in lower case, and after Unicode's normalization form C,
/// because `\u{e9}` may be one character or two in a file.
pub(crate) fn fold(name: &str) -> String {
    let name = name.trim();
    if name.is_ascii() {
        name.to_ascii_lowercase()
    } else {
        name.nfc().collect::<String>().to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn a_name_means_the_same_in_any_case_and_any_composition() {
        for name in ["Stra\u{df}e \u{c9}", " stra\u{df}e e\u{301}\t", "STRA\u{df}E E\u{301}"] {
            assert_eq!(fold(name), "stra\u{df}e \u{e9}", "{name}");
        }
        assert_eq!(fold(" Order ID "), "order id");
    }
}
