//! Detaches old months from the facts that are split into months.

use jiff::civil::Date;
use serde::Serialize;

use super::{get, query};
use crate::db::Client;
use crate::error::Result;

/// A month that was detached or dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DetachedMonth {
    /// The fact's name in its contract.
    pub fact: String,
    /// Its first day, such as `2024-01-01`.
    pub month: String,
    /// The table that it is now, or was.
    pub table: String,
    /// The size with its indexes.
    pub bytes: i64,
}

/// Detaches the months that end before a day, from one fact or from all that are split into months, oldest first.
/// With `drop` their tables are dropped.
///
/// # Errors
///
/// An error of the connection or of Postgres, such as for a fact that is not split into months.
pub async fn detach_months(
    client: &Client,
    before: Date,
    fact: Option<&str>,
    drop: bool,
) -> Result<Vec<DetachedMonth>> {
    let sql = "select fact, month::text, table_name, bytes from stardrop.detach_months($1, $2, $3)";
    let rows = query(client, sql, &[&before, &fact, &drop]).await?;
    rows.iter()
        .map(|row| {
            Ok(DetachedMonth {
                fact: get(row, "fact")?,
                month: get(row, "month")?,
                table: get(row, "table_name")?,
                bytes: get(row, "bytes")?,
            })
        })
        .collect()
}

/// Whether one fact, or any, is split into months.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn is_split(client: &Client, fact: Option<&str>) -> Result<bool> {
    let sql = "select exists (
        select from stardrop.split_facts() s where s.fact = coalesce($1, s.fact)
    ) as is_split";
    let rows = query(client, sql, &[&fact]).await?;
    rows.first().map_or(Ok(false), |row| get(row, "is_split"))
}
