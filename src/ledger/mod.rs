//! The ledger: the table `stardrop.load` and what belongs to it, one row for each object version or part of one.
//!
//! Each function here calls the SQL function of the same name in `sql/functions/`.

mod batch;
mod claim;
mod close;
mod enrichment;
mod finding;
mod finish;
mod months;
mod object_parameters;
mod parts;
mod rejects;
mod step;
mod undo;
mod unmatched;
pub mod view;

use crate::db::{Client, TypedParameters};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::database_error;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::rows::Rejection;

pub use batch::{BatchEnd, begin_batch, begin_batch_ahead, checkpoint, join_load, reject_rows};
pub use claim::{Claim, ClaimResult, Claimed, Hashing, Worker, claim, terminate_worker};
pub use close::{Pruned, fail, mark_skipped, prune, release, reopen, save_hash, totals};
pub use enrichment::{enrichment_of, loads_with_other_enrichment, record_enrichment};
pub use finding::{Finding, findings};
pub use finish::{Finish, Finished, finish, release_finished};
pub use months::{DetachedMonth, detach_months, is_split};
pub use parts::{RegisteredParts, register_parts};
pub use rejects::{
    LoadWithRejects, RejectsOpened, begin_reject_reload, finish_reject_reload, first_rejects,
    load_with_rejects,
};
pub use step::{Step, StepTimes, steps};
pub use undo::{Undo, Undone, UndoneTable, undo, undo_to_replay};
pub use unmatched::record_unmatched;

/// The position in an object up to which a load is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// Records read.
    pub rows: u64,
    /// The last line read, counted from 1.
    pub line: u64,
    /// The offset in bytes of the decoded text at which the next record starts.
    pub offset: u64,
}

/// The row counts of a load, over all its batches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows found in the object, rejected ones included.
    pub rows_read: u64,
    /// Rows that are in `rejected_row` instead of the star.
    pub rows_rejected: u64,
    /// Facts that were inserted.
    pub rows_inserted: u64,
    /// Facts that were updated.
    pub rows_updated: u64,
    /// Rows whose fact was in the star already, with the same values.
    pub rows_unchanged: u64,
    /// Batches that were committed.
    pub batches: u64,
    /// The size of the object in bytes, or how much of it was read.
    pub bytes: u64,
}

/// The counts by which a load went over its reject budget. They include the last batch, which was
/// rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RejectCounts {
    /// Rows found in the object, rejected ones included.
    pub rows_read: u64,
    /// Rows that are in `rejected_row` instead of the star.
    pub rows_rejected: u64,
}

/// A rejected row with its raw text.
#[derive(Debug, Clone)]
pub struct RejectedRow {
    /// What is wrong with the row.
    pub rejection: Rejection,
    /// The bytes of the row in the file, with protected values redacted.
    pub raw: Vec<u8>,
}

async fn query(client: &Client, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
    client.query(sql, parameters).await.map_err(|error| database_error(error, Stage::Ledger))
}

async fn query_one(client: &Client, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row> {
    client.query_one(sql, parameters).await.map_err(|error| database_error(error, Stage::Ledger))
}

/// The same in one round trip, for statements of each file or batch. It is sent when the future is first polled, so
/// that several can be on their way at once.
async fn call(client: &Client, sql: &str, parameters: TypedParameters<'_>) -> Result<Row> {
    let called = client.query_typed_one(sql, parameters).await;
    called.map_err(|error| database_error(error, Stage::Ledger))
}

/// Reads a column of a row that one of our own functions returned.
fn get<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row, column: &str) -> Result<T> {
    row.try_get(column).map_err(|error| database_error(error, Stage::Ledger))
}

fn unsigned(row: &Row, column: &str) -> Result<u64> {
    let value: i64 = get(row, column)?;
    u64::try_from(value).map_err(|error| {
        let message = format!("{column} of the ledger is negative");
        Error::new(ErrorKind::DatabaseRefused, Stage::Ledger, message).caused_by(error)
    })
}

/// Checks the answer of a function that needs the claim: whether this session still holds it.
fn require_held(row: &Row) -> Result<()> {
    let is_held: bool = get(row, "held")?;
    if is_held { Ok(()) } else { Err(claim_lost()) }
}

fn claim_lost() -> Error {
    Error::new(ErrorKind::ClaimLost, Stage::Ledger, "another worker has claimed the load since")
}
