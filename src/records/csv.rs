//! Reads records from delimited text: bytes are pushed in, records of fields are taken out.
//!
//! The format is that of RFC 4180, and what real files add to it, read as the `csv` crate reads it: a
//! quote opens a field only at its start; LF, CRLF and CR each end a record; blank lines are skipped;
//! text after a closing quote belongs to the field. Tests compare the records with those of `csv-core`.
//!
//! Why not that crate: the loader needs, for every record, its original bytes (a rejected row is kept
//! unchanged), its first and next line and its byte offsets (a load resumes after any record), and which
//! fields were quoted (`""` is an empty text, an empty field means null). The crate does not give these.
//! It also takes an unclosed quote for the end of a field, sets no limit to the size of a record, and
//! has no delimiters of several bytes.
//!
//! `memchr` finds where the record ends and then, in a record without an opening quote, its
//! delimiters. A field without escapes is a range of the original bytes, not a copy.

use super::buffer::Buffer;
use super::record::{Position, Record};
use super::{RecordError, RecordReader, Step};
use crate::error::ErrorKind;
use delimiter::Detector;
use dialect::Dialect;
use scan::{RecordEnd, Scan};

#[cfg(test)]
mod csv_core_tests;
mod delimiter;
mod dialect;
#[cfg(test)]
mod dialect_tests;
mod scan;
mod split;
#[cfg(test)]
mod tests;

pub use delimiter::Delimiter;
pub use dialect::{CsvOptions, MAX_DELIMITER_BYTES};

/// Reads delimited text.
#[derive(Debug)]
pub struct CsvReader {
    options: CsvOptions,
    /// `None` until the delimiter is known.
    dialect: Option<Dialect>,
    detector: Detector,
    /// Starts with the record that is read next.
    buffer: Buffer,
    /// How far `buffer` has been searched for the end of that record.
    scan: Scan,
    /// The line on which that record starts.
    line: u64,
    /// The number of lines that are still to be skipped.
    skip: u64,
    /// Whether the start of a skipped line or a comment has been dropped from `buffer`.
    skipping: bool,
    expects_header: bool,
    failed: Option<RecordError>,
}

impl CsvReader {
    /// A reader that starts at the first byte of an object.
    pub fn new(options: CsvOptions) -> CsvReader {
        let expects_header = options.has_header;
        let skip = options.skip;
        let reader = CsvReader::resume_at(options, 1, 0);
        CsvReader { buffer: Buffer::new(), expects_header, skip, ..reader }
    }

    /// A reader that continues in the middle of a file, at [`Record::next_line`] and
    /// [`Record::end_offset`] of the last record. Set the delimiter to what [`CsvReader::delimiter`]
    /// returned, because [`Delimiter::Detect`] would detect it in the first line from there on.
    pub fn resume_at(options: CsvOptions, line: u64, offset: u64) -> CsvReader {
        let dialect = match &options.delimiter {
            Delimiter::Byte(byte) => Some(Dialect::new(&[*byte], &options)),
            Delimiter::Text(text) => Some(Dialect::new(text, &options)),
            Delimiter::Detect => None,
        };
        CsvReader {
            options,
            dialect,
            detector: Detector::default(),
            buffer: Buffer::at(offset),
            scan: Scan::default(),
            line,
            skip: 0,
            skipping: false,
            expects_header: false,
            failed: None,
        }
    }

    fn fail(&mut self, kind: ErrorKind, line: u64, message: String) -> RecordError {
        let error = RecordError { kind, line, message };
        self.failed = Some(error.clone());
        error
    }

    /// Skips the byte order mark, the lines before the header, blank lines and comments. False: it
    /// takes more bytes.
    fn skip_lines(&mut self) -> bool {
        if !self.buffer.skip_bom() {
            return false;
        }
        loop {
            let (rest, ended) = (self.buffer.rest(), self.buffer.ended());
            let Some(first) = rest.first() else { return ended };
            let blank = matches!(first, b'\n' | b'\r');
            // A comment cannot start inside a record that is partly searched.
            let comment = self.scan.done == 0 && Some(*first) == self.options.comment;
            if self.skip == 0 && !self.skipping && !blank && !comment {
                return true;
            }
            // The bytes of a skipped line are dropped at once, however long it is.
            let content = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let end = rest.get(content..).unwrap_or_default();
            if end.is_empty() {
                self.skipping = true;
                self.buffer.advance(content);
                continue;
            }
            let Some(length) = scan::line_end(end, ended) else {
                self.skipping |= content > 0;
                self.buffer.advance(content);
                return false;
            };
            self.buffer.advance(content + length);
            self.line += 1;
            self.skipping = false;
            self.skip = self.skip.saturating_sub(1);
        }
    }

    /// Detects the delimiter, once the first line is complete or as long as a record may be.
    #[cold]
    fn detect(&mut self) -> Option<Dialect> {
        let limit = self.options.max_record_bytes.saturating_add(1);
        let line = self.buffer.rest();
        let line = line.get(..limit).unwrap_or(line);
        let complete = self.detector.feed(line, self.options.quote);
        if complete || line.len() == limit || self.buffer.ended() {
            self.dialect = Some(Dialect::new(&[self.detector.winner()], &self.options));
        }
        self.dialect
    }

    /// Moves the record that ends at `end` from the buffer to `record`.
    fn take(&mut self, record: &mut Record, dialect: &Dialect, end: &RecordEnd) {
        let raw = self.buffer.rest().get(..end.content).unwrap_or_default();
        let Scan { has_quotes, has_escapes, .. } = std::mem::take(&mut self.scan);
        let inner_lines = if has_quotes || has_escapes { split::count_lines(raw) } else { 0 };
        let start_offset = self.buffer.offset();
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
        self.buffer.advance(end.whole);
    }

    fn too_long(&mut self) -> RecordError {
        let limit = self.options.max_record_bytes;
        let message = format!("the record is longer than {limit} bytes (STARDROP_MAX_ROW_BYTES)");
        self.fail(ErrorKind::OverLimit, self.line, message)
    }
}

impl RecordReader for CsvReader {
    fn push(&mut self, bytes: &[u8]) {
        self.buffer.push(bytes);
    }

    fn end(&mut self) {
        self.buffer.end();
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
        let options = CsvOptions { delimiter, ..self.options.clone() };
        Box::new(CsvReader::resume_at(options, line, offset))
    }

    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if !self.skip_lines() {
            return Ok(Step::NeedMore);
        }
        if self.buffer.rest().is_empty() {
            return Ok(Step::End);
        }
        let Some(dialect) = self.dialect.or_else(|| self.detect()) else {
            return Ok(Step::NeedMore);
        };
        let (rest, ended) = (self.buffer.rest(), self.buffer.ended());
        let Some(end) = self.scan.find_end(rest, &dialect, ended) else {
            if self.scan.done > self.options.max_record_bytes {
                return Err(self.too_long());
            }
            let Some(quote) = self.scan.open_quote.filter(|_| ended) else {
                return Ok(Step::NeedMore);
            };
            let line = self.line + split::count_lines(rest.get(..quote).unwrap_or_default());
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
