//! Rejects: the rejected rows of a load: the first of each kind, and how they are loaded after all.

use tokio_postgres::Client;

use super::{fence_lost, get, query_one, unsigned};
use crate::db::database_error;
use crate::error::{Result, Stage};
use crate::rows::Rejection;

/// A load as it stands before its rejected rows are loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedBefore {
    pub state: String,
    pub attempt: i32,
    pub rows_read: u64,
    pub rows_rejected: u64,
    /// The lines of its rejected rows, as far as they are kept, in order.
    pub lines: Vec<u64>,
}

/// What became of the wish to load rejected rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BegunRejects {
    /// Rows may come, until the transaction ends. The new attempt is the fencing token.
    Begun { attempt: i32 },
    /// Another worker holds the load's key.
    Busy,
    /// The load has changed since it was looked at.
    Moved,
    /// A newer version of the key has replaced the load.
    Superseded,
}

/// How a load stands, and which of its rows are rejected.
///
/// # Errors
///
/// What the database says.
pub async fn loaded_before(client: &Client, load_id: i64) -> Result<LoadedBefore> {
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
    Ok(LoadedBefore {
        state: get(&row, "state")?,
        attempt: get(&row, "attempt")?,
        rows_read: unsigned(&row, "rows_read")?,
        rows_rejected: unsigned(&row, "rows_rejected")?,
        lines: lines.into_iter().map(i64::unsigned_abs).collect(),
    })
}

/// Opens the load again in the current transaction, for rows made for `contract`.
///
/// # Errors
///
/// [`ErrorKind::NotMigrated`](crate::error::ErrorKind::NotMigrated) where the database has another
/// contract.
pub async fn begin_rejects(
    client: &Client,
    load_id: i64,
    before: &LoadedBefore,
    contract: &str,
    overwrite: &str,
) -> Result<BegunRejects> {
    let row = query_one(
        client,
        "select * from stardrop.begin_rejects($1, $2, $3, $4)",
        &[&load_id, &before.attempt, &contract, &overwrite],
    )
    .await?;
    Ok(match get(&row, "outcome")? {
        "begun" => BegunRejects::Begun { attempt: get(&row, "attempt")? },
        "busy" => BegunRejects::Busy,
        "superseded" => BegunRejects::Superseded,
        _ => BegunRejects::Moved,
    })
}

/// Books the rows that were taken in; those of `still` stay rejected. False where that changes
/// nothing: roll back, so that not even the attempt counts.
///
/// # Errors
///
/// [`ErrorKind::FenceLost`](crate::error::ErrorKind::FenceLost) where the claim is lost.
pub async fn finish_rejects(
    client: &Client,
    load_id: i64,
    attempt: i32,
    still: &[Rejection],
) -> Result<bool> {
    let lines: Vec<i64> = still.iter().map(|row| row.line as i64).collect();
    let columns: Vec<Option<&str>> = still.iter().map(|row| row.column.as_deref()).collect();
    let codes: Vec<&str> = still.iter().map(|row| row.code).collect();
    let reasons: Vec<&str> = still.iter().map(|row| row.reason.as_str()).collect();
    let row = query_one(
        client,
        "select stardrop.finish_rejects($1, $2, $3, $4, $5, $6) as outcome",
        &[&load_id, &attempt, &lines, &columns, &codes, &reasons],
    )
    .await?;
    match get(&row, "outcome")? {
        "changed" => Ok(true),
        "same" => Ok(false),
        _ => Err(fence_lost()),
    }
}

/// The first rejected row of each code of a load ($1), and how many there are.
pub(super) const FIRST_REJECTS: &str = "
    select distinct on (r.code) r.code, count(*) over (partition by r.code) as rows,
           r.source_line, r.column_name, r.reason
    from stardrop.rejected_row r
    where r.load_id = $1
    order by r.code, r.source_line";

/// The first rejected row of each code of a load: code, rows, line, column, reason.
///
/// # Errors
///
/// What the database says.
pub async fn first_rejects(client: &Client, load_id: i64) -> Result<Vec<Vec<String>>> {
    let sql = format!(
        "select code, rows::text, source_line::text, coalesce(column_name, '') as column_name, reason
         from ({FIRST_REJECTS}) first order by first.source_line"
    );
    let rows = client
        .query(&sql, &[&load_id])
        .await
        .map_err(|error| database_error(error, Stage::Ledger))?;
    let columns = ["code", "rows", "source_line", "column_name", "reason"];
    rows.iter().map(|row| columns.iter().map(|column| get(row, column)).collect()).collect()
}
