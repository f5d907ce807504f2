//! The rejected rows of a load: the first of each code, and how they are loaded later.

use crate::db::Client;

use super::{claim_lost, get, query, query_one, unsigned};
use crate::error::Result;
use crate::rows::Rejection;

/// The state of a load before its rejected rows are loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadWithRejects {
    /// A state of the ledger, such as `loaded`.
    pub state: String,
    /// The number of the attempt, which is also the fencing token.
    pub attempt: i32,
    /// Rows found in the object, rejected ones included.
    pub rows_read: u64,
    /// Rows that are in `rejected_row` instead of the star.
    pub rows_rejected: u64,
    /// The lines of the rejected rows that are still stored, in order.
    pub lines: Vec<u64>,
}

/// The result of [`begin_reject_reload`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectsOpened {
    /// The rows can be copied in this transaction. The new attempt is the fencing token.
    Opened {
        /// The number of the attempt, which is also the fencing token.
        attempt: i32,
    },
    /// Another worker holds the load's key.
    Busy,
    /// The load has changed since its state was read.
    Changed,
    /// A newer version of the key has replaced the load.
    Superseded,
}

/// Reads a load's state and the lines of its rejected rows.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn load_with_rejects(client: &Client, load_id: i64) -> Result<LoadWithRejects> {
    let row = query_one(
        client,
        "select l.state, l.attempt, l.rows_read, l.rows_rejected,
                array(select r.source_line from stardrop.rejected_row r
                      where r.load_id = l.load_id order by 1) as lines
         from stardrop.load l where l.load_id = $1",
        &[&load_id],
    )
    .await?;
    let lines: Vec<i64> = get(&row, "lines")?;
    Ok(LoadWithRejects {
        state: get(&row, "state")?,
        attempt: get(&row, "attempt")?,
        rows_read: unsigned(&row, "rows_read")?,
        rows_rejected: unsigned(&row, "rows_rejected")?,
        lines: lines.into_iter().map(i64::unsigned_abs).collect(),
    })
}

/// Opens the load in the current transaction for rows written for `contract`, a fingerprint.
///
/// # Errors
///
/// [`ErrorKind::NotMigrated`](crate::error::ErrorKind::NotMigrated) where the database has another
/// contract.
pub async fn begin_reject_reload(
    client: &Client,
    load_id: i64,
    load: &LoadWithRejects,
    contract: &str,
    overwrite: &str,
) -> Result<RejectsOpened> {
    let row = query_one(
        client,
        "select * from stardrop.begin_reject_reload($1, $2, $3, $4)",
        &[&load_id, &load.attempt, &contract, &overwrite],
    )
    .await?;
    Ok(match get(&row, "outcome")? {
        "begun" => RejectsOpened::Opened { attempt: get(&row, "attempt")? },
        "busy" => RejectsOpened::Busy,
        "superseded" => RejectsOpened::Superseded,
        _ => RejectsOpened::Changed,
    })
}

/// Corrects the load's counts after its rejected rows were copied; those of `still_rejected` stay
/// rejected. False where nothing changed: roll back, so that the attempt does not count either.
///
/// # Errors
///
/// [`ErrorKind::ClaimLost`](crate::error::ErrorKind::ClaimLost) where the claim is lost.
pub async fn finish_reject_reload(
    client: &Client,
    load_id: i64,
    attempt: i32,
    still_rejected: &[Rejection],
) -> Result<bool> {
    let lines: Vec<i64> = still_rejected.iter().map(|row| row.line as i64).collect();
    let columns: Vec<Option<&str>> =
        still_rejected.iter().map(|row| row.column.as_deref()).collect();
    let codes: Vec<&str> = still_rejected.iter().map(|row| row.code).collect();
    let reasons: Vec<&str> = still_rejected.iter().map(|row| row.reason.as_str()).collect();
    let row = query_one(
        client,
        "select stardrop.finish_reject_reload($1, $2, $3, $4, $5, $6) as outcome",
        &[&load_id, &attempt, &lines, &columns, &codes, &reasons],
    )
    .await?;
    match get(&row, "outcome")? {
        "changed" => Ok(true),
        "same" => Ok(false),
        _ => Err(claim_lost()),
    }
}

/// The query for the first rejected row of each code of load $1, with the number of such rows.
pub(super) const FIRST_REJECTS: &str = "
    select distinct on (r.code) r.code, count(*) over (partition by r.code) as rows,
           r.source_line, r.column_name, r.reason
    from stardrop.rejected_row r
    where r.load_id = $1
    order by r.code, r.source_line";

/// The first rejected row of each code of a load, as code, number of rows, line, column, reason.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn first_rejects(client: &Client, load_id: i64) -> Result<Vec<Vec<String>>> {
    let sql = format!(
        "select code, rows::text, source_line::text, coalesce(column_name, '') as column_name, reason
         from ({FIRST_REJECTS}) first order by first.source_line"
    );
    let rows = query(client, &sql, &[&load_id]).await?;
    let columns = ["code", "rows", "source_line", "column_name", "reason"];
    rows.iter().map(|row| columns.iter().map(|column| get(row, column)).collect()).collect()
}
