//! Patterns over object keys: compiles them, in the form of Unicode in which keys are compared.

use std::borrow::Cow;

use globset::{Glob, GlobBuilder, GlobMatcher};
use unicode_normalization::UnicodeNormalization;

/// Compiles a pattern: `*` and `?` stay within a folder, `**` does not.
pub(super) fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    glob(pattern).map(|glob| glob.compile_matcher())
}

/// The regular expression over bytes that a key must match.
pub(super) fn regex(pattern: &str) -> Result<String, String> {
    glob(pattern).map(|glob| glob.regex().to_owned())
}

fn glob(pattern: &str) -> Result<Glob, String> {
    GlobBuilder::new(&normalized(pattern))
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| format!("pattern `{pattern}` is not valid: {}", error.kind()))
}

/// The text in Unicode's form NFC. A key that was typed on macOS writes `é` as two characters, the
/// pattern of a contract as one.
pub(super) fn normalized(text: &str) -> Cow<'_, str> {
    match text.is_ascii() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.nfc().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_its_folder() {
        let sales = matcher("sales/**/*.csv").unwrap();
        assert!(sales.is_match("sales/2026/01/a.csv"));
        assert!(sales.is_match("sales/a.csv"));
        assert!(!sales.is_match("sales/a.csv.gz"));
        assert!(!matcher("sales/*.csv").unwrap().is_match("sales/2026/a.csv"));
        assert!(matcher("sales/[").is_err());
    }

    #[test]
    fn patterns_and_keys_are_compared_in_one_form_of_unicode() {
        for pattern in ["caf\u{e9}/*.csv", "cafe\u{301}/*.csv"] {
            let matcher = matcher(pattern).unwrap();
            for key in ["caf\u{e9}/1.csv", "cafe\u{301}/1.csv"] {
                assert!(matcher.is_match(normalized(key).as_ref()), "{pattern} {key}");
            }
        }
    }
}
