//! File: how the files of a dataset are written, checked.

use encoding_rs::Encoding;

use crate::records::Format;

/// How the files are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOptions {
    /// `None`: from the key's suffix.
    pub format: Option<Format>,
    /// `None`: detected from the header.
    pub delimiter: Option<Vec<u8>>,
    /// What texts are written in, unless a byte order mark says otherwise.
    pub encoding: &'static Encoding,
    /// Whether bytes that are none of the encoding become U+FFFD; else they reject the row.
    pub replace_invalid: bool,
    /// What fields with a delimiter in them are put in.
    pub quote: Option<u8>,
    /// A byte that takes all meaning from the next one.
    pub escape: Option<u8>,
    /// Lines that begin with this byte are no rows.
    pub comment: Option<u8>,
    /// So many lines before the header, or before the first row, are passed over.
    pub skip: u64,
    /// Without a header, columns are taken by position.
    pub header: bool,
    /// Texts that mean null, unless they are quoted.
    pub null: Vec<String>,
    /// Whether blanks around values are dropped, in texts as well.
    pub trim: bool,
    pub ragged: Ragged,
    /// The sheet of a workbook; `None`: the first one with cells.
    pub sheet: Option<String>,
}

/// What becomes of rows with another number of fields than the header. By default they are
/// rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ragged {
    /// Fields that a row lacks at its end are null.
    pub pad: bool,
    /// Fields beyond the last column are dropped.
    pub truncate: bool,
}
