//! Dialect: how a delimited file is written, in a form that costs nothing to pass around.

/// The longest delimiter, in bytes.
pub const MAX_DELIMITER_BYTES: usize = 8;

/// The marks of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    delimiter: [u8; MAX_DELIMITER_BYTES],
    delimiter_len: usize,
    pub quote: Option<u8>,
    pub escape: Option<u8>,
    /// Blanks may stand before an opening quote.
    pub skip_blanks: bool,
}

impl Dialect {
    /// A dialect with this delimiter, of at least one and at most eight bytes.
    pub fn new(delimiter: &[u8], quote: Option<u8>, escape: Option<u8>, skip_blanks: bool) -> Self {
        let mut bytes = [0; MAX_DELIMITER_BYTES];
        let delimiter_len = delimiter.len().min(MAX_DELIMITER_BYTES);
        for (to, from) in bytes.iter_mut().zip(delimiter) {
            *to = *from;
        }
        Dialect { delimiter: bytes, delimiter_len, quote, escape, skip_blanks }
    }

    /// What stands between two fields.
    pub fn delimiter(&self) -> &[u8] {
        self.delimiter.get(..self.delimiter_len).unwrap_or_default()
    }

    /// The delimiter, where it is one byte.
    pub fn one_byte(&self) -> Option<u8> {
        match self.delimiter() {
            [byte] => Some(*byte),
            _ => None,
        }
    }

    /// Where the delimiter stands next in `text`.
    pub fn find_delimiter(&self, text: &[u8]) -> Option<usize> {
        match self.one_byte() {
            Some(byte) => memchr::memchr(byte, text),
            None => memchr::memmem::find(text, self.delimiter()),
        }
    }

    /// The blanks at the front of `field` that stand before an opening quote.
    pub fn blanks(&self, field: &[u8]) -> usize {
        if !self.skip_blanks {
            return 0;
        }
        let blanks = field.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let quoted = field.get(blanks).is_some_and(|byte| Some(*byte) == self.quote);
        if quoted { blanks } else { 0 }
    }
}
