//! Writer: a record and the column types in, one line of COPY text out.
//!
//! The format is that of Postgres' manual, COPY, "Text Format": fields end at a tab, rows at a
//! newline, `\N` is null, and backslash, tab, newline and carriage return are escaped.

use std::sync::Arc;

use super::Header;
use crate::dataset::{Dataset, UnknownColumn};
use crate::records::Record;
use crate::types::ColumnType;

/// Why a row cannot be loaded. Never holds a value of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The line of the file on which the row starts.
    pub line: u64,
    /// `None` where the row as a whole is at fault.
    pub column: Option<String>,
    /// A short word for programs, such as `invalid_integer`.
    pub code: &'static str,
    /// A sentence for people.
    pub reason: String,
}

/// Writes the records of one file as COPY lines for one dataset.
#[derive(Debug)]
pub struct RowWriter {
    columns: Vec<Target>,
    unknown: Vec<(usize, String)>,
    width: usize,
    nulls: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Target {
    name: String,
    field: Option<usize>,
    column_type: Arc<dyn ColumnType>,
    is_text: bool,
    required: bool,
}

impl RowWriter {
    /// A writer for files with this header.
    pub fn new(dataset: &Dataset, header: &Header) -> Self {
        let columns = dataset
            .columns
            .iter()
            .zip(&header.fields)
            .map(|(column, field)| Target {
                name: column.name.clone(),
                field: *field,
                column_type: Arc::clone(&column.column_type),
                is_text: column.column_type.sql() == "text",
                required: column.required,
            })
            .collect();
        let unknown = match dataset.policy.unknown_column {
            UnknownColumn::Keep => header.unknown.clone(),
            UnknownColumn::Ignore | UnknownColumn::RejectFile => Vec::new(),
        };
        let nulls = dataset.file.null.iter().map(|text| text.clone().into_bytes()).collect();
        RowWriter { columns, unknown, width: header.width, nulls }
    }

    /// Appends the record to `out` as one COPY line: the contract's columns, the line's number and
    /// the unknown columns as JSON. Leaves `out` as it was where the record is rejected.
    ///
    /// # Errors
    ///
    /// [`Rejection`] for the first column that does not fit.
    pub fn write(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), Rejection> {
        let start = out.len();
        let written = self.write_fields(record, out);
        if written.is_err() {
            out.truncate(start);
        }
        written
    }

    fn write_fields(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), Rejection> {
        let reject = |column: Option<&Target>, code, reason| Rejection {
            line: record.line(),
            column: column.map(|column| column.name.clone()),
            code,
            reason,
        };
        if record.len() != self.width {
            let reason = format!("expected {} fields, found {}", self.width, record.len());
            return Err(reject(None, "field_count", reason));
        }
        for column in &self.columns {
            let field = column.field.and_then(|index| Some((index, record.field(index)?)));
            let value = match field {
                Some((index, bytes)) if !self.is_null(column, bytes, record.is_quoted(index)) => {
                    bytes
                }
                _ if column.required => {
                    let reason = "expected a value, found none".to_owned();
                    return Err(reject(Some(column), "missing_value", reason));
                }
                _ => {
                    out.extend_from_slice(b"\\N\t");
                    continue;
                }
            };
            let text = match std::str::from_utf8(value) {
                Ok(text) => text,
                Err(error) => {
                    let reason = format!(
                        "expected UTF-8, found other bytes at byte {}",
                        error.valid_up_to()
                    );
                    return Err(reject(Some(column), "invalid_utf8", reason));
                }
            };
            let from = out.len();
            if let Err(invalid) = column.column_type.encode(text, out) {
                return Err(reject(Some(column), invalid.code, invalid.message));
            }
            escape_from(out, from);
            out.push(b'\t');
        }
        out.extend_from_slice(record.line().to_string().as_bytes());
        out.push(b'\t');
        self.write_unknown(record, out).map_err(|(code, reason)| reject(None, code, reason))?;
        out.push(b'\n');
        Ok(())
    }

    /// An unquoted field that is one of the contract's null texts is null; a quoted one only where
    /// the column could not hold it anyway, so that `""` stays an empty text.
    fn is_null(&self, column: &Target, bytes: &[u8], quoted: bool) -> bool {
        if quoted && column.is_text {
            return false;
        }
        self.nulls.iter().any(|null| null == bytes)
    }

    fn write_unknown(
        &self,
        record: &Record,
        out: &mut Vec<u8>,
    ) -> Result<(), (&'static str, String)> {
        if self.unknown.is_empty() {
            out.extend_from_slice(b"\\N");
            return Ok(());
        }
        let mut object = serde_json::Map::with_capacity(self.unknown.len());
        for (field, name) in &self.unknown {
            let bytes = record.field(*field).unwrap_or_default();
            let text = std::str::from_utf8(bytes)
                .map_err(|_| ("invalid_utf8", format!("column {name}: expected UTF-8")))?;
            if text.contains('\0') {
                return Err(("nul_character", format!("column {name}: a NUL cannot be stored")));
            }
            object.insert(name.clone(), text.into());
        }
        let from = out.len();
        out.extend_from_slice(serde_json::Value::Object(object).to_string().as_bytes());
        escape_from(out, from);
        Ok(())
    }
}

/// Escapes what was appended to `out` since `from`. Almost nothing ever needs it, so the usual
/// case is one look at the bytes.
fn escape_from(out: &mut Vec<u8>, from: usize) {
    let special = |byte: &u8| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r');
    let Some(first) = out.get(from..).and_then(|tail| tail.iter().position(special)) else {
        return;
    };
    let tail = out.split_off(from + first);
    for byte in tail {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            other => out.push(other),
        }
    }
}
