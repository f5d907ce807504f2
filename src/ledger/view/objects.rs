//! The objects that the ledger knows, for `replay` and `reconcile`.

use std::collections::HashMap;

use super::super::{get, query, query_one};
use super::loads::LoadFilter;
use crate::db::Client;
use crate::error::Result;
use crate::object::ObjectRef;

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
    /// The datasets that have loads of the same object version.
    pub datasets: Vec<String>,
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
                datasets: get::<Option<Vec<String>>>(row, "datasets")?.unwrap_or_default(),
            };
            Ok((get(row, "key")?, newest))
        })
        .collect()
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

/// What a load of a file reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLoad {
    /// The object version.
    pub object: ObjectRef,
    /// The name of the dataset; `None` in state `unmatched`.
    pub dataset: Option<String>,
    /// The part of the object; empty for the whole object.
    pub part: String,
}

/// What a load reads; `None` if the ledger does not have the load, or it is not that of a file.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn file_load(client: &Client, load_id: i64) -> Result<Option<FileLoad>> {
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
    Ok(Some(FileLoad { object, dataset: get(row, "dataset")?, part: get(row, "part")? }))
}
