//! Staging: copies parts of a spooled batch under savepoints, and keeps the rows that are refused.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::db::Client;
use tokio_postgres::Statement;

use super::spool::Spool;
use crate::db;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::RejectedRow;

const UNDO: &str = "rollback to savepoint part; release savepoint part";

/// Whether single rows may have caused an error. A violated unique key (23505) is not their fault:
/// it comes from concurrent loads, and a retry of the whole batch may succeed.
pub(super) fn is_fault_of_rows(error: &Error) -> bool {
    error.kind == ErrorKind::RowsRefused && error.sqlstate.as_deref() != Some("23505")
}

/// When staging stops early.
pub(super) trait StageLimits {
    /// Whether the load fails if this many rows of the batch are refused.
    fn is_too_many(&self, refused: usize) -> bool;
    /// Whether this many rows can be copied and committed in time.
    fn has_time_for(&self, rows: usize) -> bool;
}

/// Limits nothing.
pub(super) struct NoLimits;

impl StageLimits for NoLimits {
    fn is_too_many(&self, _refused: usize) -> bool {
        false
    }

    fn has_time_for(&self, _rows: usize) -> bool {
        true
    }
}

/// Rows to stage.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub rows: Range<usize>,
    /// Known to hold a refused row, so that only its halves are copied.
    pub is_refused: bool,
    /// The first half of a refused part: if it is staged, the second half is the refused one.
    pub is_first_half: bool,
}

impl Part {
    /// Rows of which nothing is known.
    pub fn new(rows: Range<usize>) -> Part {
        Part { rows, is_refused: false, is_first_half: false }
    }
}

/// The halves of a part. The first one is empty where there is one row.
pub(super) fn halves(rows: &Range<usize>) -> [Range<usize>; 2] {
    let middle = rows.start + rows.len() / 2;
    [rows.start..middle, middle..rows.end]
}

/// A spooled batch that is being staged.
pub(super) struct Staging<'s, L> {
    pub spool: &'s mut Spool,
    pub client: &'s Client,
    pub statement: &'s Statement,
    pub limits: &'s L,
    /// By the row's index in the spool.
    pub refused: BTreeMap<usize, RejectedRow>,
}

impl<L: StageLimits> Staging<'_, L> {
    /// The number of rows that are not known to be refused.
    pub(crate) fn live(&self, rows: &Range<usize>) -> usize {
        rows.len() - self.refused.range(rows.clone()).count()
    }

    fn live_ranges(&self, rows: &Range<usize>) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let mut start = rows.start;
        for (row, _) in self.refused.range(rows.clone()) {
            ranges.push(start..*row);
            start = row + 1;
        }
        ranges.push(start..rows.end);
        ranges
    }

    /// The nth of the rows that are not known to be refused, counted from 0.
    pub(crate) fn nth_live(&self, rows: &Range<usize>, nth: usize) -> Option<usize> {
        rows.clone().filter(|row| !self.refused.contains_key(row)).nth(nth)
    }

    /// Marks a row as refused.
    pub fn refuse(&mut self, row: usize, refusal: &Error) -> Result<()> {
        let rejected = self.spool.rejected(row, refusal)?;
        self.refused.insert(row, rejected);
        Ok(())
    }

    /// Marks the first live row as refused.
    pub(crate) fn refuse_first(&mut self, rows: &Range<usize>, refusal: &Error) -> Result<()> {
        self.nth_live(rows, 0).map_or(Ok(()), |row| self.refuse(row, refusal))
    }

    /// Copies the live rows and keeps them; as a probe, or where they are refused, nothing stays.
    /// Returns why they are refused.
    pub async fn copy(&mut self, rows: &Range<usize>, is_probe: bool) -> Result<Option<Error>> {
        db::execute(self.client, "savepoint part", Stage::Ledger).await?;
        let ranges = self.live_ranges(rows);
        let (undo, refusal) =
            match self.spool.copy(self.client, self.statement, &ranges, is_probe).await {
                Ok(()) => ("release savepoint part", None),
                Err(refusal) if is_fault_of_rows(&refusal) => (UNDO, Some(refusal)),
                Err(error) => return Err(error),
            };
        db::execute(self.client, undo, Stage::Ledger).await?;
        Ok(refusal)
    }

    /// Whether Postgres refuses the rows. Nothing stays of them.
    pub(crate) async fn is_refused(&mut self, rows: &Range<usize>) -> Result<bool> {
        db::execute(self.client, "savepoint try", Stage::Ledger).await?;
        let refusal = self.copy(rows, false).await?;
        let undo = "rollback to savepoint try; release savepoint try";
        db::execute(self.client, undo, Stage::Ledger).await?;
        Ok(refusal.is_some())
    }
}
