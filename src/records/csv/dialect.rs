//! The options of a CSV reader, and the same in a form that is cheap to pass around.

use super::delimiter::Delimiter;

/// The longest delimiter, in bytes.
pub const MAX_DELIMITER_BYTES: usize = 8;

/// How to read a delimited file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// The text between two fields, or that the reader detects it.
    pub delimiter: Delimiter,
    /// The byte around fields that hold a delimiter or a line end. Within such a field it is doubled.
    pub quote: Option<u8>,
    /// The byte before a byte that is taken literally.
    pub escape: Option<u8>,
    /// The first byte of lines that are comments and not records.
    pub comment: Option<u8>,
    /// The number of lines to skip before the first record.
    pub skip: u64,
    /// Whether blanks around quoted fields are dropped.
    pub trim: bool,
    /// Whether the first record is the header. It is returned like any other, and marked as header.
    pub has_header: bool,
    /// The longest record, in bytes, without its line end. Memory is bounded by this and by the
    /// number of bytes that are pushed at once.
    pub max_record_bytes: usize,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions {
            delimiter: Delimiter::Detect,
            quote: Some(b'"'),
            escape: None,
            comment: None,
            skip: 0,
            trim: false,
            has_header: true,
            max_record_bytes: 4 << 20,
        }
    }
}

/// The bytes with a meaning in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    delimiter: [u8; MAX_DELIMITER_BYTES],
    delimiter_len: usize,
    pub quote: Option<u8>,
    pub escape: Option<u8>,
    /// Whether blanks around quoted fields are dropped.
    pub skip_blanks: bool,
}

impl Dialect {
    /// The options with this delimiter, of 1 to [`MAX_DELIMITER_BYTES`] bytes.
    pub fn new(delimiter: &[u8], options: &CsvOptions) -> Dialect {
        let mut bytes = [0; MAX_DELIMITER_BYTES];
        let delimiter_len = delimiter.len().min(MAX_DELIMITER_BYTES);
        for (to, from) in bytes.iter_mut().zip(delimiter) {
            *to = *from;
        }
        Dialect {
            delimiter: bytes,
            delimiter_len,
            quote: options.quote,
            escape: options.escape,
            skip_blanks: options.trim,
        }
    }

    /// The text between two fields.
    pub fn delimiter(&self) -> &[u8] {
        self.delimiter.get(..self.delimiter_len).unwrap_or_default()
    }

    /// The delimiter, if it is one byte.
    pub fn one_byte(&self) -> Option<u8> {
        match self.delimiter() {
            [byte] => Some(*byte),
            _ => None,
        }
    }

    /// The index of the first delimiter in `text`.
    pub fn find_delimiter(&self, text: &[u8]) -> Option<usize> {
        match self.one_byte() {
            Some(byte) => memchr::memchr(byte, text),
            None => memchr::memmem::find(text, self.delimiter()),
        }
    }

    /// The number of blanks at the start of `field` to drop before an opening quote.
    pub fn blanks(&self, field: &[u8]) -> usize {
        if !self.skip_blanks {
            return 0;
        }
        let blanks = field.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let quoted = field.get(blanks).is_some_and(|byte| Some(*byte) == self.quote);
        if quoted { blanks } else { 0 }
    }
}
