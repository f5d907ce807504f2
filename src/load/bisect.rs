//! Bisect: stages a batch that Postgres refused, without the rows that are at fault.
//!
//! An error that only Postgres can find (a check or a trigger that a user added) has no line number.
//! So the lines are spooled to a file and copied in halves, each under a savepoint, until those rows
//! are found. Each such row costs about log2(rows of the batch) COPYs.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use crate::db::Client;

use super::line_sink::LineSink;
use crate::copy::CopyIn;
use crate::db;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::RejectedRow;
use crate::records::Record;
use crate::rows::{Rejection, RowWriter};

/// How many bytes are written to and read from the files at once.
const CHUNK_BYTES: usize = 128 * 1024;

/// Whether single rows may have caused an error. A violated unique key (23505) is not their fault:
/// it comes from concurrent loads, and a retry of the whole batch may succeed.
pub(super) fn is_fault_of_rows(error: &Error) -> bool {
    error.kind == ErrorKind::RowsRefused && error.sqlstate.as_deref() != Some("23505")
}

/// The COPY lines of a batch and the raw rows that they were made from, in unnamed temporary files.
pub(super) struct Spool {
    lines: File,
    raws: File,
    pending: Vec<u8>,
    pending_raws: Vec<u8>,
    lines_bytes: u64,
    raws_bytes: u64,
    rows: Vec<SpooledRow>,
}

/// The line of a row in the object, and the offset in bytes of its end in both files.
#[derive(Debug, Clone, Copy)]
struct SpooledRow {
    line: u64,
    lines_end: u64,
    raws_end: u64,
}

fn spool_error(error: io::Error) -> Error {
    let message = "cannot write the batch to the temporary folder";
    Error::new(ErrorKind::ObjectUnreadable, Stage::Copy, message).caused_by(error)
}

impl LineSink for Spool {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    fn line_written(&mut self, record: &Record, writer: &RowWriter) {
        self.pending_raws.extend_from_slice(&writer.redact(record));
        self.rows.push(SpooledRow {
            line: record.line(),
            lines_end: self.lines_bytes + self.pending.len() as u64,
            raws_end: self.raws_bytes + self.pending_raws.len() as u64,
        });
    }

    async fn send_when_full(&mut self) -> Result<()> {
        if self.pending.len() < CHUNK_BYTES { Ok(()) } else { self.flush().map_err(spool_error) }
    }

    fn total_bytes(&self) -> u64 {
        self.lines_bytes + self.pending.len() as u64
    }
}

impl Spool {
    /// An empty spool.
    pub fn new() -> Result<Self> {
        Ok(Spool {
            lines: tempfile::tempfile().map_err(spool_error)?,
            raws: tempfile::tempfile().map_err(spool_error)?,
            pending: Vec::new(),
            pending_raws: Vec::new(),
            lines_bytes: 0,
            raws_bytes: 0,
            rows: Vec::new(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.write_all(&self.pending)?;
        self.lines_bytes += self.pending.len() as u64;
        self.pending.clear();
        self.raws.write_all(&self.pending_raws)?;
        self.raws_bytes += self.pending_raws.len() as u64;
        self.pending_raws.clear();
        Ok(())
    }

    /// Stages all rows except those that Postgres refuses, and returns these. Stops as soon as
    /// `is_too_many` holds for their number, because the batch is rolled back then.
    ///
    /// # Errors
    ///
    /// Every error that is not the fault of single rows.
    pub async fn stage(
        &mut self,
        client: &Client,
        statement: &str,
        is_too_many: impl Fn(u64) -> bool,
    ) -> Result<Vec<RejectedRow>> {
        self.flush().map_err(spool_error)?;
        let mut refused = Vec::new();
        let all = 0..self.rows.len();
        let mut waiting = Vec::from([all]);
        while let Some(part) = waiting.pop() {
            if part.is_empty() {
                continue;
            }
            db::execute(client, "savepoint part", Stage::Ledger).await?;
            match self.copy(client, statement, &part).await {
                Ok(()) => db::execute(client, "release savepoint part", Stage::Ledger).await?,
                Err(refusal) if is_fault_of_rows(&refusal) => {
                    db::execute(
                        client,
                        "rollback to savepoint part; release savepoint part",
                        Stage::Ledger,
                    )
                    .await?;
                    if part.len() == 1 {
                        refused.push(self.rejected(part.start, &refusal)?);
                        if is_too_many(refused.len() as u64) {
                            return Ok(refused);
                        }
                    } else {
                        let middle = part.start + part.len() / 2;
                        waiting.push(middle..part.end);
                        waiting.push(part.start..middle);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }

    async fn copy(&mut self, client: &Client, statement: &str, part: &Range<usize>) -> Result<()> {
        let bytes = self.span(part, |row| row.lines_end);
        let mut copy = CopyIn::start(client, statement).await?;
        self.lines.seek(SeekFrom::Start(bytes.start)).map_err(spool_error)?;
        let mut left = bytes.end - bytes.start;
        while left > 0 {
            let size = left.min(CHUNK_BYTES as u64);
            (&self.lines).take(size).read_to_end(copy.buffer()).map_err(spool_error)?;
            left -= size;
            copy.send_when_full().await?;
        }
        copy.finish().await.map(drop)
    }

    fn span(&self, part: &Range<usize>, end_of: impl Fn(&SpooledRow) -> u64) -> Range<u64> {
        let end = |count: usize| {
            count.checked_sub(1).and_then(|last| self.rows.get(last)).map_or(0, &end_of)
        };
        end(part.start)..end(part.end)
    }

    fn rejected(&mut self, index: usize, refusal: &Error) -> Result<RejectedRow> {
        let bytes = self.span(&(index..index + 1), |row| row.raws_end);
        self.raws.seek(SeekFrom::Start(bytes.start)).map_err(spool_error)?;
        let mut raw = Vec::new();
        (&self.raws).take(bytes.end - bytes.start).read_to_end(&mut raw).map_err(spool_error)?;
        let line = self.rows.get(index).map_or(0, |row| row.line);
        let rejection = Rejection {
            line,
            column: None,
            code: "refused_by_database",
            reason: refusal.message.clone(),
        };
        Ok(RejectedRow { rejection, raw })
    }
}
