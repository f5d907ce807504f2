//! Records: plain bytes in, records of byte fields out. Knows nothing of columns or types.
//!
//! A new format is one file here and one line in `FORMATS`.
//!
//! Readers are pushed to, so that they work in an async loop with flat memory:
//!
//! ```text
//! loop {
//!     match reader.next(&mut record)? {
//!         Step::Record => use(&record),
//!         Step::NeedMore => match stream.next().await { Some(bytes) => reader.push(&bytes), None => reader.end() },
//!         Step::End => break,
//!     }
//! }
//! ```

use std::fmt;

use crate::error::ErrorKind;

pub mod csv;
mod record;

pub use csv::{CsvOptions, CsvReader, Delimiter};
pub use record::Record;

/// A file format's reader: bytes are pushed in, records are taken out.
pub trait RecordReader: Send {
    /// Hands over the next bytes of the object. Records that are complete should be taken out
    /// with [`RecordReader::next`] before more is pushed: what is pushed is kept until then.
    fn push(&mut self, bytes: &[u8]);

    /// Says that no more bytes will come.
    fn end(&mut self);

    /// Fills `record` with the next record, or says what is missing.
    ///
    /// # Errors
    ///
    /// The file's structure is broken at a line. The reader has no more records then, and gives
    /// the same error again.
    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError>;
}

/// What [`RecordReader::next`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The record is filled.
    Record,
    /// Push more bytes, or say that there are no more.
    NeedMore,
    /// All records have been taken.
    End,
}

/// A break in a file's structure. Displayed as `line 14: message`; never holds a cell's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordError {
    /// What kind of error it is to the pipeline.
    pub kind: ErrorKind,
    /// The line of the file, counted from 1.
    pub line: u64,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for RecordError {}

/// Makes a reader that starts at the first byte of an object.
type Open = fn(&CsvOptions) -> Box<dyn RecordReader>;

/// Every format by name, with the suffixes of its keys; those without a reader are known, and
/// not supported yet.
static FORMATS: &[(&str, &[&str], Option<Open>)] = &[
    ("csv", &["csv", "tsv"], Some(|options| Box::new(CsvReader::new(options.clone())))),
    ("jsonl", &["jsonl", "ndjson"], None),
    ("xlsx", &["xlsx", "xlsm", "xls"], None),
    ("parquet", &["parquet"], None),
];

/// Suffixes of compressed files.
const COMPRESSED: &[&str] = &["gz", "zst", "bz2", "xz", "zip", "lz4", "snappy"];

/// A file format that can be read.
#[derive(Clone, Copy)]
pub struct Format {
    name: &'static str,
    open: Open,
}

impl Format {
    /// The format that a contract's `[file] format` names.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] where the name is unknown or its format is not supported yet.
    pub fn from_name(name: &str) -> Result<Format, Unsupported> {
        let Some((name, _, open)) = FORMATS.iter().find(|(known, ..)| *known == name) else {
            let known = FORMATS.iter().map(|(known, ..)| *known).collect::<Vec<_>>().join(", ");
            return Err(Unsupported(format!("unknown format `{name}`: known formats: {known}")));
        };
        let Some(open) = *open else {
            return Err(Unsupported(format!("format `{name}` is not supported yet")));
        };
        Ok(Format { name, open })
    }

    /// The format that the suffix of a key stands for, without regard to case.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] where the suffix is missing, unknown or not supported yet, compressed
    /// ones such as `.gz` included.
    pub fn from_key(key: &str) -> Result<Format, Unsupported> {
        let file = key.rsplit('/').next().unwrap_or_default();
        let Some((_, suffix)) = file.rsplit_once('.') else {
            return Err(Unsupported("the key has no suffix: set [file] format".to_owned()));
        };
        let suffix = suffix.to_ascii_lowercase();
        if COMPRESSED.contains(&suffix.as_str()) {
            return Err(Unsupported(format!("compressed files (.{suffix}) are not supported yet")));
        }
        match FORMATS.iter().find(|(_, suffixes, _)| suffixes.contains(&suffix.as_str())) {
            Some((name, ..)) => Format::from_name(name),
            None => {
                Err(Unsupported(format!("no format has the suffix .{suffix}: set [file] format")))
            }
        }
    }

    /// The name by which a contract calls the format.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A reader that starts at the first byte of an object.
    pub fn open(&self, options: &CsvOptions) -> Box<dyn RecordReader> {
        (self.open)(options)
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Format) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

/// The answer to a format that cannot be read, as a sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported(pub String);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsupported {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_of_a_key_names_its_format() {
        for (key, answer) in [
            ("sales/2024/a.csv", Ok("csv")),
            ("A.CSV", Ok("csv")),
            ("a.b.tsv", Ok("csv")),
            ("a.csv.gz", Err("compressed files (.gz) are not supported yet")),
            ("a.jsonl", Err("format `jsonl` is not supported yet")),
            ("a.xlsx", Err("format `xlsx` is not supported yet")),
            ("a.parquet", Err("format `parquet` is not supported yet")),
            ("a.doc", Err("no format has the suffix .doc: set [file] format")),
            ("folder.csv/a", Err("the key has no suffix: set [file] format")),
        ] {
            let given = Format::from_key(key).map_err(|unsupported| unsupported.0);
            let given = given.as_ref().map(Format::name).map_err(String::as_str);
            assert_eq!(given, answer, "{key}");
        }
        assert_eq!(Format::from_name("csv").map(|format| format.name()), Ok("csv"));
        assert!(Format::from_name("word").is_err_and(|why| why.0.contains("csv, jsonl")));
    }
}
