//! Batch: what happens in a batch's own transaction, from its begin to its checkpoint.

use std::time::Duration;

use tokio_postgres::Client;

use super::{Checkpoint, Claimed, RejectedRow, held, query_one};
use crate::error::Result;

/// Opens a batch in the current transaction; `exclusive` where it will touch the star more than
/// once. `contract` is the fingerprint of what the rows are made for.
///
/// # Errors
///
/// [`ErrorKind::FenceLost`] where the claim is lost, [`ErrorKind::NotMigrated`] where the database
/// has another contract meanwhile.
pub async fn begin_batch(
    client: &Client,
    claimed: &Claimed,
    exclusive: bool,
    contract: &str,
) -> Result<()> {
    let from = claimed.checkpoint.rows as i64;
    let row = query_one(
        client,
        "select stardrop.begin_batch($1, $2, $3, $4, $5) as held",
        &[&claimed.load_id, &claimed.attempt, &from, &exclusive, &contract],
    )
    .await?;
    held(&row)
}

/// Moves the load on to `to`, in the batch's transaction.
///
/// # Errors
///
/// [`ErrorKind::FenceLost`] where the claim is lost: roll back.
pub async fn checkpoint(
    client: &Client,
    claimed: &Claimed,
    to: Checkpoint,
    rows_rejected: u64,
    lease: Duration,
    hash_state: Option<&[u8]>,
) -> Result<()> {
    let row = query_one(
        client,
        "select stardrop.checkpoint($1, $2, $3, $4, $5, $6, $7, make_interval(secs => $8), $9)
             as held",
        &[
            &claimed.load_id,
            &claimed.attempt,
            &(claimed.checkpoint.rows as i64),
            &(to.rows as i64),
            &(to.line as i64),
            &(to.offset as i64),
            &(rows_rejected as i64),
            &lease.as_secs_f64(),
            &hash_state,
        ],
    )
    .await?;
    held(&row)
}

/// Keeps rejected rows.
///
/// # Errors
///
/// [`ErrorKind::FenceLost`] where the claim is lost.
pub async fn reject_rows(client: &Client, claimed: &Claimed, rows: &[RejectedRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let lines: Vec<i64> = rows.iter().map(|row| row.rejection.line as i64).collect();
    let columns: Vec<Option<&str>> =
        rows.iter().map(|row| row.rejection.column.as_deref()).collect();
    let codes: Vec<&str> = rows.iter().map(|row| row.rejection.code).collect();
    let reasons: Vec<&str> = rows.iter().map(|row| row.rejection.reason.as_str()).collect();
    let raws: Vec<&[u8]> = rows.iter().map(|row| row.raw.as_slice()).collect();
    let row = query_one(
        client,
        "select stardrop.reject_rows($1, $2, $3, $4, $5, $6, $7) as held",
        &[&claimed.load_id, &claimed.attempt, &lines, &columns, &codes, &reasons, &raws],
    )
    .await?;
    held(&row)
}
