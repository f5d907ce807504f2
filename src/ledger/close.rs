//! The ends of a load that is not finished: failed, skipped or released; and its opening for a replay.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{
    Claim, RejectCounts, Totals, call, claim_lost, get, query_one, require_held, unsigned,
};
use crate::db::Client;
use crate::error::{Error, Result};
use crate::object::ContentHash;

/// Stores how far the object is hashed before it is loaded, and returns the load's state: once the
/// hash is complete, that is `duplicate` where the same content is loaded already.
///
/// # Errors
///
/// [`ErrorKind::ClaimLost`](crate::error::ErrorKind::ClaimLost) where the claim is lost; an error of the connection or of Postgres.
pub async fn save_hash(
    client: &Client,
    claim: &Claim,
    overwrite: &str,
    hash: &ContentHash,
    is_complete: bool,
    lease: Duration,
) -> Result<String> {
    let (state, digest) = (hash.state(), is_complete.then(|| hash.digest()));
    let row = call(
        client,
        "select stardrop.save_hash($1, $2, $3, $4, $5, $6, make_interval(secs => $7)) as state",
        &[
            (&claim.load_id, Type::INT8),
            (&claim.attempt, Type::INT4),
            (&overwrite, Type::TEXT),
            (&state, Type::BYTEA),
            (&(hash.offset() as i64), Type::INT8),
            (&digest, Type::BYTEA),
            (&lease.as_secs_f64(), Type::FLOAT8),
        ],
    )
    .await?;
    get::<Option<String>>(&row, "state")?.ok_or_else(claim_lost)
}

/// Ends the load without loading it: the object was deleted (`missing`) or overwritten since its
/// event (`superseded`).
///
/// # Errors
///
/// [`ErrorKind::ClaimLost`](crate::error::ErrorKind::ClaimLost) where the claim is lost; an error of the connection or of Postgres.
pub async fn mark_skipped(client: &Client, claim: &Claim, state: &str, notes: &str) -> Result<()> {
    let row = query_one(
        client,
        "select stardrop.mark_skipped($1, $2, $3, $4) as held",
        &[&claim.load_id, &claim.attempt, &state, &notes],
    )
    .await?;
    require_held(&row)
}

/// Opens a load that failed, was undone or was skipped as a duplicate, so that it can be claimed
/// again. False where the load is in another state.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn reopen(client: &Client, load_id: i64) -> Result<bool> {
    let row = query_one(client, "select stardrop.reopen($1) as reopened", &[&load_id]).await?;
    get(&row, "reopened")
}

/// Marks the load as failed by a fault of its file. `counts` are given where its rejected rows went
/// over the budget.
///
/// # Errors
///
/// [`ErrorKind::ClaimLost`](crate::error::ErrorKind::ClaimLost) where the claim is lost; an error of the connection or of Postgres.
pub async fn fail(
    client: &Client,
    claim: &Claim,
    failure: &Error,
    counts: Option<RejectCounts>,
) -> Result<()> {
    let row = query_one(
        client,
        "select stardrop.fail($1, $2, $3, $4, $5, $6, $7) as held",
        &[
            &claim.load_id,
            &claim.attempt,
            &failure.stage.as_str(),
            &failure.sqlstate,
            &failure.to_string(),
            &counts.map(|counts| counts.rows_read as i64),
            &counts.map(|counts| counts.rows_rejected as i64),
        ],
    )
    .await?;
    require_held(&row)
}

/// The row counts of a load so far.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn totals(client: &Client, load_id: i64) -> Result<Totals> {
    let sql = "select * from stardrop.totals($1)";
    totals_of(&call(client, sql, &[(&load_id, Type::INT8)]).await?)
}

pub(super) fn totals_of(row: &Row) -> Result<Totals> {
    Ok(Totals {
        rows_read: unsigned(row, "rows_read")?,
        rows_rejected: unsigned(row, "rows_rejected")?,
        rows_inserted: unsigned(row, "rows_inserted")?,
        rows_updated: unsigned(row, "rows_updated")?,
        rows_unchanged: unsigned(row, "rows_unchanged")?,
        batches: unsigned(row, "batches")?,
        bytes: unsigned(row, "bytes")?,
    })
}

/// How many rows [`prune`] deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Pruned {
    /// Rejected rows that were deleted.
    pub rejected_rows: i64,
    /// Rows of staging tables whose contract retains them.
    pub staging_rows: i64,
}

/// Deletes rejected rows and retained staging rows that are older than `days`, except those of loads
/// that failed or are still loading.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn prune(client: &Client, days: u32) -> Result<Pruned> {
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let sql = "select * from stardrop.prune(make_interval(days => $1))";
    let row = query_one(client, sql, &[&days]).await?;
    Ok(Pruned {
        rejected_rows: get(&row, "rejected_rows")?,
        staging_rows: get(&row, "staging_rows")?,
    })
}

/// Releases the claim of a load. The next claim continues at its checkpoint.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn release(client: &Client, load_id: i64) -> Result<()> {
    let sql = "select stardrop.release($1)";
    call(client, sql, &[(&load_id, Type::INT8)]).await.map(drop)
}
