//! Scan: the bytes from a record's start on in, where the record ends out.

use memchr::{memchr, memchr3};

/// How far a record has been looked through: the next look, at more bytes, goes on there.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Up to where, from the record's start; never beyond its end.
    pub done: usize,
    /// Where the quotes opened that `done` is inside of.
    pub open_quote: Option<usize>,
    /// Whether the record has a quoted field.
    pub has_quotes: bool,
}

/// A record's length without and with its line end.
#[derive(Debug)]
pub(super) struct RecordEnd {
    pub content: usize,
    pub whole: usize,
}

/// The length of the line end at the front; `None` while its next byte decides.
pub(super) fn line_end(text: &[u8], ended: bool) -> Option<usize> {
    match text {
        [b'\r', b'\n', ..] => Some(2),
        [b'\r'] if !ended => None,
        _ => Some(1),
    }
}

impl Scan {
    /// Finds where the record ends at whose start `text` begins. `ended` says that no more will
    /// come after `text`.
    pub fn find_end(&mut self, text: &[u8], delimiter: u8, ended: bool) -> Option<RecordEnd> {
        loop {
            let rest = text.get(self.done..).unwrap_or_default();
            if self.open_quote.is_some() {
                let Some(at) = memchr(b'"', rest).map(|at| self.done + at) else {
                    self.done = text.len();
                    return None;
                };
                match text.get(at + 1) {
                    Some(b'"') => self.done = at + 2,
                    None if !ended => {
                        self.done = at;
                        return None;
                    }
                    _ => {
                        self.done = at + 1;
                        self.open_quote = None;
                    }
                }
                continue;
            }
            let Some(at) = memchr3(b'\n', b'\r', b'"', rest).map(|at| self.done + at) else {
                self.done = text.len();
                return ended.then_some(RecordEnd { content: self.done, whole: self.done });
            };
            if text.get(at) != Some(&b'"') {
                self.done = at;
                let length = line_end(text.get(at..).unwrap_or_default(), ended)?;
                return Some(RecordEnd { content: at, whole: at + length });
            }
            // A quote amid a field is like any other byte.
            if at == 0 || text.get(at - 1) == Some(&delimiter) {
                self.open_quote = Some(at);
                self.has_quotes = true;
            }
            self.done = at + 1;
        }
    }
}
