//! The list of file formats, and which one a contract or the suffix of a key names.
//!
//! A new format is one file in this folder and one line in `FORMATS`.

use std::fmt;

use super::excel;
use super::footer::FooterReader;
use super::jsonl::JsonReader;
use super::options::ReaderOptions;
use super::parquet;
use super::{CsvReader, RecordError, RecordReader, Spooled};
use crate::decode::is_compression_suffix;

/// How the files of a format are opened.
#[derive(Clone, Copy)]
enum Open {
    /// From a stream of their bytes.
    Stream(fn(&ReaderOptions) -> Box<dyn RecordReader>),
    /// From a file on disk, because reading starts at the end.
    Spooled(OpenSpooled),
}

type OpenSpooled =
    fn(Box<dyn Spooled>, &ReaderOptions) -> Result<Box<dyn RecordReader>, RecordError>;

const CSV: Open =
    Open::Stream(|options| without_footer(Box::new(CsvReader::new(options.csv.clone())), options));
const JSON: Open = Open::Stream(|options| Box::new(JsonReader::new(options)));
const EXCEL: Open = Open::Spooled(|file, options| {
    excel::open(file, options).map(|reader| without_footer(reader, options))
});
const PARQUET: Open = Open::Spooled(parquet::open);

fn without_footer(reader: Box<dyn RecordReader>, options: &ReaderOptions) -> Box<dyn RecordReader> {
    match (options.csv.header_rows, options.csv.skip_footer) {
        (_, 0) => reader,
        (header_rows, count) => Box::new(FooterReader::new(reader, header_rows, count)),
    }
}

/// Where a format has the names of its columns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// In the first rows of the file.
    InRows,
    /// In the file's schema, which the reader returns as one row.
    InSchema,
    /// At each field.
    AtFields,
}

/// Every format: its name, its suffixes, where it has the names of its columns, and how to open it.
static FORMATS: &[Format] = &[
    Format::new("csv", &["csv", "tsv", "tab", "psv", "txt"], Names::InRows, CSV),
    Format::new("jsonl", &["jsonl", "ndjson", "json"], Names::AtFields, JSON),
    Format::new("xlsx", &["xlsx", "xlsm", "xlsb", "xls", "ods"], Names::InRows, EXCEL),
    Format::new("parquet", &["parquet", "pq"], Names::InSchema, PARQUET),
];

/// What to do instead of uploading an archive.
const ONE_BY_ONE: &str = "upload its files one by one, each compressed if you like";

/// Suffixes of files that cannot be read, what these are, and what to do about it.
static OTHER_KINDS: &[(&[&str], &str, &str)] = &[
    (&["tar", "tgz", "tbz", "tbz2", "txz", "tzst", "taz"], "a tar archive", ONE_BY_ONE),
    (&["7z"], "a 7z archive", ONE_BY_ONE),
    (&["rar"], "a rar archive", ONE_BY_ONE),
    (&["z"], "a file of compress", "use gzip"),
    (&["lz4"], "an lz4 file", "use zstd or gzip"),
    (&["lz", "lzma", "lzo"], "an lzip, LZMA or LZO file", "use xz or gzip"),
    (&["br"], "a Brotli file", "use zstd or gzip"),
    (&["snappy", "sz"], "a snappy file", "use zstd or gzip"),
    (&["avro"], "an Avro file", "use Parquet"),
    (&["orc"], "an ORC file", "use Parquet"),
    (&["arrow", "feather"], "an Arrow file", "use Parquet"),
    (&["html", "htm", "xml"], "a web page or XML", "save it as CSV"),
    (&["pdf"], "a PDF", "save its table as CSV"),
];

fn other_kind(suffix: &str) -> Option<(&'static str, &'static str)> {
    let other = OTHER_KINDS.iter().find(|(suffixes, ..)| suffixes.contains(&suffix));
    other.map(|(_, kind, advice)| (*kind, *advice))
}

/// A file format that can be read.
#[derive(Clone, Copy)]
pub struct Format {
    name: &'static str,
    suffixes: &'static [&'static str],
    names: Names,
    open: Open,
}

impl Format {
    const fn new(
        name: &'static str,
        suffixes: &'static [&'static str],
        names: Names,
        open: Open,
    ) -> Format {
        Format { name, suffixes, names, open }
    }

    /// The names of all formats.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FORMATS.iter().map(|format| format.name)
    }

    /// The format that a contract's `[file] format` names.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] if the name is unknown.
    pub fn from_name(name: &str) -> Result<Format, Unsupported> {
        match FORMATS.iter().find(|format| format.name == name) {
            Some(format) => Ok(*format),
            None => {
                let known = Format::names().collect::<Vec<_>>().join(", ");
                Err(Unsupported(format!("unknown format `{name}`: must be one of {known}")))
            }
        }
    }

    /// The format that the suffix of a key names, in any case. Suffixes of compressed files after it,
    /// such as `.gz`, are ignored.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] if the suffix is missing or unknown.
    pub fn from_key(key: &str) -> Result<Format, Unsupported> {
        let file = key.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let mut suffixes = file.rsplit('.').peekable();
        while suffixes.next_if(|suffix| is_compression_suffix(suffix)).is_some() {}
        let suffix = suffixes.next().filter(|_| suffixes.peek().is_some());
        let Some(suffix) = suffix else {
            let message = "the key has no suffix that names a format: set [file] format";
            return Err(Unsupported(message.to_owned()));
        };
        match FORMATS.iter().find(|format| format.suffixes.contains(&suffix)) {
            Some(format) => Format::from_name(format.name),
            None => Err(Unsupported(match other_kind(suffix) {
                Some((kind, advice)) => {
                    format!(
                        "the suffix .{suffix} is that of {kind}, which cannot be read: {advice}"
                    )
                }
                None => format!("no format has the suffix .{suffix}: set [file] format"),
            })),
        }
    }

    /// The format that an object of 0 bytes is read as, whatever its key says: one in which it has no rows.
    pub fn of_no_bytes() -> Format {
        Format::new("csv", &[], Names::InRows, CSV)
    }

    /// The name of the format in a contract.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether its files have sheets.
    pub fn has_sheets(&self) -> bool {
        self.name == "xlsx"
    }

    /// The number of records at the start of a file that are its header, where the contract says
    /// `header_rows`. None where each record names its fields: these are in the order of
    /// [`ReaderOptions::names`] then.
    pub fn header_rows(&self, header_rows: usize) -> usize {
        match self.names {
            Names::InRows => header_rows,
            Names::InSchema => header_rows.min(1),
            Names::AtFields => 0,
        }
    }

    /// Whether files have the rows that `skip` and `skip_footer` leave out.
    pub fn has_other_rows(&self) -> bool {
        self.names == Names::InRows
    }

    /// Whether a name such as `a.b` means a part of the value `a`.
    pub fn has_parts(&self) -> bool {
        self.names != Names::InRows
    }

    /// Whether its texts must be valid before they are split into records.
    pub fn needs_valid_text(&self) -> bool {
        self.names == Names::AtFields
    }

    /// A reader that starts at the first byte of an object; `None` for a format whose files must be
    /// spooled first.
    pub fn open_stream(&self, options: &ReaderOptions) -> Option<Box<dyn RecordReader>> {
        match self.open {
            Open::Stream(open) => Some(open(options)),
            _ => None,
        }
    }

    /// A reader of a file that has been spooled; `None` for a format that is streamed.
    ///
    /// # Errors
    ///
    /// As [`RecordReader::next`]: the file is damaged, or not of this format.
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

/// Why a format cannot be read, as a sentence for the user.
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
            (
                "a.csv.tar.gz",
                Err("the suffix .tar is that of a tar archive, which cannot be read: \
                                  upload its files one by one, each compressed if you like"),
            ),
            (
                "a.TGZ",
                Err("the suffix .tgz is that of a tar archive, which cannot be read: \
                           upload its files one by one, each compressed if you like"),
            ),
            (
                "a.csv.Z",
                Err("the suffix .z is that of a file of compress, which cannot be read: \
                             use gzip"),
            ),
            ("folder.csv/a", Err(none)),
            ("a.gz", Err(none)),
            ("gz", Err(none)),
            ("", Err(none)),
        ] {
            let given = Format::from_key(key).map_err(|unsupported| unsupported.0);
            let given = given.as_ref().map(Format::name).map_err(String::as_str);
            assert_eq!(given, answer, "{key}");
        }
        for suffix in ["tar", "tar.bz2", "tar.xz", "tar.zst", "txz", "7z", "rar", "avro", "lz4"] {
            let why = Format::from_key(&format!("a.csv.{suffix}")).expect_err(suffix);
            assert!(why.0.contains("cannot be read"), "{why}");
        }
        assert_eq!(Format::from_name("csv").map(|format| format.name()), Ok("csv"));
        assert!(Format::from_name("word").is_err_and(|why| why.0.contains("must be one of csv")));
    }
}
