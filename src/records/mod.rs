//! Cuts plain bytes of any file format into records of byte fields. Knows nothing of columns or types.
//!
//! The list of formats is in `format.rs`. The caller pushes bytes into a reader and takes records out,
//! so that memory stays flat in an async loop:
//!
//! ```text
//! loop {
//!     match reader.next(&mut record)? {
//!         Step::Record => use(&record),
//!         Step::NeedMore => match stream.next().await { Some(bytes) => reader.push(&bytes), None => reader.end() },
//!         Step::End => break,
//!     }
//! }
//! ```

use std::fmt;

use crate::error::ErrorKind;

mod buffer;
mod csv;
mod csv_field;
mod excel;
mod footer;
mod format;
mod grid;
mod jsonl;
mod name;
mod options;
mod parquet;
mod record;
mod spooled;

pub(crate) use csv::FAULT_CODES;
pub use csv::{CsvOptions, CsvReader, Delimiter, MAX_DELIMITER_BYTES};
pub use csv_field::CsvFields;
pub use excel::{SheetName, sheets};
pub use format::{Format, Unsupported};
pub(crate) use name::fold;
pub use options::ReaderOptions;
pub use record::{Kind, Record, Unusable};
pub use spooled::{SharedFile, Spooled};

/// The reader of one file: bytes are pushed in, records are taken out.
pub trait RecordReader: Send {
    /// Hands over the next bytes of the object. Call it only after [`Step::NeedMore`], because pushed
    /// bytes stay in memory until they are read.
    fn push(&mut self, bytes: &[u8]);

    /// Says that the object has no more bytes.
    fn end(&mut self);

    /// A reader of the same file that continues at [`Record::next_line`] and [`Record::end_offset`]
    /// of a record. It keeps what this reader has detected, such as the delimiter.
    fn resume(self: Box<Self>, line: u64, offset: u64) -> Box<dyn RecordReader>;

    /// The text between two fields, if it is known and the format has one.
    fn delimiter(&self) -> Option<&[u8]> {
        None
    }

    /// The name of the sheet that is read, if the format has sheets.
    fn sheet(&self) -> Option<&str> {
        None
    }

    /// Fills `record` with the next record, or says that it needs more bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadFile`] if the file is malformed at a line, [`ErrorKind::OverLimit`] if a record
    /// is too long. Every later call returns the same error.
    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError>;
}

/// The result of [`RecordReader::next`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The record is filled.
    Record,
    /// Push more bytes, or call [`RecordReader::end`] if there are none.
    NeedMore,
    /// All records have been taken.
    End,
}

/// Why the records of a file cannot be read any further. Displayed as `line 14: message`; never holds
/// the value of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordError {
    /// What the error means to the pipeline.
    pub kind: ErrorKind,
    /// The line of the file, counted from 1.
    pub line: u64,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for RecordError {}
