//! `boolean`: reads words for yes and no, and writes `t` or `f`.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::sql_type::SqlType;

/// `boolean`: `t`, `true`, `y`, `yes`, `on`, `1` and `f`, `false`, `n`, `no`, `off`, `0`, or the
/// words that the contract lists instead, in upper or lower case.
///
/// Bounds: other prefixes that Postgres accepts (`tr`, `of`) are refused. Source: Postgres manual,
/// 8.6 Boolean Type.
#[derive(Debug)]
struct Boolean {
    /// In lower case.
    yes: Vec<String>,
    no: Vec<String>,
}

const YES: [&str; 6] = ["true", "t", "1", "y", "yes", "on"];
const NO: [&str; 6] = ["false", "f", "0", "n", "no", "off"];

pub(super) fn new(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    let lower = |words: &[String]| -> Vec<String> {
        words.iter().map(|word| word.trim().to_lowercase()).collect()
    };
    let (mut yes, mut no) = (lower(&options.true_words), lower(&options.false_words));
    if yes.is_empty() != no.is_empty() {
        return Err("`true` and `false` must both be given, or neither".to_owned());
    }
    if let Some(word) = yes.iter().find(|word| no.contains(word)) {
        return Err(format!("`{word}` cannot be both `true` and `false`"));
    }
    if yes.is_empty() {
        (yes, no) = (YES.map(str::to_owned).to_vec(), NO.map(str::to_owned).to_vec());
    }
    Ok(Arc::new(Boolean { yes, no }))
}

impl ColumnType for Boolean {
    fn sql_type(&self) -> SqlType {
        SqlType::Boolean
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let text = text.trim_ascii();
        let is = |word: &String| word.eq_ignore_ascii_case(text);
        let is_also = |word: &String| *word == text.to_lowercase();
        let one_of = |words: &[String]| {
            words.iter().any(is) || !text.is_ascii() && words.iter().any(is_also)
        };
        if one_of(&self.yes) {
            out.push(b't');
        } else if one_of(&self.no) {
            out.push(b'f');
        } else if self.yes.iter().eq(YES.iter()) {
            let expected = "expected true or false, yes or no, 1 or 0";
            return Err(Invalid::new("invalid_boolean", expected));
        } else {
            let (yes, no) = (self.yes.join(", "), self.no.join(", "));
            let message = format!("expected one of {yes} for true, or of {no} for false");
            return Err(Invalid::new("invalid_boolean", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::types::tests::{accepts, accepts_with, refuses, refuses_with};
    use crate::types::{TypeOptions, column_type};

    #[test]
    fn booleans_are_the_words_that_postgres_documents() {
        accepts("boolean", &[("t", "t"), ("TRUE", "t"), ("y", "t"), ("Yes", "t"), ("on", "t")]);
        accepts("boolean", &[("1", "t"), (" true\t", "t"), ("f", "f"), ("False", "f"), ("n", "f")]);
        accepts("boolean", &[("NO", "f"), ("off", "f"), ("0", "f")]);
        refuses("boolean", "invalid_boolean", &["", "tr", "2", "ja", "true\0", "o", "+1", "1.0"]);
    }

    #[test]
    fn a_contract_may_list_its_words() {
        let options = |yes: &[&str], no: &[&str]| TypeOptions {
            true_words: yes.iter().map(|word| (*word).to_owned()).collect(),
            false_words: no.iter().map(|word| (*word).to_owned()).collect(),
            ..TypeOptions::default()
        };
        let german = options(&["Ja", "x", "Ü"], &["Nein", ""]);
        accepts_with(&german, "boolean", &[("ja", "t"), ("JA ", "t"), ("X", "t"), ("ü", "t")]);
        accepts_with(&german, "boolean", &[("nein", "f"), (" ", "f")]);
        refuses_with(&german, "boolean", "invalid_boolean", &["true", "0", "j"]);
        for (yes, no) in [(&["ja"][..], &[][..]), (&[], &["nein"]), (&["x"], &["X"])] {
            assert!(column_type("boolean", &options(yes, no)).is_err());
        }
        assert!(column_type("text", &options(&["ja"], &["nein"])).is_err());
    }
}
