//! Bisect: the lines of a batch that Postgres refused in; the offending rows out, the rest staged.
//!
//! What only Postgres can see (a check that a user added, a user's trigger that raises) has no line
//! number. So the lines are spooled to a file and sent in halves, each under a savepoint, until the
//! rows are found: about log2 of the batch's rows COPYs for each.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use tokio_postgres::Client;

use super::batch::Lines;
use crate::copy::CopyIn;
use crate::db::database_error;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::RejectedRow;
use crate::records::Record;
use crate::rows::{Rejection, RowWriter};

/// How much is written to and read from the files at once.
const CHUNK_BYTES: usize = 128 * 1024;

/// Whether an error may be the fault of single rows. A broken unique key is not: the star's own
/// keys are the loader's business, and a retry of the whole may well succeed.
pub(super) fn can_find(error: &Error) -> bool {
    error.kind == ErrorKind::RowsRefused && error.sqlstate.as_deref() != Some("23505")
}

/// A batch's lines and its rows as they stood in the object, in files without a name.
pub(super) struct Spool {
    lines: File,
    raws: File,
    pending: Vec<u8>,
    pending_raws: Vec<u8>,
    lines_bytes: u64,
    raws_bytes: u64,
    rows: Vec<SpooledRow>,
}

/// Where a row ends in both files.
#[derive(Debug, Clone, Copy)]
struct SpooledRow {
    line: u64,
    lines_end: u64,
    raws_end: u64,
}

fn spool_error(error: io::Error) -> Error {
    let message = "the temporary folder cannot hold a batch";
    Error::new(ErrorKind::ObjectUnreadable, Stage::Copy, message).caused_by(error)
}

impl Lines for Spool {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    fn written(&mut self, record: &Record, writer: &RowWriter) {
        self.pending_raws.extend_from_slice(&writer.kept(record));
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

    /// Stages all rows but those that Postgres refuses, and returns these. Stops when `too_many`
    /// says so of the number refused so far: the batch will be judged by it.
    ///
    /// # Errors
    ///
    /// What is not the fault of rows.
    pub async fn stage(
        &mut self,
        client: &Client,
        statement: &str,
        too_many: impl Fn(u64) -> bool,
    ) -> Result<Vec<RejectedRow>> {
        self.flush().map_err(spool_error)?;
        let mut refused = Vec::new();
        let whole = 0..self.rows.len();
        let mut waiting = Vec::from([whole]);
        while let Some(part) = waiting.pop() {
            if part.is_empty() {
                continue;
            }
            execute(client, "savepoint part").await?;
            match self.copy(client, statement, &part).await {
                Ok(()) => execute(client, "release savepoint part").await?,
                Err(refusal) if can_find(&refusal) => {
                    execute(client, "rollback to savepoint part; release savepoint part").await?;
                    if part.len() == 1 {
                        refused.push(self.rejected(part.start, &refusal)?);
                        if too_many(refused.len() as u64) {
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

    fn rejected(&mut self, place: usize, refusal: &Error) -> Result<RejectedRow> {
        let bytes = self.span(&(place..place + 1), |row| row.raws_end);
        self.raws.seek(SeekFrom::Start(bytes.start)).map_err(spool_error)?;
        let mut raw = Vec::new();
        (&self.raws).take(bytes.end - bytes.start).read_to_end(&mut raw).map_err(spool_error)?;
        let line = self.rows.get(place).map_or(0, |row| row.line);
        let rejection = Rejection {
            line,
            column: None,
            code: "refused_by_database",
            reason: refusal.message.clone(),
        };
        Ok(RejectedRow { rejection, raw })
    }
}

async fn execute(client: &Client, statement: &str) -> Result<()> {
    client.batch_execute(statement).await.map_err(|error| database_error(error, Stage::Ledger))
}
