//! Jsonl: lines of JSON objects, or one array of them, in; the values of wanted names out.
//!
//! A name is a key, or a path of keys with dots between, such as `customer.address.city`, without
//! regard to case. Numbers keep every digit that they are written with. A line that is no object
//! is a bad row; a broken array is a bad file.

use super::format::ReaderOptions;
use super::record::{Position, Record};
use super::{RecordError, RecordReader, Step};
use crate::error::ErrorKind;
use object::Wanted;

mod object;
mod scan;
#[cfg(test)]
mod tests;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// How the objects of a file are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A line each.
    Lines,
    /// The elements of an array, whose bracket has been read.
    Array,
    /// Behind the array's closing bracket.
    Closed,
}

/// What stands last in an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Bracket,
    Object,
    Comma,
}

/// Reads objects.
pub(super) struct JsonReader {
    wanted: std::sync::Arc<Wanted>,
    max_record_bytes: usize,
    shape: Option<Shape>,
    last: Last,
    buffer: Vec<u8>,
    start: usize,
    scan: scan::Scan,
    buffer_offset: u64,
    /// The line of the text at `start`; after a resumption within an array, that is not known.
    line: u64,
    /// The elements of the array so far: they are what its lines are counted by, since any number
    /// of them may stand on one.
    elements: u64,
    expects_bom: bool,
    ended: bool,
    failed: Option<RecordError>,
}

impl JsonReader {
    /// A reader that starts at the first byte of an object.
    pub fn new(options: &ReaderOptions) -> JsonReader {
        JsonReader {
            wanted: std::sync::Arc::new(Wanted::new(&options.names)),
            max_record_bytes: options.csv.max_record_bytes,
            shape: None,
            last: Last::Bracket,
            buffer: Vec::new(),
            start: 0,
            scan: scan::Scan::default(),
            buffer_offset: 0,
            line: 1,
            elements: 0,
            expects_bom: true,
            ended: false,
            failed: None,
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    #[cold]
    fn fail(&mut self, kind: ErrorKind, message: String) -> RecordError {
        let error = RecordError { kind, line: self.line, message };
        self.failed = Some(error.clone());
        error
    }

    /// Passes over blanks, and over the comma behind an element of an array. False: more bytes are
    /// needed.
    fn skip_blanks(&mut self) -> bool {
        if self.expects_bom {
            let rest = self.rest();
            if rest.len() < BOM.len() && BOM.starts_with(rest) && !self.ended {
                return false;
            }
            self.start += if rest.starts_with(BOM) { BOM.len() } else { 0 };
            self.expects_bom = false;
        }
        if self.scan.done > 0 {
            return true;
        }
        let in_array = self.shape == Some(Shape::Array);
        while let Some(byte) = self.rest().first() {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                b',' if in_array && self.last == Last::Object => self.last = Last::Comma,
                _ => return true,
            }
            self.start += 1;
        }
        self.ended
    }

    /// Takes the object of so many bytes out of the buffer; `whole` counts its line end as well.
    fn take(&mut self, record: &mut Record, content: usize, whole: usize) {
        let raw = self.buffer.get(self.start..self.start + content).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', raw).count() as u64;
        let start_offset = self.buffer_offset + self.start as u64;
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
        self.start += whole;
        self.scan = scan::Scan::default();
    }

    fn next_line(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        let found = self.rest().get(self.scan.done..).and_then(|rest| memchr::memchr(b'\n', rest));
        let Some(at) = found.map(|at| self.scan.done + at) else {
            self.scan.done = self.rest().len();
            self.check_size(self.scan.done)?;
            if !self.ended {
                return Ok(Step::NeedMore);
            }
            self.take(record, self.scan.done, self.scan.done);
            return Ok(Step::Record);
        };
        self.check_size(at)?;
        let line = self.rest().get(..at).unwrap_or_default();
        self.take(record, line.trim_ascii_end().len(), at + 1);
        Ok(Step::Record)
    }

    fn next_element(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        match self.rest().first() {
            Some(b'{') if self.last == Last::Object => {
                let message = "expected a comma between two objects of the array".to_owned();
                return Err(self.fail(ErrorKind::BadFile, message));
            }
            Some(b'{') => {}
            Some(b']') if self.last == Last::Comma => {
                let message = "expected an object behind the array's last comma".to_owned();
                return Err(self.fail(ErrorKind::BadFile, message));
            }
            Some(b']') => {
                self.start += 1;
                self.shape = Some(Shape::Closed);
                return self.next(record);
            }
            Some(_) => {
                let message = "expected an object of the array, or its end".to_owned();
                return Err(self.fail(ErrorKind::BadFile, message));
            }
            None => {
                let message = "the array is never closed: the file is cut off".to_owned();
                return Err(self.fail(ErrorKind::BadFile, message));
            }
        }
        let bytes = self.buffer.get(self.start..).unwrap_or_default();
        let Some(length) = self.scan.find_end(bytes) else {
            self.check_size(self.scan.done)?;
            if self.ended {
                let message = "the object that starts here is never closed".to_owned();
                return Err(self.fail(ErrorKind::BadFile, message));
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
        if self.start >= self.buffer.len() - self.start {
            self.buffer.drain(..self.start);
            self.buffer_offset += self.start as u64;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    fn end(&mut self) {
        self.ended = true;
    }

    fn resume(self: Box<Self>, line: u64, offset: u64) -> Box<dyn RecordReader> {
        let shape = if self.shape == Some(Shape::Closed) { Some(Shape::Array) } else { self.shape };
        Box::new(JsonReader {
            shape,
            buffer: Vec::new(),
            start: 0,
            scan: scan::Scan::default(),
            buffer_offset: offset,
            line,
            elements: line.saturating_sub(1),
            last: if line > 1 { Last::Object } else { Last::Bracket },
            expects_bom: false,
            ended: false,
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
        let first = self.rest().first().copied();
        if self.shape.is_none() {
            self.shape = match first {
                None => None,
                Some(b'[') => {
                    self.start += 1;
                    self.shape = Some(Shape::Array);
                    return self.next(record);
                }
                Some(_) => Some(Shape::Lines),
            };
        }
        match (self.shape, first) {
            (Some(Shape::Array), _) => self.next_element(record),
            (_, None) => Ok(Step::End),
            (Some(Shape::Closed), _) => {
                let message = "expected nothing behind the array".to_owned();
                Err(self.fail(ErrorKind::BadFile, message))
            }
            _ => self.next_line(record),
        }
    }
}
