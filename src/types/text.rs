//! `text`: reads any UTF-8 and writes the same, or with the leading zeros of a code that has lost them.

use std::sync::Arc;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::sql_type::SqlType;

/// `text`: any UTF-8, unchanged, with its blanks.
///
/// With `pad_left`, a text of nothing but digits, and fewer than that, gets zeros before it: spreadsheets turn the
/// code 00501 into the number 501. Other texts stay as they are.
///
/// Bounds: no NUL character, which Postgres cannot store; 1 GB, and a record's limit is far below
/// that. Source: Postgres manual, 8.3 Character Types.
#[derive(Debug)]
struct Text {
    pad_left: usize,
}

/// The longest code that a text can be padded to.
const LONGEST_CODE: usize = 100;

pub(super) fn new(_: &[i32], options: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    match options.pad_left {
        Some(digits) if !(2..=LONGEST_CODE).contains(&digits) => Err(format!(
            "`pad_left` must be 2 to {LONGEST_CODE}: the number of digits that a code has"
        )),
        digits => Ok(Arc::new(Text { pad_left: digits.unwrap_or(0) })),
    }
}

impl ColumnType for Text {
    fn sql_type(&self) -> SqlType {
        SqlType::Text
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        if memchr::memchr(0, text.as_bytes()).is_some() {
            return Err(Invalid::new("nul_character", "expected text without NUL characters"));
        }
        let zeros = self.pad_left.saturating_sub(text.len());
        if zeros > 0 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            out.extend(std::iter::repeat_n(b'0', zeros));
        }
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::types::tests::{accepts, accepts_with, refuses};
    use crate::types::{TypeOptions, column_type};

    #[test]
    fn text_is_unchanged() {
        accepts("text", &[("", ""), (" a ", " a "), ("é\t\\N\n", "é\t\\N\n"), ("007", "007")]);
        refuses("text", "nul_character", &["\0", "a\0b"]);
    }

    #[test]
    fn a_code_gets_the_leading_zeros_that_it_has_lost() {
        let padded = |pad_left| TypeOptions { pad_left: Some(pad_left), ..TypeOptions::default() };
        accepts_with(
            &padded(5),
            "text",
            &[
                ("501", "00501"),
                ("0", "00000"),
                ("10001", "10001"),
                ("123456", "123456"),
                ("", ""),
                (" 501", " 501"),
                ("501-1234", "501-1234"),
                ("5e2", "5e2"),
                ("-501", "-501"),
                ("٣", "٣"),
            ],
        );
        for (name, digits) in [("text", 0), ("text", 1), ("text", 101), ("integer", 5)] {
            assert!(column_type(name, &padded(digits)).is_err(), "{name} {digits}");
        }
    }
}
