//! `text`: reads any UTF-8 and writes the same.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::sql_type::SqlType;

/// `text`: any UTF-8, unchanged, with its blanks.
///
/// Bounds: no NUL character, which Postgres cannot store; 1 GB, and a record's limit is far below
/// that. Source: Postgres manual, 8.3 Character Types.
#[derive(Debug)]
struct Text;

pub(super) fn new(_: &[i32], _: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Text))
}

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
}

#[cfg(test)]
mod tests {
    use crate::types::tests::{accepts, refuses};

    #[test]
    fn text_is_unchanged() {
        accepts("text", &[("", ""), (" a ", " a "), ("é\t\\N\n", "é\t\\N\n"), ("007", "007")]);
        refuses("text", "nul_character", &["\0", "a\0b"]);
    }
}
