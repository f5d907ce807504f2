//! Reads records from JSON (RFC 8259): objects one behind the other, as in JSON Lines, or an array of
//! objects, also one within other objects.
//!
//! A record's fields are the values of the dataset's names. A name is a key, or a path of keys with
//! dots between them, such as `customer.address.city`; case does not matter. Numbers keep all their
//! digits. A line that is not an object rejects that row. Where records do not have lines of their own, it
//! cannot be told where the next one starts, so there a malformed object or array fails the file.
//!
//! Source of the line format: <https://jsonlines.org/>.

use std::sync::Arc;

use super::buffer::{BOM, Buffer};
use super::options::ReaderOptions;
use super::record::Record;
use super::{RecordError, RecordReader, Step};
use crate::error::ErrorKind;
use object::Wanted;
use pairs::First;
use scan::Scan;
use sequence::starts_with_mark;
use wrapper::{Found, Wrapper};

mod mistake;
mod object;
mod objects;
mod pairs;
mod position;
mod scan;
mod sequence;
#[cfg(test)]
mod sequence_tests;
#[cfg(test)]
mod tests;
mod wrapper;

/// How the file separates its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// They stand one behind the other. `by_line`: the first one has a line of its own, so that the next
    /// line is another row whatever this one holds; `None` before the first one.
    Sequence { by_line: Option<bool> },
    /// They are elements of an array, whose opening bracket has been read.
    Array,
    /// They are in arrays of objects, and the next array is still to be found.
    Wrapped,
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
    /// For objects one behind the other: how far `buffer` has been searched for a line end.
    searched: usize,
    /// And how many bytes were not yet a whole object.
    tried: usize,
    /// Finds the arrays of records in objects around them.
    wrapper: Option<Wrapper>,
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
            wanted: Arc::new(Wanted::new(&options.names, &options.protected)),
            max_record_bytes: options.csv.max_record_bytes,
            shape: options.records.as_ref().map(|_| Shape::Wrapped),
            last: Last::Bracket,
            buffer: Buffer::new(),
            scan: Scan::default(),
            searched: 0,
            tried: 0,
            wrapper: options.records.as_deref().map(Wrapper::new),
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
        let in_array = self.shape == Some(Shape::Array);
        while let Some(byte) = self.buffer.rest().first() {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                b',' if in_array && self.last == Last::Object => self.last = Last::Comma,
                // As in files that were put one behind the other.
                0xef if !in_array => match starts_with_mark(self.buffer.rest()) {
                    Some(true) => self.advance(BOM.len() - 1),
                    None if !self.buffer.ended() => return false,
                    _ => return true,
                },
                _ => return true,
            }
            self.advance(1);
        }
        self.buffer.ended()
    }

    fn advance(&mut self, count: usize) {
        self.buffer.advance(count);
        self.searched = self.searched.saturating_sub(count);
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
                let is_wrapped = self.wrapper.is_some();
                self.shape = Some(if is_wrapped { Shape::Wrapped } else { Shape::Closed });
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
        let mut position = self.position(length, length, false);
        self.line = position.next_line;
        self.elements += 1;
        (position.line, position.next_line) = (self.elements, self.elements + 1);
        let raw = self.buffer.rest().get(..length).unwrap_or_default();
        record.start(raw, position);
        let pairs = match pairs::first(raw) {
            First::Object(pairs, end) if end == length => Some(pairs),
            _ => None,
        };
        self.wanted.fill(pairs, false, record);
        self.last = Last::Object;
        self.buffer.advance(length);
        self.scan = Scan::default();
        Ok(Step::Record)
    }

    /// Reads up to the next array of records, or to the end of the file. True: an array starts.
    fn find_array(&mut self) -> Result<Option<bool>, RecordError> {
        if !self.buffer.skip_bom() {
            return Ok(None);
        }
        let Some(wrapper) = &mut self.wrapper else { return Ok(Some(false)) };
        let rest = self.buffer.rest();
        let found = wrapper.find(rest);
        let used = match &found {
            Found::Array(used) | Found::Wrong(used, _) => *used,
            Found::Nothing => rest.len(),
        };
        let read = rest.get(..used).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', read).count() as u64;
        self.buffer.advance(used);
        match found {
            Found::Array(_) => Ok(Some(true)),
            Found::Wrong(_, message) => Err(self.fail(ErrorKind::BadFile, message)),
            Found::Nothing if !self.buffer.ended() => Ok(None),
            Found::Nothing if self.wrapper.as_ref().is_some_and(Wrapper::is_between) => {
                Ok(Some(false))
            }
            Found::Nothing => self
                .malformed("the object around the records is never closed: the file is truncated"),
        }
    }

    fn check_size(&mut self, bytes: usize) -> Result<(), RecordError> {
        if bytes <= self.max_record_bytes { Ok(()) } else { self.too_long() }
    }

    #[cold]
    fn too_long<T>(&mut self) -> Result<T, RecordError> {
        let limit = self.max_record_bytes;
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
        let shape = match self.shape {
            Some(Shape::Closed | Shape::Wrapped) => Some(Shape::Array),
            shape => shape,
        };
        Box::new(JsonReader {
            shape,
            buffer: Buffer::at(offset),
            scan: Scan::default(),
            searched: 0,
            tried: 0,
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
        if self.shape == Some(Shape::Wrapped) {
            match self.find_array()? {
                None => return Ok(Step::NeedMore),
                Some(false) => return Ok(Step::End),
                Some(true) => (self.shape, self.last) = (Some(Shape::Array), Last::Bracket),
            }
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
                Some(_) => Some(Shape::Sequence { by_line: None }),
            };
        }
        match (self.shape, first) {
            (Some(Shape::Array), _) => self.next_element(record),
            (_, None) => Ok(Step::End),
            (Some(Shape::Closed), _) => self.malformed("expected nothing after the array"),
            _ => self.next_in_sequence(record),
        }
    }
}
