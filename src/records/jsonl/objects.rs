//! Reads objects that stand one behind the other, and rejects the lines that hold something else.

use super::mistake::{self, LOOKAHEAD};
use super::sequence::{self, Next};
use super::{JsonReader, Shape};
use crate::records::record::{Position, Record};
use crate::records::{RecordError, Step};

impl JsonReader {
    /// Reads the next one of objects that stand one behind the other.
    pub(super) fn next_in_sequence(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        let (rest, ended) = (self.buffer.rest(), self.buffer.ended());
        let found = rest.get(self.searched..).and_then(|rest| memchr::memchr(b'\n', rest));
        let line_bytes = found.map(|at| self.searched + at);
        self.searched = line_bytes.unwrap_or(rest.len());
        // To try again only with twice the bytes costs each byte at most two tries.
        let is_larger = rest.len() >= 2 * self.tried || rest.len() > self.max_record_bytes;
        if self.tried > 0 && !is_larger && !ended {
            return Ok(Step::NeedMore);
        }
        match sequence::next(rest, line_bytes, ended, self.max_record_bytes) {
            Next::Object { pairs, content, whole, breaks } => {
                let by_line = line_bytes.is_none_or(|line| content <= line) && whole > content;
                let position = self.position(content, whole, breaks);
                record.start(rest.get(..content).unwrap_or_default(), position);
                self.wanted.fill(Some(pairs), true, record);
                self.take(position, whole, by_line || ended && whole == rest.len());
                Ok(Step::Record)
            }
            Next::More => {
                self.tried = rest.len();
                Ok(Step::NeedMore)
            }
            Next::TooLong => self.too_long(),
            Next::Unclosed | Next::Malformed(_)
                if self.shape != Some(Shape::Sequence { by_line: Some(false) })
                    && self.searched > self.max_record_bytes =>
            {
                self.too_long()
            }
            Next::Unclosed | Next::Malformed(_) if self.splits_by_line(line_bytes) => {
                self.reject_line(record, line_bytes)
            }
            Next::Malformed(_) if self.needs_next_line(line_bytes) => Ok(Step::NeedMore),
            Next::Unclosed => {
                self.malformed("the object that starts here is never closed: the file is truncated")
            }
            Next::Malformed(at) if rest.len() < at + LOOKAHEAD && !ended => Ok(Step::NeedMore),
            Next::Malformed(at) => {
                // The reason must not depend on how much of the file is in the buffer.
                let text = rest.get(..at + LOOKAHEAD).unwrap_or(rest);
                let cause =
                    mistake::find(text).map_or_else(String::new, |cause| format!(" ({cause})"));
                let before = rest.get(..at).unwrap_or_default();
                self.line += memchr::memchr_iter(b'\n', before).count() as u64;
                self.malformed(&format!(
                    "expected objects of JSON{cause}: put each on a line of its own, so that a wrong one \
                     rejects only its row"
                ))
            }
        }
    }

    /// Whether a malformed object ends at its line's end. So it is unless the records before it do not
    /// have lines of their own, or it is the first and its first line shows that it has several.
    fn splits_by_line(&self, line_bytes: Option<usize>) -> bool {
        if let Some(Shape::Sequence { by_line: Some(by_line) }) = self.shape {
            return by_line;
        }
        match self.first_lines(line_bytes) {
            Some(([b'{', .., b','], next)) => next.starts_with(b"{"),
            Some(([b'{', .., b'{' | b'['] | [b'{'], _)) => false,
            _ => true,
        }
    }

    /// Whether [`JsonReader::splits_by_line`] depends on bytes that are still to come.
    fn needs_next_line(&self, line_bytes: Option<usize>) -> bool {
        let is_first = self.shape == Some(Shape::Sequence { by_line: None });
        let is_open = matches!(self.first_lines(line_bytes), Some(([.., b','], [])));
        is_first && is_open && !self.buffer.ended()
    }

    /// The line at the start of the buffer and what follows it, without the blanks between them.
    fn first_lines(&self, line_bytes: Option<usize>) -> Option<(&[u8], &[u8])> {
        let (line, next) = self.buffer.rest().split_at_checked(line_bytes?)?;
        Some((line.trim_ascii_end(), next.trim_ascii_start()))
    }

    /// Makes a record without fields of the line.
    fn reject_line(
        &mut self,
        record: &mut Record,
        line_bytes: Option<usize>,
    ) -> Result<Step, RecordError> {
        let rest = self.buffer.rest();
        if line_bytes.is_none() && !self.buffer.ended() {
            return Ok(Step::NeedMore);
        }
        let line = rest.get(..line_bytes.unwrap_or(rest.len())).unwrap_or_default();
        let (content, breaks) = (line.trim_ascii_end(), line_bytes.is_some());
        let whole = line.len() + usize::from(breaks);
        let position = self.position(content.len(), whole, breaks);
        record.start(content, position);
        self.wanted.fill(None, true, record);
        self.take(position, whole, true);
        Ok(Step::Record)
    }

    /// The position of the next object, of `content` bytes, or `whole` with its line end. `breaks` says
    /// that the next one is on another line.
    pub(super) fn position(&self, content: usize, whole: usize, breaks: bool) -> Position {
        let raw = self.buffer.rest().get(..content).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', raw).count() as u64;
        let start_offset = self.buffer.offset();
        Position {
            line: self.line,
            next_line: self.line + lines + u64::from(breaks),
            start_offset,
            end_offset: start_offset + whole as u64,
        }
    }

    /// Goes on behind the record. `by_line` says that it had a line of its own.
    fn take(&mut self, position: Position, whole: usize, by_line: bool) {
        if let Some(Shape::Sequence { by_line: first @ None }) = &mut self.shape {
            *first = Some(by_line);
        }
        self.line = position.next_line;
        self.tried = 0;
        self.advance(whole);
    }
}
