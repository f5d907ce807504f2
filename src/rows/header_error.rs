//! Why a file's header does not fit the contract: what was found, and what most likely explains it.

use std::fmt;

use crate::dataset::{Dataset, MissingColumn};

/// The most names of a header that a message shows, and the most characters of each.
const MAX_SHOWN_NAMES: usize = 20;
const MAX_SHOWN_CHARS: usize = 40;

/// Why a file's header does not fit the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderError {
    /// What is wrong, and what to do next.
    message: String,
    /// The names in the file; `None` where they may be values that the dataset protects.
    names: Option<Vec<String>>,
    line: Option<u64>,
    delimiter: Option<Vec<u8>>,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let Some(line) = self.line else { return Ok(()) };
        write!(f, "; line {line}")?;
        match self.delimiter.as_deref() {
            None => {}
            Some(b"\t") => f.write_str(", split at tabs")?,
            Some(text) => {
                write!(f, ", split at `{}`", String::from_utf8_lossy(text).escape_debug())?;
            }
        }
        let Some(names) = &self.names else {
            return f
                .write_str(", is not shown, because it may hold values that the dataset protects");
        };
        let shown = names.iter().take(MAX_SHOWN_NAMES).map(|name| shown(name));
        write!(f, ": {}", shown.collect::<Vec<_>>().join(", "))?;
        match names.len().checked_sub(MAX_SHOWN_NAMES) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}

impl std::error::Error for HeaderError {}

fn shown(name: &str) -> String {
    let start: String = name.trim().chars().take(MAX_SHOWN_CHARS).collect();
    let more = if name.trim().chars().count() > MAX_SHOWN_CHARS { ".." } else { "" };
    format!("`{}{more}`", start.escape_debug())
}

impl HeaderError {
    /// An error of a header with these names.
    pub(super) fn new(message: String, names: &[&str]) -> HeaderError {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        HeaderError { message, names: Some(names), line: None, delimiter: None }
    }

    /// Two names of the file mean the same column.
    pub(super) fn twice(name: &str, names: &[&str]) -> HeaderError {
        HeaderError::new(
            format!("two columns of the file are `{}`: rename one", name.trim()),
            names,
        )
    }

    /// Columns of the contract are missing. `found` says whether any other column was found, `unknown`
    /// are the names that the contract does not have.
    pub(super) fn missing(
        dataset: &Dataset,
        missing: &[String],
        found: bool,
        unknown: &[&str],
        names: &[&str],
    ) -> HeaderError {
        if !found {
            let message = format!(
                "no column of the contract is in the header: {}",
                likely_cause(dataset, names)
            );
            let protects = dataset.columns.iter().any(|column| column.protect.is_some());
            let mut error = HeaderError::new(message, names);
            // This may be a row and no header at all.
            error.names = error.names.filter(|_| !protects);
            return error;
        }
        let is_missing = |name: &String| missing.contains(name);
        let columns = || dataset.columns.iter().filter(|column| is_missing(&column.name));
        let required: Vec<&str> =
            columns().filter(|column| column.required).map(|c| c.name.as_str()).collect();
        let protected = columns().find(|column| column.protect.is_some());
        let (what, may_be_null) = match (&required[..], protected) {
            ([], Some(column)) => (format!("protected column {}", column.name), false),
            ([], None) => (
                format!("column {}", missing.join(", ")),
                dataset.policy.missing_column == MissingColumn::RejectFile,
            ),
            (required, _) => (format!("required column {}", required.join(", ")), false),
        };
        let advice = suggestion(dataset, missing, unknown)
            .unwrap_or_else(|| "add its spelling in the file to `from`".to_owned());
        let or_null = if may_be_null { ", or set missing_column = \"null\"" } else { "" };
        HeaderError::new(format!("{what} is not in the header: {advice}{or_null}"), names)
    }

    /// The same error with the line of the header, and the file's delimiter if it has one.
    #[must_use]
    pub fn at(self, line: u64, delimiter: Option<&[u8]>) -> HeaderError {
        HeaderError { line: Some(line), delimiter: delimiter.map(<[u8]>::to_vec), ..self }
    }
}

/// Why a header has none of the columns.
fn likely_cause(dataset: &Dataset, names: &[&str]) -> String {
    if let Some(cause) = other_kind(names) {
        return cause.to_owned();
    }
    if let ([name], true) = (names, dataset.file_columns().count() > 1) {
        let mark =
            name.trim().chars().find(|char| !char.is_alphanumeric() && !" _\"'.".contains(*char));
        let delimiter = match mark {
            Some(mark) => format!("delimiter = \"{}\"", mark.escape_debug()),
            None => "delimiter".to_owned(),
        };
        return format!(
            "it has one column only: set {delimiter}, or skip if lines come before the header"
        );
    }
    if names.iter().any(|name| looks_like_a_value(name)) {
        return "it looks like data: set header = false if the file has no header".to_owned();
    }
    "is this a file of the dataset? Set skip if lines come before the header, or add the file's \
     spellings to `from`"
        .to_owned()
}

/// What a file is that is not delimited text, or whose first line is none.
fn other_kind(names: &[&str]) -> Option<&'static str> {
    if names.iter().all(|name| name.trim().is_empty()) {
        return Some(
            "the line has nothing but blanks: set skip if such lines come before the header",
        );
    }
    let first = names.first()?.trim().to_ascii_lowercase();
    let is_any = |starts: &[&str]| starts.iter().any(|start| first.starts_with(start));
    if is_any(&["<!doctype", "<html", "<head", "<body"]) {
        Some("the file is a web page, such as an error or login page: get the data itself")
    } else if is_any(&["<"]) {
        Some("the file is XML, which is not read: convert it")
    } else if is_any(&["{", "["]) {
        Some("the file looks like JSON: set [file] format = \"jsonl\"")
    } else if is_any(&["version https://git-lfs"]) {
        Some("the file is a pointer of Git LFS: upload the file that it stands for")
    } else if is_any(&["%pdf-"]) {
        Some("the file is a PDF, which is not read")
    } else {
        None
    }
}

/// Whether a name reads like a number, a date or a time.
fn looks_like_a_value(name: &str) -> bool {
    let name = name.trim();
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let is_part = |char: char| char.is_ascii_digit() || "+-.,:/ TZ%$€£".contains(char);
    digits > 0 && name.chars().all(is_part)
}

/// Which unknown name of the file is most likely a missing column.
fn suggestion(dataset: &Dataset, missing: &[String], unknown: &[&str]) -> Option<String> {
    let mut found = Vec::new();
    for column in dataset.columns.iter().filter(|column| missing.contains(&column.name)) {
        let is_like =
            |name: &&&str| column.source.names().iter().any(|source| are_alike(source, name));
        let alone = match (missing, unknown) {
            ([_], [name]) => Some(name),
            _ => None,
        };
        if let Some(name) = unknown.iter().find(is_like).or(alone) {
            found.push(format!("add {} to `from` of {}", shown(name), column.name));
        }
    }
    (!found.is_empty()).then(|| found.join(", "))
}

/// Whether two names have the same letters and digits, or one of them has those of the other.
fn are_alike(one: &str, other: &str) -> bool {
    let letters = |name: &str| {
        name.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let (one, other): (String, String) = (letters(one), letters(other));
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    short == long || short.len() > 2 && long.contains(&short)
}
