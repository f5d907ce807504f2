//! Batch: records in, lines of COPY text and rejected rows out, until the batch is full.

use super::records::RecordStream;
use crate::copy::CopyIn;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::{Checkpoint, Claimed, RejectedRow};
use crate::records::Record;
use crate::rows::RowWriter;
use crate::settings::Settings;

/// A batch ends early once so many bytes of rejected rows wait for its end: they are held in
/// memory, because one connection can do only one COPY at a time.
const REJECTED_BYTES: usize = 8 << 20;

/// Why a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It is full; `record` holds nothing that was not written.
    Full,
    /// The object has no more records.
    Object,
}

/// Where the lines of a batch go: to Postgres, or to a file from which they can be sent in parts.
pub(super) trait Lines {
    /// Where the next line is to be appended.
    fn buffer(&mut self) -> &mut Vec<u8>;
    /// The record's line is in the buffer.
    fn written(&mut self, _record: &Record) {}
    /// Passes on what has gathered, once that is worth it.
    async fn send_when_full(&mut self) -> Result<()>;
    /// The bytes of all lines so far.
    fn total_bytes(&self) -> u64;
}

impl Lines for CopyIn {
    fn buffer(&mut self) -> &mut Vec<u8> {
        CopyIn::buffer(self)
    }

    async fn send_when_full(&mut self) -> Result<()> {
        CopyIn::send_when_full(self).await
    }

    fn total_bytes(&self) -> u64 {
        CopyIn::total_bytes(self)
    }
}

/// A batch that is being filled.
pub(super) struct Batch<'r, L> {
    settings: &'r Settings,
    /// The batch has to hold the whole object: rows that it does not bring are deleted with it.
    whole: bool,
    lines: L,
    filled: Filled,
}

/// What a batch holds besides its lines.
pub(super) struct Filled {
    pub rows_read: u64,
    pub rejected: Vec<RejectedRow>,
    rejected_bytes: usize,
    /// Where the next batch starts.
    pub to: Checkpoint,
}

impl<'r, L: Lines> Batch<'r, L> {
    pub fn new(settings: &'r Settings, claimed: &Claimed, lines: L) -> Self {
        let filled = Filled {
            rows_read: 0,
            rejected: Vec::new(),
            rejected_bytes: 0,
            to: claimed.checkpoint,
        };
        Batch { settings, whole: claimed.replaces, lines, filled }
    }

    /// Writes `record` and those after it until the batch is full or the object ends.
    pub async fn fill(
        &mut self,
        records: &mut RecordStream,
        writer: &RowWriter,
        record: &mut Record,
    ) -> Result<End> {
        loop {
            self.take(writer, record);
            self.lines.send_when_full().await?;
            if self.is_full()? {
                return Ok(End::Full);
            }
            if !records.next(record).await? {
                return Ok(End::Object);
            }
        }
    }

    fn take(&mut self, writer: &RowWriter, record: &Record) {
        let filled = &mut self.filled;
        match writer.write(record, self.lines.buffer()) {
            Ok(()) => self.lines.written(record),
            Err(rejection) => {
                filled.rejected_bytes += record.raw().len();
                filled.rejected.push(RejectedRow { rejection, raw: record.raw().to_vec() });
            }
        }
        filled.rows_read += 1;
        filled.to = Checkpoint {
            rows: filled.to.rows + 1,
            // A last record without a line end has no next line.
            line: record.line().max(record.next_line() - 1),
            offset: record.end_offset(),
        };
    }

    fn is_full(&self) -> Result<bool> {
        let rejects_full = self.filled.rejected_bytes >= REJECTED_BYTES;
        if self.whole && rejects_full {
            let message = format!(
                "more than {REJECTED_BYTES} bytes of rejected rows in a file that replaces another, \
                 and so has to be loaded in one piece"
            );
            return Err(Error::new(ErrorKind::OverLimit, Stage::Rows, message));
        }
        Ok(rejects_full
            || !self.whole
                && (self.filled.rows_read >= self.settings.batch_rows
                    || self.lines.total_bytes() >= self.settings.batch_bytes))
    }

    /// The lines and all else.
    pub fn into_parts(self) -> (L, Filled) {
        (self.lines, self.filled)
    }
}
