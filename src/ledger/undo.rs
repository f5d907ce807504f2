//! Undo: a load's number in; its facts out of the star, and what that leaves to do, out.

use std::collections::HashMap;

use serde::Serialize;
use tokio_postgres::Client;

use super::{get, query_one};
use crate::db::database_error;
use crate::error::{Result, Stage};

/// What came of the wish to undo a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    Undone(Undone),
    /// Nothing of a load in this state is in the star.
    Nothing {
        state: String,
    },
    /// Another worker works on the load's key.
    Busy,
    /// The load's dataset is in no contract any more.
    Orphan {
        dataset: String,
    },
    /// There is no such load.
    Unknown,
}

/// A load that was undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undone {
    pub load_id: i64,
    pub dataset: String,
    /// What the load had done to each table, and what was deleted now.
    pub tables: Vec<UndoneTable>,
    /// The loads that may say something of its rows too, oldest first: they had brought them before,
    /// or found them there as they were.
    pub replay: Vec<i64>,
    /// Where it had only confirmed rows, which count as old as their last change again: the loads
    /// that may have confirmed them too, oldest first.
    pub confirm: Vec<i64>,
    /// Loads that were skipped because their bytes were this load's.
    pub duplicates: Vec<i64>,
}

/// One table of the star.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UndoneTable {
    pub table_name: String,
    pub inserted: i64,
    pub updated: i64,
    pub deleted: i64,
}

impl UndoneTable {
    /// Facts go; members of dimensions stay.
    pub fn is_fact(&self) -> bool {
        self.table_name.starts_with("star.fact_")
    }
}

/// Takes a load's facts out of the star, in one transaction.
///
/// # Errors
///
/// What the database says.
pub async fn undo(client: &Client, load_id: i64) -> Result<Undo> {
    let before = deleted(client, load_id).await?;
    let row = query_one(client, "select * from stardrop.undo($1)", &[&load_id]).await?;
    let outcome: &str = get(&row, "outcome")?;
    Ok(match outcome {
        "undone" => Undo::Undone(undone(client, load_id, get(&row, "dataset")?, &before).await?),
        "nothing" => Undo::Nothing { state: get(&row, "state")? },
        "busy" => Undo::Busy,
        "orphan" => Undo::Orphan { dataset: get(&row, "dataset")? },
        _ => Undo::Unknown,
    })
}

/// The rows that a load has deleted, by table: by its markers, or by an undo before.
async fn deleted(client: &Client, load_id: i64) -> Result<HashMap<String, i64>> {
    let sql = "select t.table_name, t.deleted from stardrop.load_table t where t.load_id = $1";
    let rows = client.query(sql, &[&load_id]).await;
    let rows = rows.map_err(|error| database_error(error, Stage::Ledger))?;
    rows.iter().map(|row| Ok((get(row, "table_name")?, get(row, "deleted")?))).collect()
}

async fn undone(
    client: &Client,
    load_id: i64,
    dataset: String,
    before: &HashMap<String, i64>,
) -> Result<Undone> {
    let rows = client
        .query(
            "select t.table_name, t.inserted, t.updated, t.deleted
             from stardrop.load_table t where t.load_id = $1 order by t.table_name desc",
            &[&load_id],
        )
        .await
        .map_err(|error| database_error(error, Stage::Ledger))?;
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
    // Rows do not say who else has named them: whoever may have, is named.
    let row = query_one(
        client,
        "with other as (
             select other.load_id, other.object_time,
                    bool_or(mine.updated > 0 and other.started_at < this.finished_at
                            or mine.inserted + mine.updated > 0
                           and its.unchanged > 0
                           and other.finished_at > this.started_at
                           and (table_name like 'star.fact\\_%'
                                or other.object_time <= this.object_time)) as says,
                    bool_or(mine.unchanged > 0
                           and its.unchanged > 0
                           and other.object_time <= this.object_time) as confirms
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
         select array(select o.load_id from other o where o.says
                      order by o.object_time, o.load_id) as replay,
                array(select o.load_id from other o where o.confirms
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
