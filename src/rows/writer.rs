//! Writes a record as one line of COPY text, or says why it cannot be loaded.

use std::borrow::Cow;

use super::copy_text::{self, push_number};
use super::enriched::Lookups;
use super::header::{Header, UnknownField};
use super::load_values::LoadValues;
use super::target::Target;
use super::width::Width;
use super::{no_value, protect, redact};
use crate::dataset::{Dataset, Protect, UnknownColumn};
use crate::records::{CsvFields, Kind, Record};

mod looked_up;
mod unknown;

/// Why a row cannot be loaded. Never holds a value of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The line of the file on which the row starts.
    pub line: u64,
    /// `None` where the row as a whole is wrong.
    pub column: Option<String>,
    /// The reason code, such as `invalid_integer`.
    pub code: &'static str,
    /// A sentence for people.
    pub reason: String,
}

/// Writes the records of one file as COPY lines for one dataset.
#[derive(Debug)]
pub struct RowWriter {
    columns: Vec<Target>,
    lookups: Lookups,
    unknown: Vec<UnknownField>,
    keeps_extra: bool,
    /// The fields at the end without a name, where the contract rejects unknown columns.
    forbidden: Vec<usize>,
    width: Width,
    nulls: Vec<Vec<u8>>,
    longest_null: usize,
    trim: bool,
    replace_invalid: bool,
    /// The encoding of the file.
    encoding: &'static str,
    salt: Vec<u8>,
    /// How a redacted row is written.
    csv: CsvFields,
}

/// The column, code and reason of a rejection.
type Wrong<'w> = (Option<&'w str>, &'static str, String);

/// A field's text, and what it is in its file format.
type Value<'r> = (Cow<'r, str>, Kind);

impl RowWriter {
    /// A writer for files with this header. `salt` goes into the hashes of protected values.
    pub fn new(dataset: &Dataset, header: &Header, salt: &str) -> Self {
        let columns = dataset.columns.iter().zip(&header.fields);
        let keeps_extra = dataset.policy.unknown_column == UnknownColumn::Keep;
        RowWriter {
            columns: columns
                .map(|(column, field)| Target::new(column, *field, dataset.required_for(column)))
                .collect(),
            lookups: Lookups::default(),
            unknown: if keeps_extra { header.unknown.clone() } else { Vec::new() },
            keeps_extra,
            forbidden: match dataset.policy.unknown_column {
                UnknownColumn::RejectFile => {
                    header.unknown.iter().map(|field| field.index).collect()
                }
                UnknownColumn::Keep | UnknownColumn::Ignore => Vec::new(),
            },
            width: Width::new(dataset, header),
            nulls: dataset.file.null.iter().map(|text| text.clone().into_bytes()).collect(),
            longest_null: dataset.file.null.iter().map(String::len).max().unwrap_or_default(),
            trim: dataset.file.trim,
            replace_invalid: dataset.file.replace_invalid,
            encoding: header.encoding.unwrap_or_else(|| dataset.file.encoding.name()),
            salt: salt.as_bytes().to_vec(),
            csv: CsvFields {
                delimiter: header.delimiter.clone(),
                quote: dataset.file.quote,
                escape: dataset.file.escape,
            },
        }
    }

    /// The same writer with the values of the columns that the file does not have. Without them, these
    /// are null.
    #[must_use]
    pub fn with_load_values(mut self, values: LoadValues) -> Self {
        for (column, derived) in self.columns.iter_mut().zip(values.0) {
            column.derived = derived;
        }
        self
    }

    /// Appends the record to `out` as one COPY line: the contract's columns, the line's number and
    /// the unknown columns as JSON. Does not change `out` where the record is rejected.
    ///
    /// # Errors
    ///
    /// [`Rejection`] for the first column that does not fit.
    pub fn write(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), Rejection> {
        let start = out.len();
        self.write_fields(record, out).map_err(|(column, code, reason)| {
            out.truncate(start);
            let padding = no_value::padding(record).map(|(code, reason)| (None, code, reason));
            let (column, code, reason) = padding.unwrap_or((column, code, reason));
            Rejection { line: record.line(), column: column.map(str::to_owned), code, reason }
        })
    }

    /// The record as it may be kept: its original bytes, or the same row without its protected
    /// values.
    pub fn redact<'r>(&self, record: &'r Record) -> Cow<'r, [u8]> {
        if self.columns.iter().all(|column| column.protect.is_none()) {
            return Cow::Borrowed(record.raw());
        }
        let fits = record.fault().is_none() && self.width.check(record).is_ok();
        Cow::Owned(redact::redact(record, &self.columns, &self.salt, &self.csv, fits))
    }

    fn write_fields<'w>(&'w self, record: &Record, out: &mut Vec<u8>) -> Result<(), Wrong<'w>> {
        if let Some((code, reason)) = record.fault() {
            return Err((self.faulty_column(record), code, reason.to_owned()));
        }
        self.width.check(record).map_err(|(code, reason)| (None, code, reason))?;
        if !self.forbidden.is_empty() {
            self.check_forbidden(record)?;
        }
        let whole = record.text();
        let is_verbatim = whole.is_some_and(|whole| copy_text::is_verbatim(whole.as_bytes()));
        let mut nulls = 0;
        let mut found = None;
        for column in &self.columns {
            let wrong = |code, reason| (Some(column.name.as_str()), code, reason);
            if let Some((text, kind)) = whole.and_then(|whole| self.plain(column, record, whole)) {
                if column.is_text && is_verbatim {
                    out.extend_from_slice(text.as_bytes());
                } else {
                    let written = column.write(text, kind, out);
                    written.map_err(|invalid| wrong(invalid.code, invalid.message))?;
                }
                out.push(b'\t');
                continue;
            }
            match self.value(column, record, whole).map_err(|(code, reason)| wrong(code, reason))? {
                None => {
                    self.write_absent(column, record, whole, &mut found, out)?;
                    nulls += 1;
                }
                Some((text, _)) if column.protect == Some(Protect::Sha256) => {
                    protect::push_hash(&self.salt, text.as_bytes(), out);
                }
                Some((text, kind)) => column
                    .write(&text, kind, out)
                    .map_err(|invalid| wrong(invalid.code, invalid.message))?,
            }
            out.push(b'\t');
        }
        if nulls == self.columns.len() {
            no_value::check(record).map_err(|(code, reason)| (None, code, reason))?;
        }
        push_number(record.line(), out);
        out.push(b'\t');
        self.write_unknown(record, out).map_err(|(code, reason)| (None, code, reason))?;
        out.push(b'\n');
        Ok(())
    }

    /// The column that a fault of the record is in.
    #[cold]
    fn faulty_column(&self, record: &Record) -> Option<&str> {
        let index = record.fault_field()?;
        let column = self.columns.iter().find(|column| column.field == Some(index));
        let unknown = || self.unknown.iter().find(|field| field.index == index);
        column.map(|column| column.name.as_str()).or_else(|| Some(unknown()?.name.as_str()))
    }

    /// The text of a field that is written as it is, and its kind. This is the fast way for nearly all fields; `None`
    /// where [`RowWriter::value`] has to look: the text may be null, or the contract changes it.
    #[inline]
    fn plain<'r>(
        &self,
        column: &Target,
        record: &Record,
        whole: &'r str,
    ) -> Option<(&'r str, Kind)> {
        let index = column.field.filter(|_| column.is_plain && !self.trim)?;
        let kind = record.kind(index);
        let text = record.field_in(whole, index)?;
        let may_be_null = text.len() <= self.longest_null && self.is_null(text.as_bytes(), false);
        (!may_be_null && kind.is_plain()).then_some((text, kind))
    }

    /// The text of a column's field and its kind, or `None` where it is null.
    ///
    /// # Errors
    ///
    /// The code and the reason where the field is not UTF-8.
    #[inline]
    fn value<'r>(
        &self,
        column: &Target,
        record: &'r Record,
        whole: Option<&'r str>,
    ) -> Result<Option<Value<'r>>, (&'static str, String)> {
        if column.protect == Some(Protect::Drop) {
            Ok(None)
        } else {
            self.unprotected(column, record, whole)
        }
    }

    /// The same, also where the value must not leave the loader.
    #[inline]
    fn unprotected<'r>(
        &self,
        column: &Target,
        record: &'r Record,
        whole: Option<&'r str>,
    ) -> Result<Option<Value<'r>>, (&'static str, String)> {
        let Some(index) = column.field else { return Ok(None) };
        let Some(bytes) = record.field(index) else { return Ok(None) };
        let kind = record.kind(index);
        if let Some((code, reason)) = column.refusal(kind) {
            return Err((code, reason.to_owned()));
        }
        let is_quoted_text = record.is_quoted(index) && column.keeps_quoted_null(kind);
        if kind == Kind::Null || self.is_null(bytes, is_quoted_text) {
            return Ok(None);
        }
        let checked = whole.and_then(|whole| record.field_in(whole, index));
        let mut text = match checked.map_or_else(|| std::str::from_utf8(bytes), Ok) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) if self.replace_invalid => String::from_utf8_lossy(bytes),
            Err(error) => {
                let at = record.offset_of(index, error.valid_up_to());
                return Err(("invalid_utf8", self.not_in_encoding(at)));
            }
        };
        if column.strip_nul && memchr::memchr(0, bytes).is_some() {
            text = Cow::Owned(text.replace('\0', ""));
            if self.is_null(text.as_bytes(), is_quoted_text) {
                return Ok(None);
            }
        }
        if self.trim {
            let trimmed = text.trim();
            if self.is_null(trimmed.as_bytes(), is_quoted_text) {
                return Ok(None);
            }
            text = match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            };
        }
        Ok(Some((text, kind)))
    }

    /// The reason for bytes that are not valid in the encoding, at an offset of the text in UTF-8.
    #[cold]
    fn not_in_encoding(&self, at: Option<u64>) -> String {
        match (at, self.encoding) {
            (None, _) => "expected UTF-8, found other bytes".to_owned(),
            (Some(at), "UTF-8") => {
                format!(
                    "expected UTF-8, found other bytes at byte {at} of the file (setting: encoding)"
                )
            }
            // Offsets in the file are not known behind other encodings.
            (_, other) => format!("expected {other}, found other bytes (setting: encoding)"),
        }
    }

    /// Whether a field is one of the contract's null texts, and not a text because of its quotes.
    fn is_null(&self, bytes: &[u8], is_quoted_text: bool) -> bool {
        !is_quoted_text && self.nulls.iter().any(|null| null == bytes)
    }
}
