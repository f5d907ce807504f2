//! Plan: the star as it should be and the database as it is in; the changes between them out.
//!
//! Postgres itself compares: each table is made once more as a temporary one, and the two are read
//! back from the catalogs in the same words. What the ledger says was applied is not believed.

use serde::Serialize;
use tokio_postgres::Client;

use super::shape::{self, Shape};
use super::{columns, datasets, formula, gone, kept, keys, rows};
use crate::error::Result;
use crate::star::{Star, Table, ident};

/// What a change does to what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Add,
    Alter,
    Rename,
    Drop,
}

/// One change, for people, for programs and for Postgres.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub action: Action,
    /// What is done, in one line, such as `add column star.fact_sales.discount`.
    pub what: String,
    /// What goes with it, where something does: such a change is made on request only.
    pub lost: Option<String>,
    #[serde(skip)]
    pub sql: String,
}

/// What has to happen, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub changes: Vec<Change>,
    /// What to do or to know afterwards.
    pub notes: Vec<String>,
    /// What is put right with every migration, and is no news.
    pub(super) upkeep: Vec<String>,
}

impl Plan {
    /// Whether a change loses something.
    pub fn is_destructive(&self) -> bool {
        self.changes.iter().any(|change| change.lost.is_some())
    }

    pub(super) fn add(&mut self, action: Action, what: impl Into<String>, sql: impl Into<String>) {
        self.changes.push(Change { action, what: what.into(), lost: None, sql: sql.into() });
    }

    pub(super) fn destroy(
        &mut self,
        action: Action,
        what: impl Into<String>,
        lost: impl Into<String>,
        sql: impl Into<String>,
    ) {
        let lost = Some(lost.into());
        self.changes.push(Change { action, what: what.into(), lost, sql: sql.into() });
    }
}

/// Compares the star with the database.
pub(super) async fn make(client: &Client, star: &Star) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut made_anew = Vec::new();
    for table in &star.tables {
        table_changes(client, star, table, &mut made_anew, &mut plan).await?;
    }
    for dataset in &star.datasets {
        table_changes(client, star, &dataset.staging, &mut Vec::new(), &mut plan).await?;
        kept::changes(client, dataset, &mut plan).await?;
        datasets::changes(client, dataset, &mut plan).await?;
    }
    gone::changes(client, star, &mut plan).await?;
    plan.upkeep.extend(star.unknown_members.iter().chain(&star.foreign_keys).cloned());
    Ok(plan)
}

/// What it takes to make one table fit. `made_anew` holds the dimensions whose members went.
async fn table_changes(
    client: &Client,
    star: &Star,
    table: &Table,
    made_anew: &mut Vec<String>,
    plan: &mut Plan,
) -> Result<()> {
    let name = table.qualified_name();
    let Some(mut have) = shape::actual(client, &name).await? else {
        plan.add(Action::Add, format!("create {name}"), table.create());
        return Ok(());
    };
    let want = shape::wanted(client, table).await?;
    let renamed = renames(star, &name, &mut have, &want, plan);
    let there = columns::There { client, table, name: &name, renamed: &renamed };

    let rekeyed = keys::changes(&there, &have, &want).await?;
    let why = match &rekeyed {
        _ if let Some(dimension) = refers_to_one_of(table, made_anew) => {
            Some(format!("the members of {dimension} go"))
        }
        keys::Rekeyed::Anew { why } => Some(why.clone()),
        _ => there
            .lacks_value(&have, &want)
            .map(|column| format!("{column} is new, needs a value, and its rows have none")),
    };
    if let Some(why) = why
        && (rows::count(client, &name).await? > 0 || matches!(rekeyed, keys::Rekeyed::Anew { .. }))
    {
        make_anew(&there, star, &why, plan).await?;
        made_anew.push(name);
        return Ok(());
    }
    if let keys::Rekeyed::Swapped { change, .. } = &rekeyed {
        plan.changes.push(change.clone());
    }
    columns::changes(&there, star, &have, &want, plan).await?;
    formula::changes(&there, star, &have, plan).await?;
    if let (keys::Rekeyed::Swapped { after, .. }, Some(last)) = (rekeyed, plan.changes.last_mut()) {
        last.sql.push_str(&after);
    }
    for (index, definition) in &table.indexes {
        if !rows::exists(client, &format!("{}.{}", table.schema, ident(index))).await? {
            let sql = table.create_index(index, definition);
            plan.add(Action::Add, format!("create index {index}"), sql);
        }
    }
    plan.upkeep.push(table.comments());
    Ok(())
}

fn refers_to_one_of<'t>(table: &'t Table, made_anew: &[String]) -> Option<&'t str> {
    let mut referred = table.columns.iter().filter_map(|column| column.refers_to());
    referred.find(|dimension| made_anew.iter().any(|anew| anew == dimension))
}

/// Drops a table and makes it as the contract says.
async fn make_anew(
    there: &columns::There<'_>,
    star: &Star,
    why: &str,
    plan: &mut Plan,
) -> Result<()> {
    let (client, name) = (there.client, there.name);
    let count = rows::count(client, name).await?;
    let what = format!("make {name} anew: {why}");
    let sql = format!("drop table {name} cascade;\n{}", there.table.create());
    let views = rows::views_of(client, name, None).await?;
    if count == 0 && views.is_empty() {
        plan.add(Action::Alter, what, sql);
    } else {
        plan.destroy(Action::Alter, what, format!("its {count} rows{views}"), sql);
        columns::note_replay(star, name, "brings the rows again", plan);
    }
    Ok(())
}

/// Renames columns in `have` as the contract says, and returns the old names of the new ones.
fn renames(
    star: &Star,
    table: &str,
    have: &mut Shape,
    want: &Shape,
    plan: &mut Plan,
) -> Vec<(String, String)> {
    let mut renamed = Vec::new();
    for rename in star.renames.iter().filter(|rename| rename.table == table) {
        let (from, to) = (&rename.from, &rename.to);
        if !have.columns.contains_key(from)
            || have.columns.contains_key(to)
            || want.columns.contains_key(from)
        {
            continue;
        }
        have.rename(from, to);
        plan.add(
            Action::Rename,
            format!("rename column {table}.{from} to {to}"),
            format!("alter table {table} rename column {} to {}", ident(from), ident(to)),
        );
        renamed.push((to.clone(), from.clone()));
    }
    renamed
}
