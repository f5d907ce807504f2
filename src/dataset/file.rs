//! How the files of a dataset are written: the checked `[file]` of a contract.

use encoding_rs::Encoding;

use super::Parts;
use crate::records::Format;

/// How the files are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOptions {
    /// `None`: by the key's suffix.
    pub format: Option<Format>,
    /// `None`: detected from the header.
    pub delimiter: Option<Vec<u8>>,
    /// The encoding of texts, unless a byte order mark says otherwise.
    pub encoding: &'static Encoding,
    /// Whether bytes that are invalid in the encoding become U+FFFD; otherwise they reject the row.
    pub replace_invalid: bool,
    /// The quote around fields that contain a delimiter.
    pub quote: Option<u8>,
    /// The byte that makes the next one literal.
    pub escape: Option<u8>,
    /// Lines that begin with this byte are comments.
    pub comment: Option<u8>,
    /// Whether a comment may also follow the fields of a row.
    pub trailing_comment: bool,
    /// Whether a row may end in a delimiter, with no field after it.
    pub trailing_delimiter: bool,
    /// The text that ends a row; `None`: a line end.
    pub record_end: Option<Vec<u8>>,
    /// The number of lines to skip before the header, or before the first row if there is no header.
    pub skip: u64,
    /// The number of rows at the end that are left out.
    pub skip_footer: usize,
    /// The number of rows of the header, whose names are joined. Without a header, columns are taken
    /// by position.
    pub header_rows: usize,
    /// Texts that mean null, unless they are quoted.
    pub null: Vec<String>,
    /// Whether spaces around values are removed, in texts as well.
    pub trim: bool,
    /// What happens to rows with fewer or more fields than the header.
    pub ragged: Ragged,
    /// The parts of an object that the dataset takes, each as a load of its own. `None`: the object is loaded as a
    /// whole, which of a workbook is the first visible sheet with cells.
    pub parts: Option<Parts>,
    /// In JSON the keys that lead to the array of records; `None`: nothing is around the records.
    pub records: Option<Vec<String>>,
}

/// What happens to rows whose number of fields differs from the header's. By default they are
/// rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ragged {
    /// Missing fields at the end of a row are null.
    pub pad: bool,
    /// Fields beyond the last column are ignored.
    pub truncate: bool,
}
