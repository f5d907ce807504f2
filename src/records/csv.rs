//! Reads records from delimited text: bytes are pushed in, records of fields are taken out.
//!
//! The format is that of RFC 4180, and what real files add to it, read as the `csv` crate reads it: a
//! quote opens a field only at its start; LF, CRLF and CR each end a record (a CR alone only in files whose
//! first record does not end in LF); blank lines are skipped, and so are rows of empty fields. Text behind
//! a closing quote is a fault of the record, because no dialect says what it means. Tests compare the records
//! with those of `csv-core`.
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
use first_records::FirstRecords;
use joined::Mark;
use record_end::RecordEnd;
use scan::Scan;

mod behind_blanks;
#[cfg(test)]
mod behind_blanks_tests;
#[cfg(test)]
mod csv_core_tests;
mod delimiter;
mod dialect;
#[cfg(test)]
mod dialect_tests;
mod fault;
mod first_records;
mod joined;
#[cfg(test)]
mod joined_tests;
#[cfg(test)]
mod odd_lines_tests;
mod record_end;
mod scan;
mod skip;
mod split;
#[cfg(test)]
mod tests;

pub use delimiter::Delimiter;
pub use dialect::{CsvOptions, MAX_DELIMITER_BYTES};
pub(crate) use fault::CODES as FAULT_CODES;

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
    /// Whether the next line may be one that names the delimiter.
    expects_sep: bool,
    /// The byte order mark before the record that is read next.
    after_mark: Option<Mark>,
    /// Whether the contract's `record_end` has been found.
    has_ended: bool,
    /// The offset up to which the stream has nothing but line ends.
    blank_to: u64,
    first: FirstRecords,
    failed: Option<RecordError>,
}

impl CsvReader {
    /// A reader that starts at the first byte of an object.
    pub fn new(options: CsvOptions) -> CsvReader {
        let reader = CsvReader::at(options, 1, 0);
        CsvReader {
            buffer: Buffer::new(),
            skip: reader.options.skip,
            expects_sep: true,
            first: FirstRecords::new(reader.options.header_rows),
            ..reader
        }
    }

    /// A reader that continues in the middle of a file.
    fn at(options: CsvOptions, line: u64, offset: u64) -> CsvReader {
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
            expects_sep: false,
            after_mark: None,
            has_ended: offset > 0,
            blank_to: 0,
            first: FirstRecords::default(),
            failed: None,
        }
    }

    fn fail(&mut self, kind: ErrorKind, line: u64, message: String) -> RecordError {
        let error = RecordError { kind, line, message };
        self.failed = Some(error.clone());
        error
    }

    /// Detects the delimiter, once the first line is complete or as long as a record may be.
    #[cold]
    fn detect(&mut self) -> Result<Option<Dialect>, RecordError> {
        let limit = self.options.max_record_bytes.saturating_add(1);
        let line = self.buffer.rest();
        let line = line.get(..limit).unwrap_or(line);
        let ended = self.buffer.ended() || line.len() == limit;
        let complete = match &self.options.record_end {
            None => self.detector.feed(line, self.options.quote),
            Some(end) => match memchr::memmem::find(line, end) {
                None if !ended => false,
                found => {
                    let line = line.get(..found.unwrap_or(line.len())).unwrap_or_default();
                    self.detector.feed(line, self.options.quote);
                    true
                }
            },
        };
        if complete || ended {
            let delimiter = match self.detector.winner() {
                Ok(winner) => winner,
                Err(_) if self.options.header_rows > 0 => b',',
                Err([one, other]) => {
                    let (one, other) =
                        (char::from(one).escape_default(), char::from(other).escape_default());
                    let message = format!(
                        "the first line has as many `{one}` as `{other}`: set [file] delimiter"
                    );
                    return Err(self.fail(ErrorKind::BadFile, self.line, message));
                }
            };
            self.dialect = Some(Dialect::new(&[delimiter], &self.options));
        }
        Ok(self.dialect)
    }

    /// Moves the record that ends at `end` from the buffer to `record`. Returns whether it has no value.
    fn take(&mut self, record: &mut Record, dialect: &Dialect, end: &RecordEnd) -> bool {
        let raw = self.buffer.rest().get(..end.content).unwrap_or_default();
        let scan = std::mem::take(&mut self.scan);
        let Scan { has_quotes, has_escapes, has_lone_cr, comment, .. } = scan;
        let has_record_end = dialect.record_end().is_some();
        if self.first.is_none() && !has_record_end {
            let line_end = self.buffer.rest().get(end.content..end.whole).unwrap_or_default();
            let cr_ends = dialect.cr_ends && line_end.last() != Some(&b'\n');
            self.dialect = Some(dialect.with_cr(cr_ends));
        }
        let may_have_lines = has_quotes
            || has_escapes
            || has_lone_cr
            || has_record_end
            || scan.has_blanks_before_quote;
        let inner_lines = if may_have_lines { split::count_lines(raw) } else { 0 };
        let start_offset = self.buffer.offset();
        let position = Position {
            line: self.line,
            next_line: self.line + inner_lines + u64::from(end.whole > end.content),
            start_offset,
            end_offset: start_offset + end.whole as u64,
        };
        record.start(raw, position);
        let fields = comment.map_or(raw, |at| split::before_comment(raw, at, dialect));
        if has_escapes {
            split::escaped(fields, dialect, &self.options.escaped_nulls, record);
        } else if has_quotes {
            split::quoted(fields, dialect, record);
        } else {
            split::plain(fields, dialect, record);
        }
        if has_lone_cr || scan.has_blanks_before_quote {
            fault::odd_bytes(record, dialect, has_lone_cr);
        }
        let delimiters = (record.len() - 1) * dialect.delimiter().len();
        let is_empty =
            fields.len() == delimiters || dialect.skip_blanks && split::has_blanks_only(record);
        self.line = position.next_line;
        self.buffer.advance(end.whole);
        // In a file of one column an empty line is an empty value, with the delimiter that may end it.
        let is_one_value = self.first.is_one_column()
            || self.options.trailing_delimiter && record.len() == 2 && self.first.has_width(2);
        is_empty && !(is_one_value && comment.is_none())
    }

    fn too_long(&mut self) -> RecordError {
        let limit = self.options.max_record_bytes;
        let mut message =
            format!("the record is longer than {limit} bytes (STARDROP_MAX_ROW_BYTES)");
        if self.buffer.rest().iter().take(limit).all(|byte| *byte == 0) {
            message = format!(
                "nothing but NUL bytes from here on, more than {limit}: the file was not written to its end, \
                 or was damaged later"
            );
        } else if self.options.record_end.is_some() {
            message.push_str(": does it end in the contract's `record_end`?");
        }
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
        let known = self.delimiter().map(|known| Delimiter::Text(known.to_vec()));
        let CsvReader { mut options, first, dialect, .. } = *self;
        options.delimiter = known.unwrap_or(options.delimiter);
        let reader = CsvReader::at(options, line, offset);
        Box::new(CsvReader { first, dialect: dialect.or(reader.dialect), ..reader })
    }

    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        loop {
            if self.expects_sep && !self.read_sep()? || !self.skip_lines() {
                return Ok(Step::NeedMore);
            }
            if self.buffer.rest().is_empty() {
                return self.check_skipped().map(|()| Step::End);
            }
            let dialect = match self.dialect {
                None => self.detect()?,
                known => known,
            };
            let Some(dialect) = dialect else { return Ok(Step::NeedMore) };
            let (rest, ended) = (self.buffer.rest(), self.buffer.ended());
            let Some(end) = self.scan.find_end(rest, &dialect, ended) else {
                if let Some(quote) = self.scan.far_quote {
                    let line =
                        self.line + split::count_lines(rest.get(..quote).unwrap_or_default());
                    let message = fault::far_quote(behind_blanks::MAX_VALUE_BYTES);
                    return Err(self.fail(ErrorKind::BadFile, line, message));
                }
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
            let is_empty = self.take(record, &dialect, &end);
            self.has_ended |= end.whole > end.content;
            if is_empty {
                continue;
            }
            let is_ordinary = self.after_mark.is_none() && self.first.is_ordinary(record);
            if is_ordinary || self.check_place(record, &dialect)? {
                return Ok(Step::Record);
            }
        }
    }
}
