//! Undoes a load: deletes its facts, and names the loads to replay afterwards.

use std::collections::HashMap;

use crate::db::Client;
use serde::Serialize;

use super::{get, query, query_one};
use crate::error::Result;

/// The result of [`undo`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// Its facts are deleted.
    Undone(Undone),
    /// A load in this state has no rows in the star.
    NoRows {
        /// The load's state.
        state: String,
    },
    /// Another worker holds the load's key.
    Busy,
    /// The load's dataset was dropped from the contracts.
    NoContract {
        /// The name of the dataset.
        dataset: String,
    },
    /// The ledger has no such load.
    NotFound,
}

/// What [`undo`] deleted, and what may have to be replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// The load in the ledger.
    pub load_id: i64,
    /// The name of the dataset.
    pub dataset: String,
    /// For each table, the counts of the load and the rows that the undo deleted.
    pub tables: Vec<UndoneTable>,
    /// Other loads that may contain the same rows, oldest first: replay them to restore what this
    /// load had overwritten.
    pub replay: Vec<i64>,
    /// Other loads that may have found the same rows unchanged, oldest first. Rows that this load
    /// left unchanged are dated by their last change again; replaying these loads renews those dates.
    pub confirm: Vec<i64>,
    /// Loads that were skipped because their content equals this load's.
    pub duplicates: Vec<i64>,
}

/// The counts of one table of the star.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UndoneTable {
    /// The table, with its schema.
    pub table_name: String,
    /// Rows that the load had inserted.
    pub inserted: i64,
    /// Rows that the load had updated.
    pub updated: i64,
    /// Rows that the undo deleted.
    pub deleted: i64,
}

impl UndoneTable {
    /// Whether it is a fact table. Undo deletes facts and leaves the members of dimensions.
    pub fn is_fact(&self) -> bool {
        self.table_name.split_once('.').is_some_and(|(_, name)| name.starts_with("fact_"))
    }
}

/// Deletes a load's facts from the star, in one transaction.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn undo(client: &Client, load_id: i64) -> Result<Undo> {
    let before = deleted(client, load_id).await?;
    let row = query_one(client, "select * from stardrop.undo($1)", &[&load_id]).await?;
    let outcome: &str = get(&row, "outcome")?;
    Ok(match outcome {
        "undone" => Undo::Undone(undone(client, load_id, get(&row, "dataset")?, &before).await?),
        "no_rows" => Undo::NoRows { state: get(&row, "state")? },
        "busy" => Undo::Busy,
        "no_contract" => Undo::NoContract { dataset: get(&row, "dataset")? },
        _ => Undo::NotFound,
    })
}

/// The rows that a load has deleted so far, by table: by its tombstones, or by an earlier undo.
async fn deleted(client: &Client, load_id: i64) -> Result<HashMap<String, i64>> {
    let sql = "select t.table_name, t.deleted from stardrop.load_table t where t.load_id = $1";
    let rows = query(client, sql, &[&load_id]).await?;
    rows.iter().map(|row| Ok((get(row, "table_name")?, get(row, "deleted")?))).collect()
}

async fn undone(
    client: &Client,
    load_id: i64,
    dataset: String,
    before: &HashMap<String, i64>,
) -> Result<Undone> {
    let rows = query(
        client,
        "select t.table_name, t.inserted, t.updated, t.deleted
         from stardrop.load_table t where t.load_id = $1 order by t.table_name desc",
        &[&load_id],
    )
    .await?;
    let mut tables = Vec::new();
    for row in &rows {
        let table_name: String = get(row, "table_name")?;
        let before = before.get(&table_name).copied().unwrap_or_default();
        tables.push(UndoneTable {
            table_name,
            inserted: get(row, "inserted")?,
            updated: get(row, "updated")?,
            deleted: get::<i64>(row, "deleted")? - before,
        });
    }
    // A row does not record every load that contained it, so all loads that may have are named.
    let row = query_one(
        client,
        "with other as (
             select other.load_id, other.object_time,
                    bool_or(mine.updated > 0 and other.started_at < this.finished_at
                            or mine.inserted + mine.updated > 0
                           and its.unchanged > 0
                           and other.finished_at > this.started_at
                           and (table_name like 'star.fact\\_%'
                                or other.object_time <= this.object_time)) as may_contain,
                    bool_or(mine.unchanged > 0
                           and its.unchanged > 0
                           and other.object_time <= this.object_time) as may_confirm
             from stardrop.load this
             join stardrop.load_table mine using (load_id)
             join stardrop.load_table its using (table_name)
             join stardrop.load other on other.load_id = its.load_id
             where this.load_id = $1
               and other.load_id <> this.load_id
               and other.state = 'loaded'
               and other.bucket <> 'sql'
               and other.rows_staged > 0
             group by other.load_id
         )
         select array(select o.load_id from other o where o.may_contain
                      order by o.object_time, o.load_id) as replay,
                array(select o.load_id from other o where o.may_confirm
                      order by o.object_time, o.load_id) as confirm,
                array(
                    select d.load_id from stardrop.load d
                    where d.duplicate_of = $1 order by d.load_id) as duplicates",
        &[&load_id],
    )
    .await?;
    Ok(Undone {
        load_id,
        dataset,
        tables,
        replay: get(&row, "replay")?,
        confirm: get(&row, "confirm")?,
        duplicates: get(&row, "duplicates")?,
    })
}
