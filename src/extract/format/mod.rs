//! Format: what files are written as. A format is a file or folder here, and a line in [`FORMATS`].

mod csv;
mod fields;
mod parquet;

use std::io::Write;

use super::compress::Compression;
use super::extract_error;
use super::table::Table;
use crate::error::{Error, ErrorKind, Result};

/// Every format. The first one is the default.
pub const FORMATS: &[&Format] = &[&csv::FORMAT, &parquet::FORMAT];

/// A format of files.
#[derive(Debug)]
pub struct Format {
    /// Its name in options and in contracts.
    pub name: &'static str,
    /// Whether files are compressed as a whole, so that their names end in `.zst` or `.gz`.
    pub(super) is_compressed_whole: bool,
    /// What a contract says of the format's nulls, above `[file]`.
    pub(super) about_nulls: &'static str,
    /// Begins a file.
    pub(super) begin: fn(Start<'_>) -> Result<Box<dyn FileWriter>>,
}

impl Format {
    /// The format of that name.
    ///
    /// # Errors
    ///
    /// The names that there are.
    pub fn parse(name: &str) -> Result<&'static Format, String> {
        let found = FORMATS.iter().find(|format| format.name == name);
        found.copied().ok_or_else(|| format!("expected {}", Format::names().join(" or ")))
    }

    /// The names of all formats.
    pub fn names() -> Vec<&'static str> {
        FORMATS.iter().map(|format| format.name).collect()
    }

    /// The end of a file's name: `csv.zst`.
    pub(super) fn suffix(&self, compression: Compression) -> String {
        let compressed = if self.is_compressed_whole { compression.suffix() } else { "" };
        format!("{}{compressed}", self.name)
    }

    /// The end of the names of files, whatever their compression is, as a pattern: `csv*`.
    pub(super) fn pattern(&self) -> String {
        format!("{}{}", self.name, if self.is_compressed_whole { "*" } else { "" })
    }
}

/// What a file begins with.
pub(super) struct Start<'s> {
    pub table: &'s Table,
    /// The line of CSV with the names of the columns.
    pub header: &'s [u8],
    pub compression: Compression,
    /// Where the file is written to.
    pub out: Box<dyn Write + Send>,
}

/// Writes one file. It takes rows as CSV, which is how sources send them: null is nothing, each text is quoted.
pub(super) trait FileWriter: Send {
    /// Takes whole rows, and writes what is ready of the file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SourceValue`] for a value that the format cannot hold; that of
    /// [`unwritten`].
    fn push(&mut self, rows: &[u8]) -> Result<()>;

    /// Writes the rest of the file.
    ///
    /// # Errors
    ///
    /// As [`FileWriter::push`].
    fn finish(self: Box<Self>) -> Result<()>;
}

/// The error of a format's library, and of writing, which fails only if the upload has.
fn unwritten(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    extract_error(ErrorKind::SourceLost, "the rows could not be written").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_say_how_they_are_read() {
        let suffix = |name, compression| Format::parse(name).unwrap().suffix(compression);
        assert_eq!(suffix("csv", Compression::Zstd), "csv.zst");
        assert_eq!(suffix("csv", Compression::None), "csv");
        // Compressed inside, so that a part of the file can be read alone.
        assert_eq!(suffix("parquet", Compression::Zstd), "parquet");
        assert_eq!(Format::parse("xlsx").unwrap_err(), "expected csv or parquet");
    }
}
