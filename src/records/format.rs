//! Format: the name of a contract or the suffix of a key in, what opens readers out.

use std::fmt;

use super::excel;
use super::jsonl::JsonReader;
#[cfg(feature = "parquet")]
use super::parquet;
use super::{CsvOptions, CsvReader, RecordError, RecordReader, Spooled};
use crate::decode::is_compression_suffix;

/// What a reader has to know of the dataset.
#[derive(Debug, Clone, Default)]
pub struct ReaderOptions {
    /// How delimited text is written. Its header, skipped lines and largest record hold for all
    /// formats.
    pub csv: CsvOptions,
    /// For each column of the dataset, the names that it may have in a file: what a format without
    /// a header is asked for.
    pub names: Vec<Vec<String>>,
    /// The sheet of a workbook; the first one that has cells, where it is `None`.
    pub sheet: Option<String>,
}

/// How a format's files are opened.
#[derive(Clone, Copy)]
enum Open {
    /// From their first byte on.
    Stream(fn(&ReaderOptions) -> Box<dyn RecordReader>),
    /// From any place, once they are whole.
    Spooled(OpenSpooled),
    /// Not at all: this binary was built without the feature of that name.
    #[cfg(not(feature = "parquet"))]
    Without(&'static str),
}

type OpenSpooled =
    fn(Box<dyn Spooled>, &ReaderOptions) -> Result<Box<dyn RecordReader>, RecordError>;

const JSON: Open = Open::Stream(|options| Box::new(JsonReader::new(options)));
#[cfg(feature = "parquet")]
const PARQUET: Open = Open::Spooled(parquet::open);
#[cfg(not(feature = "parquet"))]
const PARQUET: Open = Open::Without("parquet");

/// Every format by name, with the suffixes of its keys, and whether its records give each field by
/// name, so that they come in the dataset's order and without a header.
static FORMATS: &[(&str, &[&str], bool, Open)] = &[
    (
        "csv",
        &["csv", "tsv", "tab", "psv", "txt"],
        false,
        Open::Stream(|options| Box::new(CsvReader::new(options.csv.clone()))),
    ),
    ("jsonl", &["jsonl", "ndjson", "json"], true, JSON),
    ("xlsx", &["xlsx", "xlsm", "xlsb", "xls", "ods"], false, Open::Spooled(excel::open)),
    ("parquet", &["parquet", "pq"], false, PARQUET),
];

/// A file format that can be read.
#[derive(Clone, Copy)]
pub struct Format {
    name: &'static str,
    is_named: bool,
    open: Open,
}

impl Format {
    /// The names of all formats.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FORMATS.iter().map(|(name, ..)| *name)
    }

    /// The format that a contract's `[file] format` names.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] where the name is unknown, or this binary was built without its format.
    pub fn from_name(name: &str) -> Result<Format, Unsupported> {
        match FORMATS.iter().find(|(known, ..)| *known == name) {
            #[cfg(not(feature = "parquet"))]
            Some((.., Open::Without(feature))) => Err(Unsupported(format!(
                "format `{name}` needs a build with the cargo feature `{feature}`"
            ))),
            Some((name, _, is_named, open)) => {
                Ok(Format { name, is_named: *is_named, open: *open })
            }
            None => {
                let known = Format::names().collect::<Vec<_>>().join(", ");
                Err(Unsupported(format!("unknown format `{name}`: known formats: {known}")))
            }
        }
    }

    /// The format that the suffix of a key stands for, without regard to case or to a suffix such
    /// as `.gz` after it.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] where the suffix is missing or unknown.
    pub fn from_key(key: &str) -> Result<Format, Unsupported> {
        let file = key.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let mut suffixes = file.rsplit('.').peekable();
        while suffixes.next_if(|suffix| is_compression_suffix(suffix)).is_some() {}
        let suffix = suffixes.next().filter(|_| suffixes.peek().is_some());
        let Some(suffix) = suffix else {
            let message = "the key has no suffix that names a format: set [file] format";
            return Err(Unsupported(message.to_owned()));
        };
        match FORMATS.iter().find(|(_, suffixes, ..)| suffixes.contains(&suffix)) {
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

    /// Whether its records give each field by name: they come in the order of
    /// [`ReaderOptions::names`], without a header.
    pub fn is_named(&self) -> bool {
        self.is_named
    }

    /// A reader that starts at the first byte of an object; `None` for a format whose files have
    /// to be spooled first.
    pub fn open_stream(&self, options: &ReaderOptions) -> Option<Box<dyn RecordReader>> {
        match self.open {
            Open::Stream(open) => Some(open(options)),
            _ => None,
        }
    }

    /// A reader of a file that has been spooled; `None` for a format that is streamed.
    pub fn open_spooled(
        &self,
        file: Box<dyn Spooled>,
        options: &ReaderOptions,
    ) -> Option<Result<Box<dyn RecordReader>, RecordError>> {
        match self.open {
            Open::Spooled(open) => Some(open(file, options)),
            _ => None,
        }
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
        let none = "the key has no suffix that names a format: set [file] format";
        for (key, answer) in [
            ("sales/2024/a.csv", Ok("csv")),
            ("A.CSV", Ok("csv")),
            ("a.b.tsv", Ok("csv")),
            ("a.csv.gz", Ok("csv")),
            ("a.csv.zst.zip", Ok("csv")),
            ("a.ndjson.gz", Ok("jsonl")),
            ("a.XLSX", Ok("xlsx")),
            ("a.parquet", Ok("parquet")),
            ("a.doc", Err("no format has the suffix .doc: set [file] format")),
            ("folder.csv/a", Err(none)),
            ("a.gz", Err(none)),
            ("gz", Err(none)),
            ("", Err(none)),
        ] {
            let given = Format::from_key(key).map_err(|unsupported| unsupported.0);
            let given = given.as_ref().map(Format::name).map_err(String::as_str);
            assert_eq!(given, answer, "{key}");
        }
        assert_eq!(Format::from_name("csv").map(|format| format.name()), Ok("csv"));
        assert!(Format::from_name("word").is_err_and(|why| why.0.contains("known formats: csv")));
    }
}
