//! Reads records from JSON (RFC 8259): one object a line, as in JSON Lines, or one array of objects.
//!
//! A record's fields are the values of the dataset's names. A name is a key, or a path of keys with
//! dots between them, such as `customer.address.city`; case does not matter. Numbers keep all their
//! digits. A line that is not an object rejects that row; a malformed array fails the file.
//!
//! Source of the line format: <https://jsonlines.org/>.

use std::sync::Arc;

use super::buffer::Buffer;
use super::options::ReaderOptions;
use super::record::{Position, Record};
use super::{RecordError, RecordReader, Step};
use crate::error::ErrorKind;
use object::Wanted;
use scan::Scan;

mod object;
mod scan;
#[cfg(test)]
mod tests;

/// How the file separates its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Each is on a line.
    Lines,
    /// They are elements of an array, whose opening bracket has been read.
    Array,
    /// The closing bracket of the array has been read.
    Closed,
}

/// What has been read last of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Bracket,
    Object,
    Comma,
}

/// Reads objects.
pub(super) struct JsonReader {
    wanted: Arc<Wanted>,
    max_record_bytes: usize,
    /// `None` until the first byte that is not blank.
    shape: Option<Shape>,
    last: Last,
    /// Starts with the object that is read next.
    buffer: Buffer,
    /// How far `buffer` has been searched for the end of that object.
    scan: Scan,
    /// The line of the file at the start of `buffer`. Unknown after a resumption within an array.
    line: u64,
    /// The number of elements of the array so far. Records of an array count elements as their
    /// lines, because several elements may be on one line.
    elements: u64,
    failed: Option<RecordError>,
}

impl JsonReader {
    /// A reader that starts at the first byte of an object.
    pub fn new(options: &ReaderOptions) -> JsonReader {
        JsonReader {
            wanted: Arc::new(Wanted::new(&options.names)),
            max_record_bytes: options.csv.max_record_bytes,
            shape: None,
            last: Last::Bracket,
            buffer: Buffer::new(),
            scan: Scan::default(),
            line: 1,
            elements: 0,
            failed: None,
        }
    }

    #[cold]
    fn fail(&mut self, kind: ErrorKind, message: String) -> RecordError {
        let error = RecordError { kind, line: self.line, message };
        self.failed = Some(error.clone());
        error
    }

    fn malformed<T>(&mut self, message: &str) -> Result<T, RecordError> {
        Err(self.fail(ErrorKind::BadFile, message.to_owned()))
    }

    /// Skips the byte order mark, blanks, and the comma after an element of an array. False: it takes
    /// more bytes.
    fn skip_blanks(&mut self) -> bool {
        if !self.buffer.skip_bom() {
            return false;
        }
        if self.scan.done > 0 {
            return true;
        }
        let in_array = self.shape == Some(Shape::Array);
        while let Some(byte) = self.buffer.rest().first() {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                b',' if in_array && self.last == Last::Object => self.last = Last::Comma,
                _ => return true,
            }
            self.buffer.advance(1);
        }
        self.buffer.ended()
    }

    /// Moves the object of `content` bytes from the buffer to `record`. `whole` is its length with
    /// its line end.
    fn take(&mut self, record: &mut Record, content: usize, whole: usize) {
        let raw = self.buffer.rest().get(..content).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', raw).count() as u64;
        let start_offset = self.buffer.offset();
        let next_line = self.line + lines + u64::from(whole > content);
        let is_element = self.shape == Some(Shape::Array);
        self.elements += u64::from(is_element);
        self.last = Last::Object;
        let position = Position {
            line: if is_element { self.elements } else { self.line },
            next_line: if is_element { self.elements + 1 } else { next_line },
            start_offset,
            end_offset: start_offset + whole as u64,
            header: false,
        };
        record.start(raw, position);
        self.wanted.fill(record);
        self.line = next_line;
        self.buffer.advance(whole);
        self.scan = Scan::default();
    }

    fn next_line(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        let rest = self.buffer.rest();
        let found = rest.get(self.scan.done..).and_then(|rest| memchr::memchr(b'\n', rest));
        let Some(at) = found.map(|at| self.scan.done + at) else {
            self.scan.done = rest.len();
            self.check_size(self.scan.done)?;
            if !self.buffer.ended() {
                return Ok(Step::NeedMore);
            }
            self.take(record, self.scan.done, self.scan.done);
            return Ok(Step::Record);
        };
        let content = rest.get(..at).unwrap_or_default().trim_ascii_end().len();
        self.check_size(at)?;
        self.take(record, content, at + 1);
        Ok(Step::Record)
    }

    fn next_element(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        match self.buffer.rest().first() {
            Some(b'{') if self.last == Last::Object => {
                return self.malformed("expected a comma between two objects of the array");
            }
            Some(b'{') => {}
            Some(b']') if self.last == Last::Comma => {
                return self.malformed("expected an object after the last comma of the array");
            }
            Some(b']') => {
                self.buffer.advance(1);
                self.shape = Some(Shape::Closed);
                return self.next(record);
            }
            Some(_) => return self.malformed("expected an object of the array, or its end"),
            None => return self.malformed("the array is never closed: the file is truncated"),
        }
        let Some(length) = self.scan.find_end(self.buffer.rest()) else {
            self.check_size(self.scan.done)?;
            if self.buffer.ended() {
                return self.malformed("the object that starts here is never closed");
            }
            return Ok(Step::NeedMore);
        };
        self.check_size(length)?;
        self.take(record, length, length);
        Ok(Step::Record)
    }

    fn check_size(&mut self, bytes: usize) -> Result<(), RecordError> {
        let limit = self.max_record_bytes;
        if bytes <= limit {
            return Ok(());
        }
        let message = format!("the record is longer than {limit} bytes (STARDROP_MAX_ROW_BYTES)");
        Err(self.fail(ErrorKind::OverLimit, message))
    }
}

impl RecordReader for JsonReader {
    fn push(&mut self, bytes: &[u8]) {
        self.buffer.push(bytes);
    }

    fn end(&mut self) {
        self.buffer.end();
    }

    fn resume(self: Box<Self>, line: u64, offset: u64) -> Box<dyn RecordReader> {
        let shape = if self.shape == Some(Shape::Closed) { Some(Shape::Array) } else { self.shape };
        Box::new(JsonReader {
            shape,
            buffer: Buffer::at(offset),
            scan: Scan::default(),
            line,
            elements: line.saturating_sub(1),
            last: if line > 1 { Last::Object } else { Last::Bracket },
            failed: None,
            ..*self
        })
    }

    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if !self.skip_blanks() {
            return Ok(Step::NeedMore);
        }
        let first = self.buffer.rest().first().copied();
        if self.shape.is_none() {
            self.shape = match first {
                None => None,
                Some(b'[') => {
                    self.buffer.advance(1);
                    self.shape = Some(Shape::Array);
                    return self.next(record);
                }
                Some(_) => Some(Shape::Lines),
            };
        }
        match (self.shape, first) {
            (Some(Shape::Array), _) => self.next_element(record),
            (_, None) => Ok(Step::End),
            (Some(Shape::Closed), _) => self.malformed("expected nothing after the array"),
            _ => self.next_line(record),
        }
    }
}
