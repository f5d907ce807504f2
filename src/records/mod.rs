//! Records: plain bytes in, records of byte fields out. Knows nothing of columns or types.
//!
//! A new format is one file here and one line in `FORMATS`, `format.rs`.
//!
//! Readers are pushed to, so that they work in an async loop with flat memory:
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

pub mod csv;
mod excel;
mod format;
mod grid;
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
mod record;
mod spooled;

pub use csv::{CsvOptions, CsvReader, Delimiter};
pub use format::{Format, ReaderOptions, Unsupported};
pub use record::{Kind, Record};
pub use spooled::Spooled;

/// A file format's reader: bytes are pushed in, records are taken out.
pub trait RecordReader: Send {
    /// Hands over the next bytes of the object. Records that are complete should be taken out
    /// with [`RecordReader::next`] before more is pushed: what is pushed is kept until then.
    fn push(&mut self, bytes: &[u8]);

    /// Says that no more bytes will come.
    fn end(&mut self);

    /// A reader of the same file that goes on in mid-file, where [`Record::next_line`] and
    /// [`Record::end_offset`] of a record said, knowing what this one has found out.
    fn resume(self: Box<Self>, line: u64, offset: u64) -> Box<dyn RecordReader>;

    /// What stands between two fields, where that is known and means anything.
    fn delimiter(&self) -> Option<&[u8]> {
        None
    }

    /// Fills `record` with the next record, or says what is missing.
    ///
    /// # Errors
    ///
    /// The file's structure is broken at a line. The reader has no more records then, and gives
    /// the same error again.
    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError>;
}

/// What [`RecordReader::next`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The record is filled.
    Record,
    /// Push more bytes, or say that there are no more.
    NeedMore,
    /// All records have been taken.
    End,
}

/// A break in a file's structure. Displayed as `line 14: message`; never holds a cell's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordError {
    /// What kind of error it is to the pipeline.
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
