//! Boolean: yes or no in words in, `t` or `f` out.

use std::sync::Arc;

use super::{ColumnType, Invalid, MockRng, TypeOptions, below};

/// `boolean`: `t`, `true`, `y`, `yes`, `on`, `1` and `f`, `false`, `n`, `no`, `off`, `0`, in any
/// case.
///
/// Bounds: other prefixes that Postgres takes (`tr`, `of`) are refused. Source: Postgres manual,
/// 8.6 Boolean Type.
#[derive(Debug)]
struct Boolean;

pub(super) fn new(_: &[i32], _: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Boolean))
}

impl ColumnType for Boolean {
    fn sql(&self) -> String {
        "boolean".to_owned()
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let text = text.trim_ascii();
        let is = |word: &&str| word.eq_ignore_ascii_case(text);
        if ["t", "true", "1", "y", "yes", "on"].iter().any(is) {
            out.push(b't');
        } else if ["f", "false", "0", "n", "no", "off"].iter().any(is) {
            out.push(b'f');
        } else {
            return Err(Invalid::new(
                "invalid_boolean",
                "expected true or false, yes or no, 1 or 0",
            ));
        }
        Ok(())
    }

    fn mock(&self, random: &mut MockRng, out: &mut String) {
        self.mock_nth(below(random, 2), out);
    }

    fn mock_nth(&self, n: u64, out: &mut String) {
        out.push_str(if n.is_multiple_of(2) { "false" } else { "true" });
    }

    fn mock_places(&self) -> u64 {
        2
    }
}

#[cfg(test)]
mod tests {
    use crate::types::tests::{accepts, refuses};

    #[test]
    fn booleans_are_the_words_that_postgres_documents() {
        accepts("boolean", &[("t", "t"), ("TRUE", "t"), ("y", "t"), ("Yes", "t"), ("on", "t")]);
        accepts("boolean", &[("1", "t"), (" true\t", "t"), ("f", "f"), ("False", "f"), ("n", "f")]);
        accepts("boolean", &[("NO", "f"), ("off", "f"), ("0", "f")]);
        refuses("boolean", "invalid_boolean", &["", "tr", "2", "ja", "true\0", "o", "+1", "1.0"]);
    }
}
