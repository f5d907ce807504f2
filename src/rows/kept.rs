//! Kept: a record in, the text that may be kept of it out: none of its protected values.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::protect;
use super::writer::Target;
use crate::dataset::Protect;
use crate::records::{Kind, Record};

/// What is kept of a row whose fields cannot be told apart.
const WITHHELD: &[u8] =
    b"(withheld: fields are missing or too many, and the dataset protects some)";

/// The record as a line of delimited text, or of JSON where it came as that, in which hashes stand
/// for protected values. `fits` says that each field stands at its place.
pub(super) fn redacted(
    record: &Record,
    columns: &[Target],
    salt: &[u8],
    delimiter: &[u8],
    fits: bool,
) -> Vec<u8> {
    if !fits {
        return WITHHELD.to_vec();
    }
    if delimiter.is_empty() {
        return as_json(record, columns, salt);
    }
    let mut line = Vec::with_capacity(record.raw().len() + 64);
    for place in 0..record.len() {
        if place > 0 {
            line.extend_from_slice(delimiter);
        }
        let target = columns.iter().find(|column| column.field == Some(place));
        let value = record.field(place).unwrap_or_default();
        match target.and_then(|column| column.protect) {
            Some(Protect::Drop) => {}
            Some(Protect::Sha256) if value.is_empty() || record.kind(place) == Kind::Null => {}
            Some(Protect::Sha256) => protect::push_kept(salt, value, &mut line),
            None => push_field(value, record.is_quoted(place), &mut line),
        }
    }
    line
}

/// The record as an object of JSON, by the dataset's names for its columns.
fn as_json(record: &Record, columns: &[Target], salt: &[u8]) -> Vec<u8> {
    let mut object: BTreeMap<String, Box<RawValue>> =
        record.extra().and_then(|extra| serde_json::from_slice(extra).ok()).unwrap_or_default();
    for column in columns {
        let Some(place) = column.field else { continue };
        let value = record.field(place).unwrap_or_default();
        let text = match (record.kind(place), column.protect) {
            (Kind::Null, _) | (_, Some(Protect::Drop)) => continue,
            (_, Some(Protect::Sha256)) => {
                let mut hash = Vec::new();
                protect::push_kept(salt, value, &mut hash);
                String::from_utf8_lossy(&hash).into_owned()
            }
            // As it stands in the file: a number is no text, nor is an object.
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

/// Appends a field, in quotes where it had them or needs them.
fn push_field(value: &[u8], was_quoted: bool, line: &mut Vec<u8>) {
    if !was_quoted && !value.iter().any(|byte| matches!(byte, b'"' | b'\n' | b'\r')) {
        line.extend_from_slice(value);
        return;
    }
    line.push(b'"');
    for byte in value {
        if *byte == b'"' {
            line.push(b'"');
        }
        line.push(*byte);
    }
    line.push(b'"');
}
