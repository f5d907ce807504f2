//! The rejected rows of the ledger, for `rejects`.

use super::super::{get, query, query_one};
use crate::db::Client;
use crate::error::Result;

/// A rejected row as `stardrop rejects` shows it.
#[derive(Debug, Clone)]
pub struct RejectLine {
    /// The load in the ledger.
    pub load_id: i64,
    /// Line of the file, from 1.
    pub line: i64,
    /// The column at fault; `None` where it is the row as a whole.
    pub column: Option<String>,
    /// The kind of the reason, such as `not_a_date`.
    pub code: String,
    /// Why the row was rejected.
    pub reason: String,
    /// The bytes of the row in the file.
    pub raw: Vec<u8>,
}

const REJECTS: &str = "
    select r.*
    from stardrop.rejected_row r
    where ($1::bigint is null or r.load_id = $1)
    order by r.load_id, r.source_line
    limit $2";

/// Rejected rows, of one load or of all.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn rejects(client: &Client, load_id: Option<i64>, limit: i64) -> Result<Vec<RejectLine>> {
    let rows = query(client, REJECTS, &[&load_id, &limit]).await?;
    rows.iter()
        .map(|row| {
            let raw: Option<String> = get(row, "raw")?;
            let bytes: Option<Vec<u8>> = get(row, "raw_bytes")?;
            Ok(RejectLine {
                load_id: get(row, "load_id")?,
                line: get(row, "source_line")?,
                column: get(row, "column_name")?,
                code: get(row, "code")?,
                reason: get(row, "reason")?,
                raw: raw.map_or_else(|| bytes.unwrap_or_default(), String::into_bytes),
            })
        })
        .collect()
}

/// The rejected rows as one JSON array, with every column of `stardrop.rejected_row`.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn rejects_json(client: &Client, load_id: Option<i64>, limit: i64) -> Result<String> {
    let sql = format!(
        "select coalesce(json_agg(r order by r.load_id, r.source_line), '[]')::text as json
         from ({REJECTS}) r"
    );
    let row = query_one(client, &sql, &[&load_id, &limit]).await?;
    get(&row, "json")
}
