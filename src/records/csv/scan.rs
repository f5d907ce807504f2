//! Finds where a record of delimited text ends, also when its bytes arrive in pieces.

use memchr::{memchr, memchr2, memchr3};

use super::behind_blanks::{MAX_VALUE_BYTES, Opening, closed_behind_blanks};
use super::dialect::{Dialect, has_blanks_only};
use super::record_end::{Mark, RecordEnd, last_record, line_end, mark_at};

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
    /// Whether the record has a quote that only blanks keep from opening a field.
    pub has_blanks_before_quote: bool,
    /// The index of such a quote whose value would be longer than [`MAX_VALUE_BYTES`]. The search ends there.
    pub far_quote: Option<usize>,
    /// Whether the record has a CR that ends no line.
    pub has_lone_cr: bool,
    /// Where a comment starts behind the fields.
    pub comment: Option<usize>,
    /// Where the last escape outside quotes ends.
    escape_end: usize,
    /// Where the last field starts. Only kept for delimiters of several bytes, which may overlap
    /// themselves, and where blanks are skipped.
    field: usize,
    /// Where the search for the next delimiter continues; only kept with `field`.
    searched: usize,
}

/// The length of what an escape before `text` escapes: one byte, or a whole line end; `None` if it
/// takes more bytes to tell.
pub(super) fn escaped_len(text: &[u8], ended: bool) -> Option<usize> {
    match text {
        [] if ended => Some(0),
        [] => None,
        [b'\r', ..] => line_end(text, ended),
        _ => Some(1),
    }
}

impl Scan {
    /// Finds the end of the record at the start of `text`. `ended` says that the file has no bytes
    /// after `text`.
    pub(crate) fn find_end(
        &mut self,
        text: &[u8],
        dialect: &Dialect,
        ended: bool,
    ) -> Option<RecordEnd> {
        loop {
            let rest = text.get(self.done..).unwrap_or_default();
            if self.open_quote.is_some() {
                if !self.leave_quotes(text, dialect, ended) {
                    return None;
                }
                continue;
            }
            let quote = dialect.quote.filter(|_| self.comment.is_none());
            let found = match (dialect.record_end().and_then(<[u8]>::first), quote) {
                (None, Some(quote)) => memchr3(b'\n', b'\r', quote, rest),
                (None, None) => memchr2(b'\n', b'\r', rest),
                (Some(end), Some(quote)) => memchr2(*end, quote, rest),
                (Some(end), None) => memchr(*end, rest),
            };
            let until = rest.get(..found.unwrap_or(rest.len())).unwrap_or_default();
            if let Some(at) = self.find_escape_or_comment(until, dialect) {
                if until.get(at).copied() == dialect.escape {
                    self.has_escapes = true;
                    let at = self.done + at;
                    if !self.skip_escape(at, text, ended) {
                        return None;
                    }
                    self.find_field(text.get(..at).unwrap_or_default(), dialect);
                    self.escape_end = self.done;
                    self.searched = self.done;
                } else {
                    self.comment = Some(self.done + at);
                    self.done += at + 1;
                }
                continue;
            }
            let Some(at) = found.map(|at| self.done + at) else {
                self.done = text.len();
                return ended.then(|| last_record(text, dialect));
            };
            match mark_at(text.get(at..).unwrap_or_default(), quote, dialect, ended) {
                Mark::End(length) => {
                    self.done = at;
                    return Some(RecordEnd { content: at, whole: at + length });
                }
                Mark::Unknown => {
                    self.done = at;
                    return None;
                }
                Mark::Other => {}
            }
            // A quote in the middle of a field is an ordinary byte.
            let is_quote = text.get(at).copied() == quote;
            if !is_quote {
                self.has_lone_cr |= dialect.record_end().is_none();
            } else {
                match self.opening(text, at, dialect) {
                    Opening::Field => {
                        self.open_quote = Some(at);
                        self.has_quotes = true;
                    }
                    Opening::BehindBlanks => {
                        self.has_blanks_before_quote = true;
                        let closed = closed_behind_blanks(text, at, dialect, ended);
                        self.done = closed.unwrap_or(at);
                        if closed? - at > MAX_VALUE_BYTES {
                            self.far_quote = Some(at);
                            return None;
                        }
                        continue;
                    }
                    Opening::None => {}
                }
            }
            self.done = at + 1;
        }
    }

    /// The index of the first byte outside quotes that is an escape or starts a comment.
    #[inline]
    fn find_escape_or_comment(&self, text: &[u8], dialect: &Dialect) -> Option<usize> {
        if self.comment.is_some() {
            return None;
        }
        match (dialect.escape, dialect.trailing_comment) {
            (None, None) => None,
            (Some(byte), None) | (None, Some(byte)) => memchr(byte, text),
            (Some(escape), Some(comment)) => memchr2(escape, comment, text),
        }
    }

    /// Skips an escape and what it escapes. False: that is not in `text` yet.
    fn skip_escape(&mut self, at: usize, text: &[u8], ended: bool) -> bool {
        let escaped = escaped_len(text.get(at + 1..).unwrap_or_default(), ended);
        self.done = escaped.map_or(at, |length| at + 1 + length);
        escaped.is_some()
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
                self.searched = self.done;
                self.open_quote = None;
            }
        }
        true
    }

    /// Whether the quote at `at` is at the start of a field.
    #[inline]
    fn opening(&mut self, text: &[u8], at: usize, dialect: &Dialect) -> Opening {
        let before = text.get(..at).unwrap_or_default();
        if let (Some(delimiter), false) = (dialect.one_byte(), dialect.skip_blanks) {
            let starts_field = |before: &[u8]| {
                let ends_field = |byte: &u8| *byte == delimiter && self.escape_end != before.len();
                before.last().is_none_or(ends_field)
            };
            if starts_field(before) {
                return Opening::Field;
            }
            let start = dialect.without_blanks_at_end(before);
            let has_blanks = start.len() < before.len();
            let is_behind_blanks =
                has_blanks && self.escape_end <= start.len() && starts_field(start);
            return if is_behind_blanks { Opening::BehindBlanks } else { Opening::None };
        }
        self.find_field(before, dialect);
        let blanks = before.get(self.field..).unwrap_or_default();
        match has_blanks_only(blanks) {
            true if blanks.is_empty() || dialect.skip_blanks => Opening::Field,
            true => Opening::BehindBlanks,
            false => Opening::None,
        }
    }

    /// Moves `field` behind the last delimiter of `before` that is neither quoted nor escaped.
    fn find_field(&mut self, before: &[u8], dialect: &Dialect) {
        if dialect.one_byte().is_some() && !dialect.skip_blanks {
            return;
        }
        while let Some(next) =
            dialect.find_delimiter(before.get(self.searched..).unwrap_or_default())
        {
            self.searched += next + dialect.delimiter().len();
            self.field = self.searched;
        }
    }
}
