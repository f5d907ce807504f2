//! Looks values up in a table: a CSV file with a header, which is held in memory.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::wanted::{Found, Wanted};
use super::{About, Lookup, Request, Values};
use crate::dataset::{Column, suggestion};
use crate::decode::{DecodeOptions, Decoded, Decoder};
use crate::records::{CsvOptions, CsvReader, Record, RecordReader, Step};
use crate::types::Invalid;

/// The most bytes that a compressed table may decompress to.
const MAX_BYTES: u64 = 1 << 30;

/// A table that was checked.
#[derive(Debug)]
struct Table {
    /// The values of each row, by its key as the type of the column `from` writes it.
    rows: HashMap<Box<str>, Values>,
    unknown: Values,
}

/// Checks and opens a table.
///
/// # Errors
///
/// What is wrong with it, with the line, or a column that it does not have.
pub(super) fn open(request: &Request<'_>) -> Result<(Box<dyn Lookup>, About), String> {
    let Request { dataset, enrichment, wanted, bytes } = request;
    let from = dataset.column(&enrichment.from);
    let from = from.ok_or_else(|| format!("there is no column `{}`", enrichment.from))?;
    let key = enrichment.key.as_ref().unwrap_or(&enrichment.from);
    let mut records = Records::of(bytes)?;
    let mut record = Record::new();
    if !records.next(&mut record)? {
        return Err("it is empty: expected a header".to_owned());
    }
    let header = texts(&record)?;
    let layout = Layout {
        from,
        key: field(&header, key).ok_or_else(|| no_such_column("the key", key, &header))?,
        width: header.len(),
        columns: wanted
            .iter()
            .map(|wanted| layout_of(wanted, &header))
            .collect::<Result<_, _>>()?,
    };
    let mut rows = HashMap::new();
    let mut lines: HashMap<Box<str>, u64> = HashMap::new();
    while records.next(&mut record)? {
        let (key, values) =
            layout.row(&record).map_err(|message| format!("line {}: {message}", record.line()))?;
        if let Some(line) = lines.insert(key.clone(), record.line()) {
            return Err(format!("line {}: it has the key of line {line} again", record.line()));
        }
        rows.insert(key, values);
    }
    let unknown = wanted.iter().map(|_| None).collect();
    Ok((Box::new(Table { rows, unknown }), About { file_type: "csv".to_owned(), built: None }))
}

impl Lookup for Table {
    fn find(&self, value: &str) -> Result<Values, Invalid> {
        Ok(Arc::clone(self.rows.get(value).unwrap_or(&self.unknown)))
    }
}

/// Where the fields of a row belong.
struct Layout<'r> {
    from: &'r Column,
    /// The field with the key.
    key: usize,
    width: usize,
    columns: Vec<(usize, &'r Wanted)>,
}

impl Layout<'_> {
    /// The key and the values of a row.
    fn row(&self, record: &Record) -> Result<(Box<str>, Values), String> {
        if let Some((_, reason)) = record.fault() {
            return Err(reason.to_owned());
        }
        let fields = texts(record)?;
        if fields.len() != self.width {
            return Err(format!("expected {} fields, found {}", self.width, fields.len()));
        }
        let key = fields.get(self.key).copied().unwrap_or_default();
        if key.is_empty() {
            return Err("expected a key, found none".to_owned());
        }
        let mut canonical = Vec::new();
        let from = &self.from;
        from.column_type.encode(key, &mut canonical).map_err(|invalid| {
            format!("the key is not of the type of column `{}`: {}", from.name, invalid.message)
        })?;
        let canonical =
            String::from_utf8(canonical).map_err(|_| "the key is not text".to_owned())?;
        let values = self.columns.iter().map(|(field, wanted)| {
            let text = fields.get(*field).copied().unwrap_or_default();
            if text.is_empty() {
                return Ok(None);
            }
            let encoded = wanted.encode(Found::Text(text)).map(Some);
            encoded.map_err(|invalid| format!("column `{}`: {}", wanted.name, invalid.message))
        });
        Ok((canonical.into_boxed_str(), values.collect::<Result<_, _>>()?))
    }
}

fn layout_of<'r>(wanted: &'r Wanted, header: &[&str]) -> Result<(usize, &'r Wanted), String> {
    let found = wanted.paths.iter().find_map(|path| field(header, path));
    let name = wanted.paths.join("` or `");
    let missing = || no_such_column(&format!("column `{}`", wanted.name), &name, header);
    Ok((found.ok_or_else(missing)?, wanted))
}

/// The field of that name, whatever its case and the blanks around it.
fn field(header: &[&str], name: &str) -> Option<usize> {
    let folded = name.trim().to_lowercase();
    header.iter().position(|field| field.trim().to_lowercase() == folded)
}

fn no_such_column(what: &str, name: &str, header: &[&str]) -> String {
    let hint = suggestion(name, header.iter().copied());
    format!("{what}: its header has no `{name}`{hint}; it has: {}", header.join(", "))
}

/// The fields as texts, without the blanks around them.
fn texts(record: &Record) -> Result<Vec<&str>, String> {
    let text = |field| std::str::from_utf8(field).map(str::trim);
    record.iter().map(text).collect::<Result<_, _>>().map_err(|_| "it is not UTF-8".to_owned())
}

/// The records of a CSV file.
struct Records<'b> {
    reader: CsvReader,
    decoder: Decoder,
    rest: Option<&'b Bytes>,
}

impl<'b> Records<'b> {
    fn of(bytes: &'b Bytes) -> Result<Records<'b>, String> {
        let reader = CsvReader::new(CsvOptions::default());
        let options = DecodeOptions { max_bytes: MAX_BYTES, ..DecodeOptions::default() };
        Ok(Records { reader, decoder: Decoder::new(options), rest: Some(bytes) })
    }

    /// Reads the next record; false at the end.
    fn next(&mut self, record: &mut Record) -> Result<bool, String> {
        loop {
            match self.reader.next(record).map_err(|error| error.to_string())? {
                Step::Record => return Ok(true),
                Step::End => return Ok(false),
                Step::NeedMore => loop {
                    match self.decoder.next().map_err(|error| error.to_string())? {
                        Decoded::Bytes(bytes) => break self.reader.push(&bytes),
                        Decoded::End => break self.reader.end(),
                        Decoded::NeedMore => match self.rest.take() {
                            Some(bytes) => self.decoder.push(bytes.clone()),
                            None => self.decoder.end(),
                        },
                    }
                },
            }
        }
    }
}
