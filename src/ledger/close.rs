//! Close: how a load ends, is let go of, or is taken up again.

use std::time::Duration;

use tokio_postgres::Client;

use super::{Claimed, Judged, Totals, fence_lost, get, held, query_one, unsigned};
use crate::error::{Error, Result};
use crate::object::ContentHash;

/// The load is complete.
///
/// # Errors
///
/// [`ErrorKind::FenceLost`] where the claim is lost.
pub async fn finish(
    client: &Client,
    claimed: &Claimed,
    rows: u64,
    notes: Option<&str>,
    content_hash: Option<&[u8]>,
    etag_is_md5: bool,
) -> Result<()> {
    let row = query_one(
        client,
        "select stardrop.finish($1, $2, $3, $4, $5, $6) as held",
        &[&claimed.load_id, &claimed.attempt, &(rows as i64), &notes, &content_hash, &etag_is_md5],
    )
    .await?;
    held(&row)
}

/// How far the object has been hashed before it is loaded. With its whole hash: the state of the
/// load, which is `duplicate` where the same bytes are in the star.
///
/// # Errors
///
/// [`ErrorKind::FenceLost`] where the claim is lost.
pub async fn note_hash(
    client: &Client,
    claimed: &Claimed,
    overwrite: &str,
    hash: &ContentHash,
    whole: bool,
    lease: Duration,
) -> Result<String> {
    let (state, digest) = (hash.state(), whole.then(|| hash.digest()));
    let row = query_one(
        client,
        "select stardrop.note_hash($1, $2, $3, $4, $5, $6, make_interval(secs => $7)) as state",
        &[
            &claimed.load_id,
            &claimed.attempt,
            &overwrite,
            &state,
            &(hash.offset() as i64),
            &digest,
            &lease.as_secs_f64(),
        ],
    )
    .await?;
    get::<Option<String>>(&row, "state")?.ok_or_else(fence_lost)
}

/// The object is gone (`missing`) or was overwritten since its event (`superseded`).
///
/// # Errors
///
/// [`ErrorKind::FenceLost`] where the claim is lost.
pub async fn settle(client: &Client, claimed: &Claimed, state: &str, notes: &str) -> Result<()> {
    let row = query_one(
        client,
        "select stardrop.settle($1, $2, $3, $4) as held",
        &[&claimed.load_id, &claimed.attempt, &state, &notes],
    )
    .await?;
    held(&row)
}

/// Asks that a load which failed, or was skipped as a duplicate, be loaded after all. False where
/// it is in another state.
///
/// # Errors
///
/// What the database says.
pub async fn reopen(client: &Client, load_id: i64) -> Result<bool> {
    let row = query_one(client, "select stardrop.reopen($1) as reopened", &[&load_id]).await?;
    get(&row, "reopened")
}

/// The file is at fault: the load has failed, after so many rows where that was judged.
///
/// # Errors
///
/// [`ErrorKind::FenceLost`] where the claim is lost.
pub async fn fail(
    client: &Client,
    claimed: &Claimed,
    failure: &Error,
    judged: Option<Judged>,
) -> Result<()> {
    let row = query_one(
        client,
        "select stardrop.fail($1, $2, $3, $4, $5, $6, $7) as held",
        &[
            &claimed.load_id,
            &claimed.attempt,
            &failure.stage.as_str(),
            &failure.sqlstate,
            &failure.to_string(),
            &judged.map(|judged| judged.rows_read as i64),
            &judged.map(|judged| judged.rows_rejected as i64),
        ],
    )
    .await?;
    held(&row)
}

/// What a load came to so far.
///
/// # Errors
///
/// What the database says.
pub async fn totals(client: &Client, load_id: i64) -> Result<Totals> {
    let row = query_one(client, "select * from stardrop.totals($1)", &[&load_id]).await?;
    Ok(Totals {
        rows_read: unsigned(&row, "rows_read")?,
        rows_rejected: unsigned(&row, "rows_rejected")?,
        rows_inserted: unsigned(&row, "rows_inserted")?,
        rows_updated: unsigned(&row, "rows_updated")?,
        rows_unchanged: unsigned(&row, "rows_unchanged")?,
        batches: unsigned(&row, "batches")?,
        bytes: unsigned(&row, "bytes")?,
    })
}

/// How many rows were pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Pruned {
    pub rejected_rows: i64,
    /// Rows of staging tables that keep them.
    pub staging_rows: i64,
}

/// Deletes rejected rows and kept staging rows that are older, but for those of loads that failed
/// or are under way.
///
/// # Errors
///
/// What the database says.
pub async fn prune(client: &Client, days: u32) -> Result<Pruned> {
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let sql = "select * from stardrop.prune(make_interval(days => $1))";
    let row = query_one(client, sql, &[&days]).await?;
    Ok(Pruned {
        rejected_rows: get(&row, "rejected_rows")?,
        staging_rows: get(&row, "staging_rows")?,
    })
}

/// Lets go of a load; whoever comes next goes on at its checkpoint.
///
/// # Errors
///
/// What the database says.
pub async fn release(client: &Client, load_id: i64) -> Result<()> {
    query_one(client, "select stardrop.release($1)", &[&load_id]).await.map(drop)
}
