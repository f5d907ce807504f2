//! Csv: bytes of a delimited text file in, records out.
//!
//! RFC 4180 and what lives beside it, field for field as the `csv` crate reads it: a quote opens
//! a field only at its start, LF, CRLF and CR each end a record, blank lines are skipped, text
//! after a closing quote is kept. Beyond that crate, an unclosed quote is an error, a record has a
//! largest size, and delimiters may be several bytes.
//!
//! Everything is found by `memchr`: first where the record ends, then, in records without an
//! opening quote, the delimiters in it.

use super::record::{Position, Record};
use super::{RecordError, RecordReader, Step};
use crate::error::ErrorKind;
use delimiter::Detector;
use dialect::Dialect;
use scan::{RecordEnd, Scan};

mod delimiter;
mod dialect;
#[cfg(test)]
mod dialect_tests;
mod scan;
mod split;
#[cfg(test)]
mod tests;

pub use delimiter::Delimiter;
pub use dialect::MAX_DELIMITER_BYTES;

/// How a delimited file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// What stands between fields, or that it is to be found out.
    pub delimiter: Delimiter,
    /// What fields with a delimiter in them are put in, and doubled within.
    pub quote: Option<u8>,
    /// A byte that takes all meaning from the next one.
    pub escape: Option<u8>,
    /// Lines that begin with this byte are no records.
    pub comment: Option<u8>,
    /// So many lines before the first record are none.
    pub skip: u64,
    /// Blanks may stand around quoted fields.
    pub trim: bool,
    /// Whether the first record is the header: it is marked so, and given like any other.
    pub has_header: bool,
    /// The longest record, in bytes, without its line end. Memory is bounded by this and by what
    /// is pushed at once.
    pub max_record_bytes: usize,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions {
            delimiter: Delimiter::Detect,
            quote: Some(b'"'),
            escape: None,
            comment: None,
            skip: 0,
            trim: false,
            has_header: true,
            max_record_bytes: 4 << 20,
        }
    }
}

impl CsvOptions {
    fn dialect(&self, delimiter: &[u8]) -> Dialect {
        Dialect::new(delimiter, self.quote, self.escape, self.trim)
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads delimited text.
#[derive(Debug)]
pub struct CsvReader {
    options: CsvOptions,
    dialect: Option<Dialect>,
    detector: Detector,
    buffer: Vec<u8>,
    /// Where the record that is looked for starts in `buffer`.
    start: usize,
    /// How far it has been looked through for its end.
    scan: Scan,
    /// The stream's offset of the first byte of `buffer`.
    buffer_offset: u64,
    /// The line on which the record starts.
    line: u64,
    /// Lines that are still to be passed over.
    skip: u64,
    /// The line that starts at `start` is one of those, or a comment; how much of it is passed.
    passing: bool,
    expects_bom: bool,
    expects_header: bool,
    ended: bool,
    failed: Option<RecordError>,
}

impl CsvReader {
    /// A reader that starts at the first byte of an object.
    pub fn new(options: CsvOptions) -> CsvReader {
        let expects_header = options.has_header;
        let skip = options.skip;
        CsvReader { expects_bom: true, expects_header, skip, ..CsvReader::resume_at(options, 1, 0) }
    }

    /// A reader that goes on in mid-file, where [`Record::next_line`] and [`Record::end_offset`]
    /// of the last record say. The delimiter should be the one that [`CsvReader::delimiter`] told;
    /// `Detect` would look for it in the first line that comes.
    pub fn resume_at(options: CsvOptions, line: u64, offset: u64) -> CsvReader {
        let dialect = match &options.delimiter {
            Delimiter::Byte(byte) => Some(options.dialect(&[*byte])),
            Delimiter::Text(text) => Some(options.dialect(text)),
            Delimiter::Detect => None,
        };
        CsvReader {
            options,
            dialect,
            detector: Detector::default(),
            buffer: Vec::new(),
            start: 0,
            scan: Scan::default(),
            buffer_offset: offset,
            line,
            skip: 0,
            passing: false,
            expects_bom: false,
            expects_header: false,
            ended: false,
            failed: None,
        }
    }

    /// What is in the buffer from the record's start on.
    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn fail(&mut self, kind: ErrorKind, line: u64, message: String) -> RecordError {
        let error = RecordError { kind, line, message };
        self.failed = Some(error.clone());
        error
    }

    /// Passes over the byte order mark and lines that are no records. False: more bytes are needed.
    fn skip_lines(&mut self) -> bool {
        if self.expects_bom {
            let rest = self.rest();
            if rest.len() < BOM.len() && BOM.starts_with(rest) && !self.ended {
                return false;
            }
            if rest.starts_with(BOM) {
                self.start += BOM.len();
            }
            self.expects_bom = false;
        }
        loop {
            let rest = self.rest();
            let Some(first) = rest.first() else { return self.ended };
            let blank = matches!(first, b'\n' | b'\r');
            // Within a record that is half read nothing begins.
            let begins = self.scan.done == 0;
            let comment = begins && Some(*first) == self.options.comment;
            if self.skip == 0 && !self.passing && !blank && !comment {
                return true;
            }
            // What is passed over is not kept, however long the line.
            let content = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let end = rest.get(content..).unwrap_or_default();
            if end.is_empty() {
                self.passing = true;
                self.start += content;
                continue;
            }
            let Some(length) = scan::line_end(end, self.ended) else {
                self.passing |= content > 0;
                self.start += content;
                return false;
            };
            self.start += content + length;
            self.line += 1;
            self.passing = false;
            self.skip = self.skip.saturating_sub(1);
        }
    }

    /// Finds the delimiter out, once the first line is complete or too long to wait for.
    #[cold]
    fn detect(&mut self) -> Option<Dialect> {
        let limit = self.options.max_record_bytes.saturating_add(1);
        let line = self.buffer.get(self.start..).unwrap_or_default();
        let line = line.get(..limit).unwrap_or(line);
        if self.detector.feed(line, self.options.quote) || line.len() == limit || self.ended {
            self.dialect = Some(self.options.dialect(&[self.detector.winner()]));
        }
        self.dialect
    }

    /// Takes the record out of the buffer.
    fn take(&mut self, record: &mut Record, dialect: &Dialect, end: &RecordEnd) {
        let raw = self.buffer.get(self.start..self.start + end.content).unwrap_or_default();
        let Scan { has_quotes, has_escapes, .. } = std::mem::take(&mut self.scan);
        let inner_lines = if has_quotes || has_escapes { split::count_lines(raw) } else { 0 };
        let start_offset = self.buffer_offset + self.start as u64;
        let position = Position {
            line: self.line,
            next_line: self.line + inner_lines + u64::from(end.whole > end.content),
            start_offset,
            end_offset: start_offset + end.whole as u64,
            header: std::mem::take(&mut self.expects_header),
        };
        record.start(raw, position);
        if has_escapes {
            split::escaped(raw, dialect, record);
        } else if has_quotes {
            split::quoted(raw, dialect, record);
        } else {
            split::plain(raw, dialect, record);
        }
        self.line = position.next_line;
        self.start += end.whole;
    }

    fn too_long(&mut self) -> RecordError {
        let limit = self.options.max_record_bytes;
        let message = format!("the record is longer than {limit} bytes (STARDROP_MAX_ROW_BYTES)");
        self.fail(ErrorKind::OverLimit, self.line, message)
    }
}

impl RecordReader for CsvReader {
    fn push(&mut self, bytes: &[u8]) {
        // Moving the rest to the front once it is the smaller part costs each byte at most one
        // move, and keeps the buffer at twice what it has to hold.
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

    /// Known once the first record has been read.
    fn delimiter(&self) -> Option<&[u8]> {
        self.dialect.as_ref().map(Dialect::delimiter)
    }

    fn resume(self: Box<Self>, line: u64, offset: u64) -> Box<dyn RecordReader> {
        let delimiter = match self.delimiter() {
            Some(known) => Delimiter::Text(known.to_vec()),
            None => self.options.delimiter.clone(),
        };
        Box::new(CsvReader::resume_at(
            CsvOptions { delimiter, ..self.options.clone() },
            line,
            offset,
        ))
    }

    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if !self.skip_lines() {
            return Ok(Step::NeedMore);
        }
        if self.start == self.buffer.len() {
            return Ok(Step::End);
        }
        let Some(dialect) = self.dialect.or_else(|| self.detect()) else {
            return Ok(Step::NeedMore);
        };
        let record_bytes = self.buffer.get(self.start..).unwrap_or_default();
        let Some(end) = self.scan.find_end(record_bytes, &dialect, self.ended) else {
            if self.scan.done > self.options.max_record_bytes {
                return Err(self.too_long());
            }
            let Some(quote) = self.scan.open_quote.filter(|_| self.ended) else {
                return Ok(Step::NeedMore);
            };
            let line = self.line + split::count_lines(self.rest().get(..quote).unwrap_or_default());
            let message = "the quoted field that starts here is never closed".to_owned();
            return Err(self.fail(ErrorKind::BadFile, line, message));
        };
        if end.content > self.options.max_record_bytes {
            return Err(self.too_long());
        }
        self.take(record, &dialect, &end);
        Ok(Step::Record)
    }
}
