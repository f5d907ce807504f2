//! Reads the ledger for `status`, `rejects`, `replay` and `reconcile`.

use std::collections::HashMap;

use crate::db::Client;

use super::{get, query, query_one};
use crate::error::Result;
use crate::object::ObjectRef;

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
    /// The object, as `s3://bucket/key` or a path.
    pub object: String,
    /// Why the load failed.
    pub failure: Option<String>,
    /// What else is to be known about it.
    pub notes: Option<String>,
}

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

/// The newest load of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// The load in the ledger.
    pub load_id: i64,
    /// The ETag of the object version.
    pub etag: Option<String>,
    /// A state of the ledger, such as `loaded`.
    pub state: String,
    /// Whether it is unfinished and no worker holds it.
    pub idle: bool,
}

/// The newest load of each of these keys; keys without a load are left out.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn newest_loads(
    client: &Client,
    bucket: &str,
    keys: &[&str],
) -> Result<HashMap<String, Newest>> {
    let sql = "select * from stardrop.newest_loads($1, $2)";
    let rows = query(client, sql, &[&bucket, &keys]).await?;
    rows.iter()
        .map(|row| {
            let newest = Newest {
                load_id: get(row, "load_id")?,
                etag: get(row, "etag")?,
                state: get(row, "state")?,
                idle: get(row, "idle")?,
            };
            Ok((get(row, "key")?, newest))
        })
        .collect()
}

const LOADS: &str = "
    select l.*,
           round(extract(epoch from coalesce(finished_at, clock_timestamp()) - started_at), 1)::text
               as seconds,
           case bucket when 'file' then key when 'sql' then key
                else 's3://' || bucket || '/' || key end as object
    from stardrop.load l
    where ($1::bigint is null or l.load_id = $1)
      and ($2::text is null or l.dataset = $2)
      and ($3::text is null or l.state = $3)
    order by l.load_id desc
    limit $4";

const REJECTS: &str = "
    select r.*
    from stardrop.rejected_row r
    where ($1::bigint is null or r.load_id = $1)
    order by r.load_id, r.source_line
    limit $2";

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
    let rejects = super::rejects::FIRST_REJECTS;
    let sql = format!(
        "select coalesce(json_agg(
                    to_jsonb(l) - 'seconds' - 'object' || case when $1 is null then '{{}}' else (
                        select jsonb_build_object('rejected_row', coalesce(
                                   jsonb_agg(to_jsonb(r) order by r.source_line), '[]'))
                        from ({rejects}) r
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

/// The loads of objects that fit the filter's dataset and state, oldest object first.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn replayable(client: &Client, filter: &LoadFilter) -> Result<Vec<i64>> {
    let rows = query(
        client,
        "select l.load_id from stardrop.load l
         where l.bucket <> 'sql'
           and ($1::text is null or l.dataset = $1)
           and ($2::text is null or l.state = $2)
         order by l.object_time, l.load_id",
        &[&filter.dataset, &filter.state],
    )
    .await?;
    rows.iter().map(|row| get(row, "load_id")).collect()
}

/// Whether the ledger has a load of that number.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn has_load(client: &Client, load_id: i64) -> Result<bool> {
    let sql = "select exists (select from stardrop.load where load_id = $1) as found";
    get(&query_one(client, sql, &[&load_id]).await?, "found")
}

/// The object of a load and the name of its dataset, if it has one; `None` where there is no such
/// load.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn object_of(
    client: &Client,
    load_id: i64,
) -> Result<Option<(ObjectRef, Option<String>)>> {
    let sql = "select * from stardrop.load where load_id = $1 and bucket <> 'sql'";
    let rows = query(client, sql, &[&load_id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let size: Option<i64> = get(row, "size_bytes")?;
    let object = ObjectRef {
        bucket: get(row, "bucket")?,
        key: get(row, "key")?,
        version_id: get(row, "version_id")?,
        etag: get(row, "etag")?,
        size_bytes: size.and_then(|size| u64::try_from(size).ok()),
        object_time: get(row, "object_time")?,
        sequencer: get(row, "sequencer")?,
    };
    Ok(Some((object, get(row, "dataset")?)))
}
