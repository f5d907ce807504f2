//! Undoes a load: takes back its facts and what it said of members, and names the loads to replay afterwards.

use std::collections::HashMap;

use crate::db::Client;
use serde::{Deserialize, Serialize};

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
    /// Other loads of datasets with dimensions from which members were deleted, oldest first, if they are not
    /// in `replay`. Replaying them restores those members that they named without a fact that is still there.
    pub members: Vec<i64>,
    /// Other loads that had confirmed facts which are deleted, oldest first.
    pub confirmed_by: Vec<i64>,
    /// Loads that were skipped because their content equals this load's.
    pub duplicates: Vec<i64>,
    /// The newest version of the key that was skipped because a newer one was loaded, if none is any more.
    pub superseded: Option<i64>,
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
    /// Rows that the undo deleted: facts, or members.
    pub deleted: i64,
    /// Versions of members that the undo deleted.
    pub versions_deleted: i64,
    /// Rows of members that stay without the values that were this load's.
    pub without_values: i64,
}

impl UndoneTable {
    /// Whether it is a fact table.
    pub fn is_fact(&self) -> bool {
        self.has_prefix("fact_")
    }

    /// Whether it is a dimension's table of members or their versions.
    pub fn is_dimension(&self) -> bool {
        self.has_prefix("dim_")
    }

    fn has_prefix(&self, prefix: &str) -> bool {
        self.table_name.split_once('.').is_some_and(|(_, name)| name.starts_with(prefix))
    }
}

/// What the undo of a dataset's load returns besides the counts in the ledger.
#[derive(Debug, Default, Deserialize)]
struct Report {
    /// The tables in which any other load may have had the values that are taken back.
    unsure: Vec<String>,
    confirmed_by: Vec<i64>,
    #[serde(flatten)]
    dimensions: HashMap<String, DimensionReport>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
struct DimensionReport {
    versions_deleted: i64,
    without_values: i64,
}

/// Takes a load back from the star, in one transaction.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn undo(client: &Client, load_id: i64) -> Result<Undo> {
    take_back(client, load_id, false).await
}

/// The same for a load that is loaded again right away. Members that only other loads have named stay, because these
/// are not replayed. Those in [`Undone::confirmed_by`] have to be replayed with it.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn undo_to_replay(client: &Client, load_id: i64) -> Result<Undo> {
    take_back(client, load_id, true).await
}

async fn take_back(client: &Client, load_id: i64, replays: bool) -> Result<Undo> {
    let before = deleted(client, load_id).await?;
    let sql = "select u.outcome, u.state, u.dataset, u.report::text from stardrop.undo($1, $2) u";
    let row = query_one(client, sql, &[&load_id, &replays]).await?;
    let outcome: &str = get(&row, "outcome")?;
    Ok(match outcome {
        "undone" => {
            let report: Option<&str> = get(&row, "report")?;
            let report = serde_json::from_str(report.unwrap_or_default()).unwrap_or_default();
            Undo::Undone(undone(client, load_id, get(&row, "dataset")?, report, &before).await?)
        }
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
    report: Report,
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
        let of_dimension = report.dimensions.get(&table_name).copied().unwrap_or_default();
        tables.push(UndoneTable {
            table_name,
            inserted: get(row, "inserted")?,
            updated: get(row, "updated")?,
            deleted: get::<i64>(row, "deleted")? - before,
            versions_deleted: of_dimension.versions_deleted,
            without_values: of_dimension.without_values,
        });
    }
    let emptied = tables.iter().filter(|table| table.is_dimension() && table.deleted > 0);
    let emptied: Vec<&str> = emptied.map(|table| table.table_name.as_str()).collect();
    // A row does not record every load that contained it, so all loads that may have are named.
    let row = query_one(
        client,
        "with other as (
             select other.load_id, other.object_time,
                    bool_or(table_name = any ($2)
                            -- Older versions of the key, which this load had replaced.
                            or other.bucket = this.bucket and other.key = this.key
                            and not stardrop.has_newer_version(other.load_id)
                            -- A replayed load may have updated rows before it inserted them.
                            or (mine.updated > 0 or this.forced and mine.inserted > 0)
                            and other.started_at < this.finished_at
                            or mine.inserted + mine.updated > 0
                           and its.unchanged > 0
                           and other.finished_at > this.started_at
                           and (table_name like 'star.fact\\_%'
                                or other.object_time <= this.object_time)) as may_contain,
                    bool_or(mine.unchanged > 0
                           and its.unchanged > 0
                           -- A newer one that has confirmed a row of an older one, whose replay deletes it.
                           and (table_name like 'star.fact\\_%'
                                or other.object_time <= this.object_time)) as may_confirm,
                    bool_or(table_name = any ($3)) as may_refer
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
                array(select o.load_id from other o where o.may_refer and not o.may_contain
                      order by o.object_time, o.load_id) as members,
                array(
                    select c.load_id from stardrop.load c
                    where c.load_id = any ($4) and c.state = 'loaded' and c.bucket <> 'sql'
                    order by c.object_time, c.load_id) as confirmed_by,
                array(
                    select d.load_id from stardrop.load d
                    where d.duplicate_of = $1 order by d.load_id) as duplicates,
                (select s.load_id
                 from stardrop.load this
                 join stardrop.load s on s.bucket = this.bucket and s.key = this.key
                 where this.load_id = $1
                   and s.state = 'superseded'
                   and not stardrop.has_newer_version(s.load_id)
                 order by s.object_time desc, s.load_id desc
                 limit 1) as superseded",
        &[&load_id, &report.unsure, &emptied, &report.confirmed_by],
    )
    .await?;
    Ok(Undone {
        load_id,
        dataset,
        tables,
        replay: get(&row, "replay")?,
        confirm: get(&row, "confirm")?,
        members: get(&row, "members")?,
        confirmed_by: get(&row, "confirmed_by")?,
        duplicates: get(&row, "duplicates")?,
        superseded: get(&row, "superseded")?,
    })
}
