//! The end of a load whose object has no more records: its last statement, and the release of its key with what
//! there is to report.

use tokio_postgres::types::Type;

use super::close::totals_of;
use super::{Claim, Finding, Totals, call, get};
use crate::db::Client;
use crate::error::{Error, ErrorKind, Result, Stage};

/// What [`finish`] writes.
#[derive(Debug, Clone, Copy)]
pub struct Finish<'f> {
    /// The number of records of the object, which is the checkpoint.
    pub rows: u64,
    /// What was unusual about the header.
    pub notes: Option<&'f str>,
    /// The SHA-256 of the object's bytes, where all of them were hashed.
    pub content_hash: Option<&'f [u8]>,
    /// Whether the ETag is a hash of the bytes.
    pub etag_is_md5: bool,
}

/// What there is to report of a load that is finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The row counts over all batches.
    pub totals: Totals,
    /// What was lost of the rows.
    pub findings: Vec<Finding>,
}

/// Marks the load as loaded, in the transaction of its last batch. Statements that were sent after this one change
/// nothing if it fails.
///
/// # Errors
///
/// [`ErrorKind::ClaimLost`] where the claim is lost; an error of the connection or of Postgres.
pub async fn finish(client: &Client, claim: &Claim, finish: Finish<'_>) -> Result<()> {
    call(
        client,
        "select stardrop.require_held(stardrop.finish($1, $2, $3, $4, $5, $6))",
        &[
            (&claim.load_id, Type::INT8),
            (&claim.attempt, Type::INT4),
            (&(finish.rows as i64), Type::INT8),
            (&finish.notes, Type::TEXT),
            (&finish.content_hash, Type::BYTEA),
            (&finish.etag_is_md5, Type::BOOL),
        ],
    )
    .await
    .map(drop)
}

/// Releases the claim of a load that is finished. While it is not, the claim is kept, and the result is an error: it
/// may be sent together with the commit, whose error then comes first.
///
/// # Errors
///
/// [`ErrorKind::DatabaseRefused`] while the load is not finished; an error of the connection or of Postgres.
pub async fn release_finished(client: &Client, load_id: i64) -> Result<Finished> {
    let sql = "select * from stardrop.release_finished($1)";
    let row = call(client, sql, &[(&load_id, Type::INT8)]).await?;
    let findings: String = get(&row, "findings")?;
    let findings: Vec<Finding> = serde_json::from_str(&findings).map_err(|error| {
        let message = "the findings of the ledger cannot be read";
        Error::new(ErrorKind::DatabaseRefused, Stage::Ledger, message).caused_by(error)
    })?;
    Ok(Finished { totals: totals_of(&row)?, findings })
}
