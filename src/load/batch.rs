//! Batch: writes records as COPY lines or as rejected rows, until the batch is full.

use std::time::Instant;

use tokio::time::timeout_at;

use super::line_sink::LineSink;
use super::record_stream::RecordStream;
use super::time_budget::TimeBudget;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::{Checkpoint, Claim, RejectedRow};
use crate::records::Record;
use crate::rows::RowWriter;
use crate::settings::Settings;

/// A batch ends early once this many bytes of rejected rows wait for its end. They are held in
/// memory, because one connection can do only one COPY at a time.
const MAX_REJECTED_BYTES: usize = 8 << 20;

/// The number of rows between two looks at the clock.
const ROWS_PER_CLOCK_CHECK: u64 = 256;

/// A load that needs one transaction fails after this many attempts that ran out of time.
const MAX_SINGLE_BATCH_ATTEMPTS: u32 = 2;

/// Why a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BatchEnd {
    /// It is full; the record read last is in it.
    Full,
    /// The object has no more records.
    Object,
    /// It must be closed now to be committed before the invocation ends.
    OutOfTime,
}

/// When a batch is full.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchLimits {
    max_rows: u64,
    max_bytes: u64,
    budget: TimeBudget,
    attempts_without_progress: u32,
    /// The batch must hold the whole object: the rows that it lacks are deleted in the same
    /// transaction.
    is_single: bool,
}

impl BatchLimits {
    /// The limits of the next batch of a claimed load.
    pub fn of(settings: &Settings, claim: &Claim, budget: TimeBudget) -> Self {
        let attempts_without_progress = claim.attempts_without_progress;
        BatchLimits {
            max_rows: budget.max_rows(settings.batch_rows, attempts_without_progress),
            max_bytes: settings.batch_bytes,
            budget,
            attempts_without_progress,
            is_single: claim.replaces,
        }
    }

    /// The end of a batch whose time is over before all its rows are in it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfTime`] where the batch must hold the whole object, and
    /// [`ErrorKind::OverLimit`] after some attempts at that.
    pub(crate) fn out_of_time(&self) -> Result<BatchEnd> {
        if !self.is_single {
            return Ok(BatchEnd::OutOfTime);
        }
        let message = "overwrite = \"replace\" loads a file in one transaction, and this one does \
                       not fit in one invocation: raise timeout_seconds or split it";
        let kind = if self.attempts_without_progress >= MAX_SINGLE_BATCH_ATTEMPTS {
            ErrorKind::OverLimit
        } else {
            ErrorKind::OutOfTime
        };
        Err(Error::new(kind, Stage::Copy, message))
    }
}

/// A batch that is being filled.
pub(super) struct Batch<S> {
    limits: BatchLimits,
    sink: S,
    filled: Filled,
}

/// What a batch holds besides its lines.
pub(super) struct Filled {
    pub rows_read: u64,
    pub rejected: Vec<RejectedRow>,
    rejected_bytes: usize,
    /// Where the next batch starts.
    pub to: Checkpoint,
    /// Rows that Postgres refuses without its being known which they are.
    pub refused_unseen: u64,
    /// Whether rows after `to` were read already: they are read again.
    pub is_cut: bool,
}

impl Filled {
    /// The rows that are to be rejected.
    pub fn rows_rejected(&self) -> u64 {
        self.rejected.len() as u64 + self.refused_unseen
    }

    /// Leaves out the rows from this checkpoint on.
    pub fn cut(&mut self, to: Checkpoint) {
        self.rows_read -= self.to.rows - to.rows;
        self.rejected.retain(|row| row.rejection.line <= to.line);
        self.to = to;
        self.is_cut = true;
    }
}

impl<S: LineSink> Batch<S> {
    /// An empty batch that starts at a checkpoint.
    pub fn new(limits: BatchLimits, from: Checkpoint, sink: S) -> Self {
        let filled = Filled {
            rows_read: 0,
            rejected: Vec::new(),
            rejected_bytes: 0,
            to: from,
            refused_unseen: 0,
            is_cut: false,
        };
        Batch { limits, sink, filled }
    }

    /// Writes `record` and those after it until the batch is full or the object ends.
    ///
    /// # Errors
    ///
    /// Those of reading the object and of the sink; [`ErrorKind::OverLimit`] and
    /// [`ErrorKind::OutOfTime`] where the load needs one transaction and is too large for it.
    pub async fn fill(
        &mut self,
        records: &mut RecordStream,
        writer: &RowWriter,
        record: &mut Record,
    ) -> Result<BatchEnd> {
        loop {
            self.push_record(writer, record);
            self.sink.send_when_full().await?;
            if self.is_full()? {
                return Ok(BatchEnd::Full);
            }
            match self.next(records, record).await? {
                Some(true) => {}
                Some(false) => return Ok(BatchEnd::Object),
                None => return self.limits.out_of_time(),
            }
        }
    }

    /// Reads the next record and returns whether there is one; `None` where the batch must be
    /// closed first.
    async fn next(&self, records: &mut RecordStream, record: &mut Record) -> Result<Option<bool>> {
        let rows = self.filled.rows_read;
        let Some(until) = self.limits.budget.fill_until(rows) else {
            return records.next(record).await.map(Some);
        };
        if rows.is_multiple_of(ROWS_PER_CLOCK_CHECK) && until <= Instant::now() {
            return Ok(None);
        }
        // An object that arrives slowly must not hold back the rows that are there already.
        timeout_at(until.into(), records.next(record)).await.ok().transpose()
    }

    fn push_record(&mut self, writer: &RowWriter, record: &Record) {
        let filled = &mut self.filled;
        match writer.write(record, self.sink.buffer()) {
            Ok(()) => self.sink.line_written(record, writer, filled.to),
            Err(rejection) => {
                let raw = writer.redact(record).into_owned();
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
        let has_full_rejects = self.filled.rejected_bytes >= MAX_REJECTED_BYTES;
        if self.limits.is_single {
            if has_full_rejects {
                let message = format!(
                    "overwrite = \"replace\" loads a file in one transaction, and this one has \
                     more than {MAX_REJECTED_BYTES} bytes of rejected rows"
                );
                return Err(Error::new(ErrorKind::OverLimit, Stage::Rows, message));
            }
            return Ok(false);
        }
        Ok(has_full_rejects
            || self.filled.rows_read >= self.limits.max_rows
            || self.sink.total_bytes() >= self.limits.max_bytes)
    }

    /// The sink and what the batch holds besides its lines.
    pub(crate) fn into_parts(self) -> (S, Filled) {
        (self.sink, self.filled)
    }
}
