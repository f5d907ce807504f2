//! Text: any UTF-8 in, the same out.

use std::sync::Arc;

use super::{ColumnType, Invalid, MockRng, SqlType, TypeOptions, below};

/// `text`: any UTF-8, kept as it is, blanks included.
///
/// Bounds: no NUL character, which Postgres cannot store; 1 GB, which a record's limit is far
/// below. Source: Postgres manual, 8.3 Character Types.
#[derive(Debug)]
struct Text;

pub(super) fn new(_: &[i32], _: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Text))
}

const SYLLABLES: [&str; 16] = [
    "ba", "do", "fi", "gu", "ka", "le", "mi", "no", "pa", "ra", "se", "ti", "ru", "va", "wo", "zu",
];

impl ColumnType for Text {
    fn sql_type(&self) -> SqlType {
        SqlType::Text
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        if memchr::memchr(0, text.as_bytes()).is_some() {
            return Err(Invalid::new("nul_character", "expected text without NUL characters"));
        }
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn mock(&self, random: &mut MockRng, out: &mut String) {
        for _ in 0..2 + below(random, 3) {
            let syllable = SYLLABLES.get(below(random, 16) as usize);
            out.push_str(syllable.copied().unwrap_or_default());
        }
    }

    fn mock_nth(&self, n: u64, out: &mut String) {
        use std::fmt::Write as _;
        let _ = write!(out, "{n:08}");
    }
}

#[cfg(test)]
mod tests {
    use crate::types::tests::{accepts, refuses};

    #[test]
    fn text_is_kept_as_it_is() {
        accepts("text", &[("", ""), (" a ", " a "), ("é\t\\N\n", "é\t\\N\n"), ("007", "007")]);
        refuses("text", "nul_character", &["\0", "a\0b"]);
    }
}
