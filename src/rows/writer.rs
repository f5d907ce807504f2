//! Writer: a record and the column types in, one line of COPY text out.

use std::borrow::Cow;
use std::sync::Arc;

use super::copy_text::{escape_from, push_number};
use super::header::{Header, UnknownField};
use super::{kept, protect};
use crate::dataset::{Column, Dataset, Protect, Ragged, UnknownColumn};
use crate::records::{Kind, Record};
use crate::types::{ColumnType, Invalid, SqlType};

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
    unknown: Vec<UnknownField>,
    keeps_extra: bool,
    width: usize,
    ragged: Ragged,
    nulls: Vec<Vec<u8>>,
    trim: bool,
    replace_invalid: bool,
    salt: Vec<u8>,
    delimiter: Vec<u8>,
}

/// Where a column of the dataset comes from, and what it is to be.
#[derive(Debug)]
pub(super) struct Target {
    pub name: String,
    pub field: Option<usize>,
    column_type: Arc<dyn ColumnType>,
    native_type: Arc<dyn ColumnType>,
    is_text: bool,
    is_json: bool,
    /// Whether what the type writes may hold what COPY has to have escaped.
    needs_copy_escape: bool,
    is_temporal: bool,
    required: bool,
    strip_nul: bool,
    pub protect: Option<Protect>,
}

impl Target {
    fn new(column: &Column, field: Option<usize>) -> Target {
        let sql_type = column.column_type.sql_type();
        Target {
            name: column.name.clone(),
            field,
            column_type: Arc::clone(&column.column_type),
            native_type: Arc::clone(&column.native_type),
            is_text: sql_type == SqlType::Text,
            is_json: sql_type == SqlType::Jsonb,
            needs_copy_escape: sql_type.needs_copy_escape(),
            is_temporal: sql_type.is_temporal(),
            required: column.required,
            strip_nul: column.strip_nul,
            protect: column.protect,
        }
    }

    fn encode(&self, text: &str, kind: Kind, out: &mut Vec<u8>) -> Result<(), Invalid> {
        if kind == Kind::Quoted && self.is_json {
            return self.column_type.encode(&serde_json::Value::from(text).to_string(), out);
        }
        if kind != Kind::Native {
            return self.column_type.encode(text, out);
        }
        let from = out.len();
        let native = self.native_type.encode(text, out);
        // A plain number may be a date by the contract's `format`; a number in a number's column
        // is never read in the way of texts, where `1.234` may mean a thousand.
        if native.is_err() && self.is_temporal {
            out.truncate(from);
            // A workbook's midnight is a day.
            return match self.native_type.encode(&format!("{text} 00:00:00"), out) {
                Ok(()) => Ok(()),
                Err(_) => {
                    out.truncate(from);
                    self.column_type.encode(text, out)
                }
            };
        }
        native
    }
}

/// What is wrong with a row, and with which column.
type Wrong<'w> = (Option<&'w str>, &'static str, String);

/// A field's text, and what it is to its format.
type Value<'r> = (Cow<'r, str>, Kind);

impl RowWriter {
    /// A writer for files with this header. `salt` goes into the hashes of protected values.
    pub fn new(dataset: &Dataset, header: &Header, salt: &str) -> Self {
        let columns = dataset.columns.iter().zip(&header.fields);
        let keeps_extra = dataset.policy.unknown_column == UnknownColumn::Keep;
        RowWriter {
            columns: columns.map(|(column, field)| Target::new(column, *field)).collect(),
            unknown: if keeps_extra { header.unknown.clone() } else { Vec::new() },
            keeps_extra,
            width: header.width,
            ragged: dataset.file.ragged,
            nulls: dataset.file.null.iter().map(|text| text.clone().into_bytes()).collect(),
            trim: dataset.file.trim,
            replace_invalid: dataset.file.replace_invalid,
            salt: salt.as_bytes().to_vec(),
            delimiter: header.delimiter.clone(),
        }
    }

    /// Appends the record to `out` as one COPY line: the contract's columns, the line's number and
    /// the unknown columns as JSON. Leaves `out` as it was where the record is rejected.
    ///
    /// # Errors
    ///
    /// [`Rejection`] for the first column that does not fit.
    pub fn write(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), Rejection> {
        let start = out.len();
        self.write_fields(record, out).map_err(|(column, code, reason)| {
            out.truncate(start);
            Rejection { line: record.line(), column: column.map(str::to_owned), code, reason }
        })
    }

    /// The record as it may be kept: its original bytes, without what is protected.
    pub fn kept<'r>(&self, record: &'r Record) -> Cow<'r, [u8]> {
        if self.columns.iter().all(|column| column.protect.is_none()) {
            return Cow::Borrowed(record.raw());
        }
        let fits = record.fault().is_none() && self.check_width(record).is_ok();
        Cow::Owned(kept::redacted(record, &self.columns, &self.salt, &self.delimiter, fits))
    }

    fn check_width(&self, record: &Record) -> Result<(), String> {
        let found = record.len();
        let empty = |place| record.field(place).is_some_and(|field| field.trim_ascii().is_empty());
        let fits = found == self.width
            || found < self.width && self.ragged.pad
            || found > self.width && (self.ragged.truncate || (self.width..found).all(empty));
        if fits { Ok(()) } else { Err(format!("expected {} fields, found {found}", self.width)) }
    }

    fn write_fields<'w>(&'w self, record: &Record, out: &mut Vec<u8>) -> Result<(), Wrong<'w>> {
        if let Some((code, reason)) = record.fault() {
            return Err((None, code, reason.to_owned()));
        }
        self.check_width(record).map_err(|reason| (None, "field_count", reason))?;
        let whole = record.text();
        for column in &self.columns {
            let wrong = |code, reason| (Some(column.name.as_str()), code, reason);
            let from = out.len();
            match self.value(column, record, whole).map_err(|(code, reason)| wrong(code, reason))? {
                None if column.required => {
                    return Err(wrong("missing_value", "expected a value, found none".to_owned()));
                }
                None => {
                    out.extend_from_slice(b"\\N\t");
                    continue;
                }
                Some((text, _)) if column.protect == Some(Protect::Sha256) => {
                    protect::push_hash(&self.salt, text.as_bytes(), out);
                }
                Some((text, kind)) => column
                    .encode(&text, kind, out)
                    .map_err(|invalid| wrong(invalid.code, invalid.message))?,
            }
            if column.needs_copy_escape {
                escape_from(out, from);
            }
            out.push(b'\t');
        }
        push_number(record.line(), out);
        out.push(b'\t');
        self.write_unknown(record, out).map_err(|(code, reason)| (None, code, reason))?;
        out.push(b'\n');
        Ok(())
    }

    /// The text of a column's field and what it is to its format, or `None` where it is null.
    #[inline]
    fn value<'r>(
        &self,
        column: &Target,
        record: &'r Record,
        whole: Option<&'r str>,
    ) -> Result<Option<Value<'r>>, (&'static str, String)> {
        let Some(place) = column.field.filter(|_| column.protect != Some(Protect::Drop)) else {
            return Ok(None);
        };
        let Some(bytes) = record.field(place) else { return Ok(None) };
        let kind = record.kind(place);
        let quoted = record.is_quoted(place);
        // A json column can hold whatever JSON puts in quotes.
        let is_kept = quoted && (column.is_text || column.is_json && kind == Kind::Quoted);
        if kind == Kind::Null || self.is_null(bytes, is_kept) {
            return Ok(None);
        }
        let checked = whole.and_then(|whole| record.field_in(whole, place));
        let mut text = match checked.map_or_else(|| std::str::from_utf8(bytes), Ok) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) if self.replace_invalid => String::from_utf8_lossy(bytes),
            Err(error) => {
                let at = record.offset_of(place, error.valid_up_to());
                let at = at.map_or_else(String::new, |at| format!(" at byte {at} of the file"));
                return Err(("invalid_utf8", format!("expected UTF-8, found other bytes{at}")));
            }
        };
        if column.strip_nul && memchr::memchr(0, bytes).is_some() {
            text = Cow::Owned(text.replace('\0', ""));
            if self.is_null(text.as_bytes(), is_kept) {
                return Ok(None);
            }
        }
        if self.trim {
            let trimmed = text.trim();
            if self.is_null(trimmed.as_bytes(), is_kept) {
                return Ok(None);
            }
            text = match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            };
        }
        Ok(Some((text, kind)))
    }

    /// Whether a field is one of the contract's null texts. A quoted one is kept where the column can
    /// hold it, so that `""` stays an empty text.
    fn is_null(&self, bytes: &[u8], is_kept: bool) -> bool {
        !is_kept && self.nulls.iter().any(|null| null == bytes)
    }

    fn write_unknown(
        &self,
        record: &Record,
        out: &mut Vec<u8>,
    ) -> Result<(), (&'static str, String)> {
        let from = out.len();
        if let Some(extra) = record.extra().filter(|_| self.keeps_extra) {
            out.extend_from_slice(extra);
            escape_from(out, from);
            return Ok(());
        }
        let mut object = serde_json::Map::with_capacity(self.unknown.len());
        for UnknownField { place, name, is_blank } in &self.unknown {
            let bytes = record.field(*place).unwrap_or_default();
            if record.kind(*place) == Kind::Null || *is_blank && bytes.is_empty() {
                continue;
            }
            let text = match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) if self.replace_invalid => String::from_utf8_lossy(bytes),
                Err(_) => return Err(("invalid_utf8", format!("column {name}: expected UTF-8"))),
            };
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
}
