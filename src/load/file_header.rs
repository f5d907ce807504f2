//! File header: matches the first records of a file with the columns of its dataset.

use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::records::Record;
use crate::rows::{Header, join_names};
use crate::settings::Settings;

/// The header that these records are. `delimiter` is shown in errors, where the file has one.
///
/// # Errors
///
/// [`ErrorKind::BadFile`] where the names are not valid texts or do not fit the contract,
/// [`ErrorKind::OverLimit`] where there are too many of them.
pub(super) fn header_of_records(
    settings: &Settings,
    dataset: &Dataset,
    records: &[Record],
    delimiter: Option<&[u8]>,
) -> Result<Header> {
    let mut rows = Vec::with_capacity(records.len());
    for record in records {
        rows.push(names_of(settings, dataset, record)?);
    }
    let names = match &rows[..] {
        [names] => names.clone(),
        rows => join_names(dataset, rows),
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let line = records.first().map_or(1, Record::line);
    let header = Header::by_name(dataset, &names)
        .map_err(|error| bad_file(error.at(line, delimiter).to_string()))?;
    Ok(Header { raw_rows: records.iter().map(|record| record.raw().to_vec()).collect(), ..header })
}

/// The error of a file that ends before its header does.
pub(super) fn no_header(dataset: &Dataset, found: usize) -> Error {
    let (skip, rows) = (dataset.file.skip, dataset.file.header_rows);
    bad_file(match (found, skip) {
        (0, 0) => "the file is empty: expected a header".to_owned(),
        (0, _) => format!("the file ends before its header: expected it after {skip} lines (skip)"),
        _ => format!("the file ends within its header: expected {rows} rows (header_rows)"),
    })
}

fn names_of(settings: &Settings, dataset: &Dataset, record: &Record) -> Result<Vec<String>> {
    if record.len() > settings.max_columns {
        let message = format!(
            "the header has {} columns, more than {} (STARDROP_MAX_COLUMNS)",
            record.len(),
            settings.max_columns
        );
        return Err(Error::new(ErrorKind::OverLimit, Stage::Rows, message));
    }
    if let Some((_, reason)) = record.fault() {
        return Err(bad_file(format!("line {}: the header has {reason}", record.line())));
    }
    if !record.raw().is_empty() && record.raw().iter().all(|byte| *byte == 0) {
        let message =
            "the first line has nothing but NUL characters: the file was not written to its end";
        return Err(bad_file(message.to_owned()));
    }
    if record.iter().any(|name| name.contains(&0)) {
        let message = "a column name in the header has a NUL character: if the file is UTF-16, set [file] encoding";
        return Err(bad_file(message.to_owned()));
    }
    if dataset.file.replace_invalid {
        return Ok(record.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect());
    }
    record
        .iter()
        .map(|name| std::str::from_utf8(name).map(str::to_owned))
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| {
            let message = "the header is not UTF-8: set [file] encoding";
            bad_file(message.to_owned()).caused_by(error)
        })
}

fn bad_file(message: String) -> Error {
    Error::new(ErrorKind::BadFile, Stage::Rows, message)
}
