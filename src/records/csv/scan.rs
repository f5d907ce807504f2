//! Finds where a record of delimited text ends, also when its bytes arrive in pieces.

use memchr::{memchr, memchr2, memchr3};

use super::dialect::Dialect;

/// How far a record has been searched for its end. The next search, with more bytes, continues there.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The number of bytes searched, from the start of the record; never beyond its end.
    pub done: usize,
    /// The index of the opening quote, if `done` is inside a quoted field.
    pub open_quote: Option<usize>,
    /// Whether the record has a quoted field.
    pub has_quotes: bool,
    /// Whether the record has an escaped byte.
    pub has_escapes: bool,
    /// Where the last field starts. Only kept for delimiters of several bytes, which may overlap
    /// themselves.
    field: usize,
}

/// The length of a record.
#[derive(Debug)]
pub(super) struct RecordEnd {
    /// Without its line end.
    pub content: usize,
    /// With its line end.
    pub whole: usize,
}

/// The length of the line end at the start of `text`; `None` if it takes the next byte to tell.
pub(super) fn line_end(text: &[u8], ended: bool) -> Option<usize> {
    match text {
        [b'\r', b'\n', ..] => Some(2),
        [b'\r'] if !ended => None,
        _ => Some(1),
    }
}

impl Scan {
    /// Finds the end of the record at the start of `text`. `ended` says that the file has no bytes
    /// after `text`.
    pub fn find_end(&mut self, text: &[u8], dialect: &Dialect, ended: bool) -> Option<RecordEnd> {
        loop {
            let rest = text.get(self.done..).unwrap_or_default();
            if self.open_quote.is_some() {
                if !self.leave_quotes(text, dialect, ended) {
                    return None;
                }
                continue;
            }
            let found = match dialect.quote {
                Some(quote) => memchr3(b'\n', b'\r', quote, rest),
                None => memchr2(b'\n', b'\r', rest),
            };
            if let Some(escape) = dialect.escape {
                let until = rest.get(..found.unwrap_or(rest.len())).unwrap_or_default();
                if let Some(at) = memchr(escape, until) {
                    self.has_escapes = true;
                    if !self.skip_escape(self.done + at, text, ended) {
                        return None;
                    }
                    continue;
                }
            }
            let Some(at) = found.map(|at| self.done + at) else {
                self.done = text.len();
                return ended.then_some(RecordEnd { content: self.done, whole: self.done });
            };
            if matches!(text.get(at), Some(b'\n' | b'\r')) {
                self.done = at;
                let length = line_end(text.get(at..).unwrap_or_default(), ended)?;
                return Some(RecordEnd { content: at, whole: at + length });
            }
            // A quote in the middle of a field is an ordinary byte.
            if self.opens_field(text, at, dialect) {
                self.open_quote = Some(at);
                self.has_quotes = true;
            }
            self.done = at + 1;
        }
    }

    /// Skips an escape and the byte after it. False: that byte is not in `text` yet.
    fn skip_escape(&mut self, at: usize, text: &[u8], ended: bool) -> bool {
        let complete = at + 2 <= text.len();
        self.done = if complete || ended { (at + 2).min(text.len()) } else { at };
        complete || ended
    }

    /// Finds the quote that closes the field. False: it is not in `text` yet.
    #[inline]
    fn leave_quotes(&mut self, text: &[u8], dialect: &Dialect, ended: bool) -> bool {
        let rest = text.get(self.done..).unwrap_or_default();
        let quote = dialect.quote.unwrap_or_default();
        let found = match dialect.escape.filter(|escape| *escape != quote) {
            Some(escape) => memchr2(quote, escape, rest),
            None => memchr(quote, rest),
        };
        let Some(at) = found.map(|at| self.done + at) else {
            self.done = text.len();
            return false;
        };
        if text.get(at) != Some(&quote) {
            self.has_escapes = true;
            return self.skip_escape(at, text, ended) && (self.done < text.len() || !ended);
        }
        match text.get(at + 1) {
            Some(next) if *next == quote => self.done = at + 2,
            None if !ended => {
                self.done = at;
                return false;
            }
            _ => {
                self.done = at + 1;
                self.open_quote = None;
            }
        }
        true
    }

    /// Whether the quote at `at` is at the start of a field.
    #[inline]
    fn opens_field(&mut self, text: &[u8], at: usize, dialect: &Dialect) -> bool {
        let before = text.get(..at).unwrap_or_default();
        if let (Some(delimiter), false) = (dialect.one_byte(), dialect.skip_blanks) {
            return before.last().is_none_or(|byte| *byte == delimiter);
        }
        while let Some(next) = dialect.find_delimiter(before.get(self.field..).unwrap_or_default())
        {
            self.field += next + dialect.delimiter().len();
        }
        let blanks = before.get(self.field..).unwrap_or_default();
        blanks.is_empty()
            || dialect.skip_blanks && blanks.iter().all(|byte| matches!(byte, b' ' | b'\t'))
    }
}
