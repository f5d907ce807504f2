//! Finds out whether a delimited file is several files put one after the other, or has another
//! `record_end` than the contract: what would make values of wrong columns refuses the file.

use memchr::memmem;

use super::dialect::Dialect;
use super::first_records::{Place, folded};
use super::{CsvReader, fault};
use crate::error::ErrorKind;
use crate::records::buffer::BOM;
use crate::records::{Record, RecordError};

/// A byte order mark at the start of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// That of the file's encoding.
    Own,
    /// The bytes of the mark of UTF-8, decoded as another encoding.
    Foreign,
}

impl CsvReader {
    /// Learns from the first records, and checks those that may be the start of another file. Returns
    /// whether the record counts: a header that is repeated does not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadFile`] if the rows that follow may have other columns.
    #[cold]
    pub(super) fn check_place(
        &mut self,
        record: &mut Record,
        dialect: &Dialect,
    ) -> Result<bool, RecordError> {
        let mark = self.after_mark.take();
        let refuse = |reader: &mut CsvReader, message: &str| {
            Err(reader.fail(ErrorKind::BadFile, record.line(), message.to_owned()))
        };
        if mark == Some(Mark::Foreign) {
            return refuse(
                self,
                "the line starts with the byte order mark of UTF-8, but the file has another encoding: \
                 it is several files in one, split it",
            );
        }
        if self.first.is_none() || self.first.expects_header() {
            let is_open = self.first.expects_header() || !self.has_ended;
            if dialect.record_end().is_some() && is_open && goes_over_lines(record) {
                return refuse(self, RECORD_END);
            }
            self.first.learn(record);
            return Ok(true);
        }
        let is_trimmed = self.options.skip > 0 || self.options.skip_footer > 0;
        if mark.is_some() && is_trimmed {
            return refuse(
                self,
                "a byte order mark is here: the file is several files in one, and skip and skip_footer \
                 hold for the first and the last of them only, split it",
            );
        }
        if self.first.has_header() {
            match self.first.place(record, mark.is_some()) {
                Place::HeaderAgain => return Ok(false),
                Place::OtherHeader => return refuse(self, OTHER_HEADER),
                Place::Row => {}
            }
        }
        if self.first.is_ordinary(record) {
            return Ok(true);
        }
        let Some(inside) = mark_inside(record) else { return Ok(true) };
        if self.first.has_header() {
            let rest = record.raw().get(inside..).unwrap_or_default();
            let place = self.first.place_of(&folded(fields(rest, dialect)));
            if place == Place::OtherHeader {
                return refuse(self, OTHER_HEADER);
            }
        }
        fault::mark_inside(record);
        Ok(true)
    }

    /// Checks at the end of the file whether all of it was skipped as one line.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadFile`] if the contract's `record_end` does not occur.
    pub(super) fn check_skipped(&mut self) -> Result<(), RecordError> {
        if self.options.record_end.is_some() && self.skipping && !self.has_ended {
            return Err(self.fail(ErrorKind::BadFile, self.line, RECORD_END.to_owned()));
        }
        Ok(())
    }
}

const RECORD_END: &str = "the contract's `record_end` does not end this line: correct it (\"\\r\\n\" and \
                          \"\\n\" differ), or remove it if rows end in line ends";

const OTHER_HEADER: &str = "another header than that of the file is here behind a byte order mark: the \
                            file is several files in one, split it";

/// Whether a record goes on behind a line end that is not in quotes.
fn goes_over_lines(record: &Record) -> bool {
    let has_line_end = |text: &[u8]| memchr::memchr2(b'\n', b'\r', text).is_some();
    let is_over = |(index, field): (usize, &[u8])| !record.is_quoted(index) && has_line_end(field);
    record.iter().enumerate().any(is_over) || record.fault().is_some() && has_line_end(record.raw())
}

/// Where the text behind a byte order mark starts that is within a record and not in quotes.
fn mark_inside(record: &Record) -> Option<usize> {
    let mark = memmem::find(record.raw(), BOM)?;
    let has_mark = |(index, field): (usize, &[u8])| {
        !record.is_quoted(index) && memmem::find(field, BOM).is_some()
    };
    let is_inside = record.fault().is_some() || record.iter().enumerate().any(has_mark);
    is_inside.then_some(mark + BOM.len())
}

/// The fields of a text without quotes.
fn fields<'t>(text: &'t [u8], dialect: &Dialect) -> impl Iterator<Item = &'t [u8]> {
    let dialect = *dialect;
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(at) = dialect.find_delimiter(text) else {
            rest = None;
            return Some(text);
        };
        rest = text.get(at + dialect.delimiter().len()..);
        text.get(..at)
    })
}
