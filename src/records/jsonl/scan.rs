//! Finds where a JSON object ends, also when its bytes arrive in pieces.

use memchr::{memchr2, memchr3};

/// How far an object has been searched for its end. The next search, with more bytes, continues there.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The number of bytes searched, from the start of the object.
    pub done: usize,
    depth: u64,
    in_string: bool,
}

impl Scan {
    /// The length of the object at the start of `text`; `None` if its end is not in `text` yet. Brackets
    /// of arrays are not counted, because the brace of the object closes after all of them.
    pub(crate) fn find_end(&mut self, text: &[u8]) -> Option<usize> {
        loop {
            let rest = text.get(self.done..).unwrap_or_default();
            let found = if self.in_string {
                memchr2(b'"', b'\\', rest)
            } else {
                memchr3(b'"', b'{', b'}', rest)
            };
            let Some(at) = found.map(|at| self.done + at) else {
                self.done = text.len();
                return None;
            };
            match text.get(at) {
                Some(b'\\') => {
                    if at + 2 > text.len() {
                        self.done = at;
                        return None;
                    }
                    self.done = at + 2;
                    continue;
                }
                Some(b'"') => self.in_string = !self.in_string,
                Some(b'{') => self.depth += 1,
                _ => self.depth = self.depth.saturating_sub(1),
            }
            self.done = at + 1;
            if self.depth == 0 && !self.in_string {
                return Some(self.done);
            }
        }
    }
}
