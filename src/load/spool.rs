//! Spool: keeps the COPY lines of a batch in temporary files, so that parts of it can be copied.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use crate::db::Client;
use tokio_postgres::Statement;

use super::line_sink::LineSink;
use crate::copy::CopyIn;
use crate::error::{Error, ErrorKind, RefusedRows, Result, Stage};
use crate::ledger::{Checkpoint, RejectedRow};
use crate::records::Record;
use crate::rows::{Rejection, RowWriter};

/// How many bytes are written to and read from the files at once.
const CHUNK_BYTES: usize = 128 * 1024;

/// A line that no staging table can read: it has too few columns.
const UNREADABLE_LINE: &[u8] = b"\n";

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

/// The line of a row in the object, where the row starts, and the offset in bytes of its end in both
/// files.
#[derive(Debug, Clone, Copy)]
struct SpooledRow {
    line: u64,
    start: Checkpoint,
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

    fn line_written(&mut self, record: &Record, writer: &RowWriter, start: Checkpoint) {
        self.pending_raws.extend_from_slice(&writer.redact(record));
        self.rows.push(SpooledRow {
            line: record.line(),
            start,
            lines_end: self.lines_bytes + self.pending.len() as u64,
            raws_end: self.raws_bytes + self.pending_raws.len() as u64,
        });
    }

    async fn send_when_full(&mut self) -> Result<()> {
        if self.pending.len() < CHUNK_BYTES { Ok(()) } else { self.flush() }
    }

    fn total_bytes(&self) -> u64 {
        self.lines_bytes + self.pending.len() as u64
    }
}

impl Spool {
    /// An empty spool.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ObjectUnreadable`] where no temporary file can be made.
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

    /// Writes what is in memory to the files.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ObjectUnreadable`] where the files cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.lines.write_all(&self.pending).map_err(spool_error)?;
        self.lines_bytes += self.pending.len() as u64;
        self.pending.clear();
        self.raws.write_all(&self.pending_raws).map_err(spool_error)?;
        self.raws_bytes += self.pending_raws.len() as u64;
        self.pending_raws.clear();
        Ok(())
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row of this line of the object.
    pub(crate) fn row_of_line(&self, line: u64) -> Option<usize> {
        self.rows.binary_search_by_key(&line, |row| row.line).ok()
    }

    /// The checkpoint after which only this row and those behind it are left.
    pub(crate) fn start_of(&self, row: usize) -> Checkpoint {
        self.rows.get(row).map_or_else(Checkpoint::default, |row| row.start)
    }

    /// Copies these rows. With `is_probe` a line follows that cannot be read, so that Postgres reads
    /// the rows, but no trigger runs: the error says whether one of the rows or that line is at fault.
    ///
    /// # Errors
    ///
    /// An error of the connection, of the COPY or of a trigger; of a temporary file.
    pub async fn copy(
        &mut self,
        client: &Client,
        statement: &Statement,
        rows: &[Range<usize>],
        is_probe: bool,
    ) -> Result<()> {
        let mut copy = CopyIn::start(client, statement).await?;
        for part in rows {
            let bytes = self.span(part, |row| row.lines_end);
            self.lines.seek(SeekFrom::Start(bytes.start)).map_err(spool_error)?;
            let mut left = bytes.end - bytes.start;
            while left > 0 {
                let size = left.min(CHUNK_BYTES as u64);
                (&self.lines).take(size).read_to_end(copy.buffer()).map_err(spool_error)?;
                left -= size;
                copy.send_when_full().await?;
            }
        }
        if is_probe {
            copy.buffer().extend_from_slice(UNREADABLE_LINE);
        }
        copy.finish().await.map(drop)
    }

    fn span(&self, part: &Range<usize>, end_of: impl Fn(&SpooledRow) -> u64) -> Range<u64> {
        let end = |count: usize| {
            count.checked_sub(1).and_then(|last| self.rows.get(last)).map_or(0, &end_of)
        };
        end(part.start)..end(part.end)
    }

    /// A row as a rejected one, for the reason of Postgres' refusal.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ObjectUnreadable`] where its raw text cannot be read from the temporary file.
    pub fn rejected(&mut self, row: usize, refusal: &Error) -> Result<RejectedRow> {
        let bytes = self.span(&(row..row + 1), |row| row.raws_end);
        self.raws.seek(SeekFrom::Start(bytes.start)).map_err(spool_error)?;
        let mut raw = Vec::new();
        (&self.raws).take(bytes.end - bytes.start).read_to_end(&mut raw).map_err(spool_error)?;
        let line = self.rows.get(row).map_or(0, |row| row.line);
        // Only Stardrop's own trigger functions name the lines.
        let code = match refusal.rows.as_deref() {
            Some(RefusedRows::SourceLines(_)) => "repeated_grain",
            _ => "refused_by_database",
        };
        let rejection = Rejection { line, column: None, code, reason: refusal.message.clone() };
        Ok(RejectedRow { rejection, raw })
    }
}
