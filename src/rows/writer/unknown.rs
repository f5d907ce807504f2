//! Writes the values of columns that the contract does not name, or rejects them.

use std::borrow::Cow;

use super::super::copy_text::escape_from;
use super::super::extra;
use super::super::header::UnknownField;
use super::{RowWriter, Wrong};
use crate::records::{Kind, Record};

impl RowWriter {
    /// Appends the values of columns that the contract does not name, as JSON or null.
    ///
    /// # Errors
    ///
    /// The code and the reason of a value that cannot be stored.
    pub(super) fn write_unknown(
        &self,
        record: &Record,
        out: &mut Vec<u8>,
    ) -> Result<(), (&'static str, String)> {
        let from = out.len();
        if let Some(extra) = record.extra().filter(|_| self.keeps_extra) {
            extra::check(extra)?;
            out.extend_from_slice(extra);
            escape_from(out, from);
            return Ok(());
        }
        if self.unknown.is_empty() {
            out.extend_from_slice(b"\\N");
            return Ok(());
        }
        let mut object = serde_json::Map::with_capacity(self.unknown.len());
        for UnknownField { index, name, is_blank, .. } in &self.unknown {
            let bytes = record.field(*index).unwrap_or_default();
            match record.kind(*index) {
                Kind::Null => continue,
                Kind::Unusable(why) => {
                    let (code, reason) = why.reason();
                    return Err((code, format!("column {name}: {reason}")));
                }
                _ if *is_blank && bytes.is_empty() => continue,
                _ => {}
            }
            let text = match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) if self.replace_invalid => String::from_utf8_lossy(bytes),
                Err(error) => {
                    let at = record.offset_of(*index, error.valid_up_to());
                    let reason = format!("column {name}: {}", self.not_in_encoding(at));
                    return Err(("invalid_utf8", reason));
                }
            };
            let text = if self.trim { text.trim() } else { &text };
            if text.contains('\0') {
                return Err(("nul_character", format!("column {name}: a NUL cannot be stored")));
            }
            object.insert(name.clone(), text.into());
        }
        if object.is_empty() {
            out.extend_from_slice(b"\\N");
            return Ok(());
        }
        out.extend_from_slice(serde_json::Value::Object(object).to_string().as_bytes());
        escape_from(out, from);
        Ok(())
    }

    /// Rejects a value in a column without a name, where the contract rejects unknown columns.
    pub(super) fn check_forbidden<'w>(&self, record: &Record) -> Result<(), Wrong<'w>> {
        let has_value = |index: usize| record.field(index).is_some_and(|field| !field.is_empty());
        let Some(index) = self.forbidden.iter().find(|index| has_value(**index)) else {
            return Ok(());
        };
        let reason = format!(
            "a value in column {}, which has no name in the header: name it there, or set \
             unknown_column = \"keep\"",
            index + 1
        );
        Err((None, "unnamed_column", reason))
    }
}
