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
    /// Whether a comment may also follow the fields of a record, on the same line.
    pub trailing_comment: bool,
    /// The text that ends a record, of 1 to [`MAX_DELIMITER_BYTES`] bytes; `None`: a line end.
    pub record_end: Option<Vec<u8>>,
    /// The number of lines to skip before the first record.
    pub skip: u64,
    /// The null texts that have an escape in them, such as `\N`: a field without quotes that is one of
    /// them is null before its escapes are read.
    pub escaped_nulls: Vec<Vec<u8>>,
    /// Whether blanks around quoted fields are dropped.
    pub trim: bool,
    /// Whether records may end in a delimiter, behind which is no field.
    pub trailing_delimiter: bool,
    /// The number of records at the start that are the header. They are returned like any other.
    pub header_rows: usize,
    /// The number of records at the end that are left out.
    pub skip_footer: usize,
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
            trailing_comment: false,
            record_end: None,
            skip: 0,
            escaped_nulls: Vec::new(),
            trim: false,
            trailing_delimiter: false,
            header_rows: 1,
            skip_footer: 0,
            max_record_bytes: 4 << 20,
        }
    }
}

/// A text of at most [`MAX_DELIMITER_BYTES`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Short {
    bytes: [u8; MAX_DELIMITER_BYTES],
    len: usize,
}

impl Short {
    fn new(text: &[u8]) -> Short {
        let mut bytes = [0; MAX_DELIMITER_BYTES];
        for (to, from) in bytes.iter_mut().zip(text) {
            *to = *from;
        }
        Short { bytes, len: text.len().min(MAX_DELIMITER_BYTES) }
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The bytes with a meaning in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    delimiter: Short,
    record_end: Option<Short>,
    pub quote: Option<u8>,
    pub escape: Option<u8>,
    /// What starts a comment line.
    comment: Option<u8>,
    /// What starts a comment behind the fields of a record.
    pub trailing_comment: Option<u8>,
    /// Whether a CR alone ends a record: not in a file whose first record ends in LF or CRLF.
    pub cr_ends: bool,
    /// Whether blanks around quoted fields are dropped.
    pub skip_blanks: bool,
    /// The longest record, in bytes.
    pub max_record_bytes: usize,
}

impl Dialect {
    /// The options with this delimiter, of 1 to [`MAX_DELIMITER_BYTES`] bytes.
    pub fn new(delimiter: &[u8], options: &CsvOptions) -> Dialect {
        Dialect {
            delimiter: Short::new(delimiter),
            record_end: options.record_end.as_deref().map(Short::new),
            quote: options.quote,
            escape: options.escape,
            comment: options.comment,
            cr_ends: true,
            trailing_comment: options.comment.filter(|_| options.trailing_comment),
            skip_blanks: options.trim,
            max_record_bytes: options.max_record_bytes,
        }
    }

    /// The same dialect, in which a CR alone ends a record or does not.
    pub fn with_cr(self, cr_ends: bool) -> Dialect {
        Dialect { cr_ends, ..self }
    }

    /// The text between two fields.
    pub fn delimiter(&self) -> &[u8] {
        self.delimiter.as_slice()
    }

    /// The text that ends a record, where it is not a line end.
    #[inline]
    pub fn record_end(&self) -> Option<&[u8]> {
        self.record_end.as_ref().map(Short::as_slice)
    }

    /// The delimiter, if it is one byte.
    pub(crate) fn one_byte(&self) -> Option<u8> {
        match self.delimiter() {
            [byte] => Some(*byte),
            _ => None,
        }
    }

    /// The index of the first delimiter in `text`.
    pub(crate) fn find_delimiter(&self, text: &[u8]) -> Option<usize> {
        match self.one_byte() {
            Some(byte) => memchr::memchr(byte, text),
            None => memchr::memmem::find(text, self.delimiter()),
        }
    }

    /// Whether an escape before this byte makes it an ordinary one: it is a mark of the dialect, or one
    /// of the quotes that programs escape without need.
    pub fn is_escapable(&self, byte: u8) -> bool {
        let is_mark = [self.quote, self.escape, self.comment].contains(&Some(byte));
        is_mark
            || b"\r\n\"'".contains(&byte)
            || self.delimiter().contains(&byte)
            || self.record_end().is_some_and(|end| end.contains(&byte))
            || self.skip_blanks && is_blank(byte)
    }

    /// The number of blanks at the start of `text` that are no part of a delimiter.
    pub fn leading_blanks(&self, text: &[u8]) -> usize {
        let mut rest = text;
        while !rest.starts_with(self.delimiter())
            && let Some((_, after)) = split_blank(rest)
        {
            rest = after;
        }
        text.len() - rest.len()
    }

    /// `text` without the blanks at its end that are no part of a delimiter of one byte.
    pub fn without_blanks_at_end<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let mut rest = text;
        while rest.last().copied() != self.one_byte()
            && let Some((before, _)) = split_last_blank(rest)
        {
            rest = before;
        }
        rest
    }

    /// The number of blanks at the start of `field` to drop before an opening quote.
    pub fn blanks(&self, field: &[u8]) -> usize {
        if !self.skip_blanks {
            return 0;
        }
        let blanks = self.leading_blanks(field);
        let quoted = field.get(blanks).is_some_and(|byte| Some(*byte) == self.quote);
        if quoted { blanks } else { 0 }
    }
}

/// Whether a byte is a space or a tab.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether a text in UTF-8 has nothing but blanks: spaces, tabs and those of Unicode, such as a no-break space.
pub(super) fn has_blanks_only(mut text: &[u8]) -> bool {
    while let Some((_, rest)) = split_blank(text) {
        text = rest;
    }
    text.is_empty()
}

/// The blank at the start of a text in UTF-8, and what follows it.
fn split_blank(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = *text.first()?;
    if first.is_ascii() {
        return if is_blank(first) { text.split_at_checked(1) } else { None };
    }
    (2..=MAX_BLANK_BYTES)
        .filter_map(|length| text.split_at_checked(length))
        .find(|(blank, _)| is_wide_blank(blank))
}

/// What is before the blank at the end of a text in UTF-8, and that blank.
fn split_last_blank(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let last = *text.last()?;
    if last.is_ascii() {
        return if is_blank(last) { text.split_at_checked(text.len() - 1) } else { None };
    }
    (2..=MAX_BLANK_BYTES)
        .filter_map(|length| text.split_at_checked(text.len().checked_sub(length)?))
        .find(|(_, blank)| is_wide_blank(blank))
}

/// The bytes of the longest blank of Unicode in UTF-8.
const MAX_BLANK_BYTES: usize = 3;

/// Whether these bytes are one blank that is not of ASCII.
fn is_wide_blank(bytes: &[u8]) -> bool {
    let mut chars = std::str::from_utf8(bytes).unwrap_or_default().chars();
    chars.next().is_some_and(char::is_whitespace) && chars.next().is_none()
}
