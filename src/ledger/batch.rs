//! The ledger's calls within the transaction of one batch, from its begin to its checkpoint.

use std::time::Duration;

use tokio_postgres::types::Type;

use super::{Checkpoint, Claim, RejectedRow, StepTimes, call, require_held};
use crate::db::Client;
use crate::error::Result;

/// Opens a batch in the current transaction. `from_rows` is the checkpoint at which it starts,
/// `contract` the fingerprint of the contract that its rows were written for. `exclusive` is needed
/// where the transaction touches the star more than once.
///
/// # Errors
///
/// [`ErrorKind::ClaimLost`](crate::error::ErrorKind::ClaimLost) where the claim is lost, [`ErrorKind::NotMigrated`](crate::error::ErrorKind::NotMigrated) where the database
/// has another contract; an error of the connection or of Postgres.
pub async fn begin_batch(
    client: &Client,
    claim: &Claim,
    from_rows: u64,
    exclusive: bool,
    contract: &str,
) -> Result<()> {
    let row = call(
        client,
        "select stardrop.begin_batch($1, $2, $3, $4, $5) as held",
        &[
            (&claim.load_id, Type::INT8),
            (&claim.attempt, Type::INT4),
            (&(from_rows as i64), Type::INT8),
            (&exclusive, Type::BOOL),
            (&contract, Type::TEXT),
        ],
    )
    .await?;
    require_held(&row)
}

/// Opens a batch in the current transaction while the batch before it, which starts at `after_rows`, is still open in
/// another session: reads and writes no table. What [`begin_batch`] checks, the triggers and the checkpoint check, too.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn begin_batch_ahead(
    client: &Client,
    claim: &Claim,
    (after_rows, from_rows): (u64, u64),
    lease: Duration,
    contract: &str,
) -> Result<()> {
    call(
        client,
        "select stardrop.begin_batch_ahead($1, $2, $3, $4, make_interval(secs => $5), $6)",
        &[
            (&claim.load_id, Type::INT8),
            (&claim.attempt, Type::INT4),
            (&(from_rows as i64), Type::INT8),
            (&(after_rows as i64), Type::INT8),
            (&lease.as_secs_f64(), Type::FLOAT8),
            (&contract, Type::TEXT),
        ],
    )
    .await
    .map(drop)
}

/// Lets the session write batches of a load, too, that the session of this backend has claimed.
///
/// # Errors
///
/// [`ErrorKind::ClaimLost`](crate::error::ErrorKind::ClaimLost) where the claim is lost; an error of the connection
/// or of Postgres.
pub async fn join_load(client: &Client, claim: &Claim, worker_pid: i32) -> Result<()> {
    let row = call(
        client,
        "select stardrop.join_load($1, $2, $3) as held",
        &[(&claim.load_id, Type::INT8), (&claim.attempt, Type::INT4), (&worker_pid, Type::INT4)],
    )
    .await?;
    require_held(&row)
}

/// A batch's end, as [`checkpoint`] writes it.
#[derive(Debug, Clone, Copy)]
pub struct BatchEnd<'b> {
    /// The checkpoint's rows before the batch.
    pub from_rows: u64,
    /// The checkpoint after the batch.
    pub to: Checkpoint,
    /// Rows of this batch that were rejected.
    pub rows_rejected: u64,
    /// The state of the object's hash at `to`.
    pub hash_state: Option<&'b [u8]>,
    /// What the steps since the last checkpoint took.
    pub steps: StepTimes,
    /// Whether they are still without what the trigger functions of this transaction take.
    pub adds_trigger_time: bool,
}

/// Moves the load's checkpoint to the end of the batch, in the batch's transaction, and renews the
/// lease.
///
/// # Errors
///
/// [`ErrorKind::ClaimLost`](crate::error::ErrorKind::ClaimLost) where the claim is lost: roll back. Otherwise an error of the connection
/// or of Postgres.
pub async fn checkpoint(
    client: &Client,
    claim: &Claim,
    end: BatchEnd<'_>,
    lease: Duration,
) -> Result<()> {
    let steps =
        if end.adds_trigger_time { "stardrop.with_trigger_time($10::jsonb)" } else { "$10::jsonb" };
    let sql = format!(
        "select stardrop.require_held(stardrop.checkpoint($1, $2, $3, $4, $5, $6, $7,
             make_interval(secs => $8), $9, {steps}))"
    );
    call(
        client,
        &sql,
        &[
            (&claim.load_id, Type::INT8),
            (&claim.attempt, Type::INT4),
            (&(end.from_rows as i64), Type::INT8),
            (&(end.to.rows as i64), Type::INT8),
            (&(end.to.line as i64), Type::INT8),
            (&(end.to.offset as i64), Type::INT8),
            (&(end.rows_rejected as i64), Type::INT8),
            (&lease.as_secs_f64(), Type::FLOAT8),
            (&end.hash_state, Type::BYTEA),
            (&end.steps.json(), Type::TEXT),
        ],
    )
    .await
    .map(drop)
}

/// Stores rejected rows in `stardrop.rejected_row`.
///
/// # Errors
///
/// [`ErrorKind::ClaimLost`](crate::error::ErrorKind::ClaimLost) where the claim is lost; an error of the connection or of Postgres.
pub async fn reject_rows(client: &Client, claim: &Claim, rows: &[RejectedRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let lines: Vec<i64> = rows.iter().map(|row| row.rejection.line as i64).collect();
    let columns: Vec<Option<&str>> =
        rows.iter().map(|row| row.rejection.column.as_deref()).collect();
    let codes: Vec<&str> = rows.iter().map(|row| row.rejection.code).collect();
    let reasons: Vec<&str> = rows.iter().map(|row| row.rejection.reason.as_str()).collect();
    let raws: Vec<&[u8]> = rows.iter().map(|row| row.raw.as_slice()).collect();
    let row = call(
        client,
        "select stardrop.reject_rows($1, $2, $3, $4, $5, $6, $7) as held",
        &[
            (&claim.load_id, Type::INT8),
            (&claim.attempt, Type::INT4),
            (&lines, Type::INT8_ARRAY),
            (&columns, Type::TEXT_ARRAY),
            (&codes, Type::TEXT_ARRAY),
            (&reasons, Type::TEXT_ARRAY),
            (&raws, Type::BYTEA_ARRAY),
        ],
    )
    .await?;
    require_held(&row)
}
