//! Batch: records in, lines of COPY text and rejected rows out, until the batch is full.

use std::time::Instant;

use tokio::time::timeout_at;

use super::pace::Pace;
use super::records::RecordStream;
use super::run::Progress;
use crate::copy::CopyIn;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::{Checkpoint, RejectedRow};
use crate::records::Record;
use crate::rows::RowWriter;
use crate::settings::Settings;

/// A batch ends early once so many bytes of rejected rows wait for its end: they are held in
/// memory, because one connection can do only one COPY at a time.
const REJECTED_BYTES: usize = 8 << 20;

/// The clock is looked at after so many rows.
const LOOK_AT_THE_CLOCK: u64 = 256;

/// What has to be loaded in one piece is given up after so many attempts that ran out of time.
const TRIES_IN_ONE_PIECE: u32 = 2;

/// Why a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It is full; `record` holds nothing that was not written.
    Full,
    /// The object has no more records.
    Object,
    /// It has to be closed now, or the invocation ends before it can be.
    OutOfTime,
}

/// Where the lines of a batch go: to Postgres, or to a file from which they can be sent in parts.
pub(super) trait Lines {
    /// Where the next line is to be appended.
    fn buffer(&mut self) -> &mut Vec<u8>;
    /// The record's line is in the buffer.
    fn written(&mut self, _record: &Record, _writer: &RowWriter) {}
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
    pace: Pace,
    most_rows: u64,
    in_vain: u32,
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
    pub fn new(settings: &'r Settings, progress: &Progress, lines: L) -> Self {
        let Progress { claimed, pace, .. } = progress;
        let filled = Filled {
            rows_read: 0,
            rejected: Vec::new(),
            rejected_bytes: 0,
            to: claimed.checkpoint,
        };
        Batch {
            settings,
            pace: *pace,
            most_rows: pace.most_rows(settings.batch_rows, claimed.in_vain),
            in_vain: claimed.in_vain,
            whole: claimed.replaces,
            lines,
            filled,
        }
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
            match self.next(records, record).await? {
                Some(true) => {}
                Some(false) => return Ok(End::Object),
                None => return self.out_of_time(),
            }
        }
    }

    /// The next record, whether there is one; `None` where the batch has to be closed first.
    async fn next(&self, records: &mut RecordStream, record: &mut Record) -> Result<Option<bool>> {
        let rows = self.filled.rows_read;
        let Some(until) = self.pace.fill_until(rows) else {
            return records.next(record).await.map(Some);
        };
        if rows.is_multiple_of(LOOK_AT_THE_CLOCK) && until <= Instant::now() {
            return Ok(None);
        }
        // An object that trickles must not hold up the batch that is there already.
        timeout_at(until.into(), records.next(record)).await.ok().transpose()
    }

    fn out_of_time(&self) -> Result<End> {
        if !self.whole {
            return Ok(End::OutOfTime);
        }
        let message = "a file that replaces another has to be loaded in one piece, and is too big \
                       for the time of an invocation";
        let kind = if self.in_vain >= TRIES_IN_ONE_PIECE {
            ErrorKind::OverLimit
        } else {
            ErrorKind::OutOfTime
        };
        Err(Error::new(kind, Stage::Copy, message))
    }

    fn take(&mut self, writer: &RowWriter, record: &Record) {
        let filled = &mut self.filled;
        match writer.write(record, self.lines.buffer()) {
            Ok(()) => self.lines.written(record, writer),
            Err(rejection) => {
                let raw = writer.kept(record).into_owned();
                filled.rejected_bytes += raw.len();
                filled.rejected.push(RejectedRow { rejection, raw });
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
                && (self.filled.rows_read >= self.most_rows
                    || self.lines.total_bytes() >= self.settings.batch_bytes))
    }

    /// The lines and all else.
    pub fn into_parts(self) -> (L, Filled) {
        (self.lines, self.filled)
    }
}
