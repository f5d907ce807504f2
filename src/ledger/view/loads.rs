//! The loads of the ledger, for `status`.

use super::super::rejects::FIRST_REJECTS;
use super::super::{get, query, query_one};
use crate::db::Client;
use crate::error::Result;

/// The states of a load.
pub const STATES: [&str; 8] =
    ["loading", "loaded", "failed", "duplicate", "superseded", "missing", "unmatched", "undone"];

/// Selects loads; `None` selects all.
#[derive(Debug, Clone, Default)]
pub struct LoadFilter {
    /// Only this load.
    pub load_id: Option<i64>,
    /// Only loads of this dataset.
    pub dataset: Option<String>,
    /// Only loads in this state.
    pub state: Option<String>,
    /// At most this many, the latest ones.
    pub limit: i64,
}

/// A load as `stardrop status` shows it.
#[derive(Debug, Clone)]
pub struct LoadLine {
    /// The load in the ledger.
    pub load_id: i64,
    /// The name of the dataset; empty in state `unmatched`.
    pub dataset: String,
    /// A state of the ledger, such as `loaded`.
    pub state: String,
    /// Rows found in the object, rejected ones included.
    pub rows_read: i64,
    /// Rows that are in `rejected_row` instead of the star.
    pub rows_rejected: i64,
    /// Facts that were inserted.
    pub rows_inserted: i64,
    /// Facts that were updated.
    pub rows_updated: i64,
    /// Rows whose fact was in the star already, with the same values.
    pub rows_unchanged: i64,
    /// Seconds from the first claim to the end, or to now, with one decimal.
    pub seconds: String,
    /// The object, as `s3://bucket/key` or a path, with its part in parentheses.
    pub object: String,
    /// Why the load failed.
    pub failure: Option<String>,
    /// What else is to be known about it.
    pub notes: Option<String>,
}

const LOADS: &str = "
    select l.*,
           round(extract(epoch from coalesce(finished_at, clock_timestamp()) - started_at), 1)::text
               as seconds,
           case bucket when 'file' then key when 'sql' then key
                else 's3://' || bucket || '/' || key end
           || case part when '' then '' else ' (' || part || ')' end as object
    from stardrop.load l
    where ($1::bigint is null or l.load_id = $1)
      and ($2::text is null or l.dataset = $2)
      and ($3::text is null or l.state = $3)
    order by l.load_id desc
    limit $4";

/// The latest loads, oldest first.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn loads(client: &Client, filter: &LoadFilter) -> Result<Vec<LoadLine>> {
    let rows =
        query(client, LOADS, &[&filter.load_id, &filter.dataset, &filter.state, &filter.limit])
            .await?;
    rows.iter()
        .rev()
        .map(|row| {
            Ok(LoadLine {
                load_id: get(row, "load_id")?,
                dataset: get::<Option<String>>(row, "dataset")?.unwrap_or_default(),
                state: get(row, "state")?,
                rows_read: get(row, "rows_read")?,
                rows_rejected: get(row, "rows_rejected")?,
                rows_inserted: get(row, "rows_inserted")?,
                rows_updated: get(row, "rows_updated")?,
                rows_unchanged: get(row, "rows_unchanged")?,
                seconds: get(row, "seconds")?,
                object: get(row, "object")?,
                failure: get(row, "failure_text")?,
                notes: get(row, "notes")?,
            })
        })
        .collect()
}

/// The loads as one JSON array, with every column of `stardrop.load`; where one load is selected,
/// with its first rejected rows and its findings as well.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn loads_json(client: &Client, filter: &LoadFilter) -> Result<String> {
    let sql = format!(
        "select coalesce(json_agg(
                    to_jsonb(l) - 'seconds' - 'object' || case when $1 is null then '{{}}' else (
                        select jsonb_build_object('rejected_row', coalesce(
                                   jsonb_agg(to_jsonb(r) order by r.source_line), '[]'))
                        from ({FIRST_REJECTS}) r
                    ) || jsonb_build_object('load_finding', (
                        select coalesce(jsonb_agg(to_jsonb(f) order by f.code desc, f.first_line), '[]')
                        from stardrop.findings($1) f)
                    ) end
                    order by l.load_id
                ), '[]')::text as json
         from ({LOADS}) l"
    );
    let row =
        query_one(client, &sql, &[&filter.load_id, &filter.dataset, &filter.state, &filter.limit])
            .await?;
    get(&row, "json")
}

/// The row counts of a load for each table, as name, inserted, updated, unchanged, deleted.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn tables(client: &Client, load_id: i64) -> Result<Vec<Vec<String>>> {
    let rows = query(
        client,
        "select table_name, inserted::text, updated::text, unchanged::text, deleted::text
         from stardrop.load_table where load_id = $1 order by table_name",
        &[&load_id],
    )
    .await?;
    let columns = ["table_name", "inserted", "updated", "unchanged", "deleted"];
    rows.iter().map(|row| columns.iter().map(|column| get(row, column)).collect()).collect()
}
