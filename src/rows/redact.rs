//! Writes a record again without its protected values, so that a rejected row can be kept.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::protect;
use super::target::Target;
use crate::dataset::Protect;
use crate::records::{CsvFields, Kind, Record};

/// What is kept of a row whose fields cannot be matched with columns.
const WITHHELD: &[u8] =
    b"(withheld: its fields cannot be matched with columns, and the dataset protects some)";

/// The record as a line of delimited text, or of JSON where `csv` has no delimiter, in which
/// hashes replace protected values. `fits` says that each field is that of its column.
pub(super) fn redact(
    record: &Record,
    columns: &[Target],
    salt: &[u8],
    csv: &CsvFields,
    fits: bool,
) -> Vec<u8> {
    if !fits {
        return WITHHELD.to_vec();
    }
    if csv.delimiter.is_empty() {
        return as_json(record, columns, salt);
    }
    let mut line = Vec::with_capacity(record.raw().len() + 64);
    for index in 0..record.len() {
        if index > 0 {
            line.extend_from_slice(&csv.delimiter);
        }
        let target = columns.iter().find(|column| column.field == Some(index));
        let value = record.field(index).unwrap_or_default();
        match target.and_then(|column| column.protect) {
            Some(Protect::Drop) => {}
            Some(Protect::Sha256) if value.is_empty() || record.kind(index) == Kind::Null => {}
            Some(Protect::Sha256) => protect::push_marked_hash(salt, value, &mut line),
            // A null text with an escape in it would mean another text in quotes.
            None if record.kind(index) == Kind::Null => line.extend_from_slice(value),
            None => csv.push(value, record.is_quoted(index), &mut line),
        }
    }
    line
}

/// The record as an object of JSON, by the dataset's names for its columns.
fn as_json(record: &Record, columns: &[Target], salt: &[u8]) -> Vec<u8> {
    let mut object: BTreeMap<String, Box<RawValue>> =
        record.extra().and_then(|extra| serde_json::from_slice(extra).ok()).unwrap_or_default();
    for column in columns {
        let Some(index) = column.field else { continue };
        let value = record.field(index).unwrap_or_default();
        let text = match (record.kind(index), column.protect) {
            (Kind::Null, _) | (_, Some(Protect::Drop)) => continue,
            (_, Some(Protect::Sha256)) => {
                let mut hash = Vec::new();
                protect::push_marked_hash(salt, value, &mut hash);
                String::from_utf8_lossy(&hash).into_owned()
            }
            // A number or an object stays one, as it is in the file.
            (Kind::Native, None) => {
                if let Ok(json) = serde_json::from_slice(value) {
                    object.insert(column.name.clone(), json);
                }
                continue;
            }
            (_, None) => String::from_utf8_lossy(value).into_owned(),
        };
        if let Ok(json) = serde_json::value::to_raw_value(&text) {
            object.insert(column.name.clone(), json);
        }
    }
    serde_json::to_vec(&object).unwrap_or_default()
}
