//! Plan: the star as it should be and as it is in; the changes between them out.
//!
//! Postgres itself compares: each table is made once more as a temporary one, and the two are read
//! back from the catalogs in the same words.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::execute;
use crate::db::database_error;
use crate::error::{Result, Stage};
use crate::star::{CompiledDataset, Star, Table};

/// One change, for people and for Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub what: String,
    pub sql: String,
}

/// What has to happen, and what must not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub changes: Vec<Change>,
    /// What the contract asks for and would lose data.
    pub refused: Vec<String>,
}

/// The temporary table that shows what Postgres makes of a definition.
const WANTED: &str = "stardrop_wanted";

/// A table as the catalogs describe it.
#[derive(Debug, Default)]
struct Shape {
    /// Name to type, collation and nullability.
    columns: BTreeMap<String, String>,
    constraints: Vec<String>,
}

/// Compares the star with the database.
pub(super) async fn make(client: &Client, star: &Star) -> Result<Plan> {
    let mut plan = Plan::default();
    for table in &star.tables {
        plan_table(client, table, &mut plan).await?;
    }
    for unknown_member in star.unknown_members.iter().chain(&star.references) {
        plan.changes.push(Change { what: String::new(), sql: unknown_member.clone() });
    }
    for dataset in &star.datasets {
        plan_dataset(client, dataset, &mut plan).await?;
    }
    // The unknown members are put in again each time, and are no news.
    if plan.changes.iter().all(|change| change.what.is_empty()) {
        plan.changes.clear();
    }
    Ok(plan)
}

async fn plan_table(client: &Client, table: &Table, plan: &mut Plan) -> Result<()> {
    let name = table.qualified_name();
    let Some(have) = shape(client, &name).await? else {
        plan.changes.push(Change { what: format!("create {name}"), sql: table.create() });
        return Ok(());
    };
    let want = wanted_shape(client, table).await?;
    for (column, kind) in &have.columns {
        match want.columns.get(column) {
            None => plan.refused.push(format!(
                "{name}.{column} is not in the contract any more, and its values would go"
            )),
            Some(other) if other != kind => {
                plan.refused.push(format!("{name}.{column} is {kind}, the contract says {other}"));
            }
            Some(_) => {}
        }
    }
    let new = table.columns.iter().filter(|column| !have.columns.contains_key(&column.name));
    for column in new {
        if column.not_null && column.filled.is_none() && has_rows(client, &name).await? {
            plan.refused.push(format!(
                "{name}.{} is new and cannot be null, and there are rows that would have no value",
                column.name
            ));
            continue;
        }
        plan.changes.push(Change {
            what: format!("add column {name}.{}", column.name),
            sql: format!("alter table {name} add column {}", column.definition()),
        });
    }
    if have.constraints != want.constraints {
        plan.refused.push(format!(
            "the key of {name} is {}, the contract says {}",
            have.constraints.join(", "),
            want.constraints.join(", ")
        ));
    }
    for (index, definition) in &table.indexes {
        if shape(client, &format!("{}.{index}", table.schema)).await?.is_none() {
            plan.changes.push(Change {
                what: format!("create index {index}"),
                sql: table.create_index(index, definition),
            });
        }
    }
    Ok(())
}

async fn plan_dataset(client: &Client, dataset: &CompiledDataset, plan: &mut Plan) -> Result<()> {
    let name = dataset.staging.qualified_name();
    let row = client
        .query_opt("select fingerprint from stardrop.dataset where name = $1", &[&dataset.name])
        .await
        .map_err(refused)?;
    let applied: Option<String> = match row {
        Some(row) => Some(row.try_get(0).map_err(refused)?),
        None => None,
    };
    let have = shape(client, &name).await?;
    if applied.as_deref() == Some(&dataset.fingerprint) && have.is_some() {
        return Ok(());
    }
    let mut sql = String::new();
    if have.is_some() {
        if has_rows(client, &name).await? {
            plan.refused.push(format!("{name} holds rows, and would be made anew"));
        }
        sql.push_str(&format!("drop table {name};\n"));
    }
    sql.push_str(&dataset.staging.create());
    for statement in &dataset.statements {
        sql.push_str(statement);
    }
    let record = record_contract(dataset, &sql);
    sql.push_str(&record);
    let verb = if applied.is_some() { "update" } else { "add" };
    plan.changes.push(Change { what: format!("{verb} dataset {}", dataset.name), sql });
    Ok(())
}

fn record_contract(dataset: &CompiledDataset, sql: &str) -> String {
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    format!(
        "insert into stardrop.dataset (name, fingerprint, sql)
values ({}, {}, {})
on conflict (name) do update
    set fingerprint = excluded.fingerprint,
        sql = excluded.sql,
        applied_at = clock_timestamp(),
        applied_by = session_user;\n",
        literal(&dataset.name),
        literal(&dataset.fingerprint),
        literal(sql)
    )
}

async fn has_rows(client: &Client, table: &str) -> Result<bool> {
    super::scalar(client, &format!("select exists (select from {table})")).await
}

async fn wanted_shape(client: &Client, table: &Table) -> Result<Shape> {
    execute(client, &table.shape_as("temporary ", WANTED)).await?;
    let shape = shape(client, &format!("pg_temp.{WANTED}")).await?.unwrap_or_default();
    execute(client, &format!("drop table pg_temp.{WANTED}")).await?;
    Ok(shape)
}

async fn shape(client: &Client, name: &str) -> Result<Option<Shape>> {
    let exists: bool = client
        .query_one("select to_regclass($1) is not null", &[&name])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(refused)?;
    if !exists {
        return Ok(None);
    }
    let columns = client
        .query(
            "select a.attname::text,
                    format_type(a.atttypid, a.atttypmod)
                    || case when a.attcollation in (0, t.typcollation) then ''
                            else ' collate ' || a.attcollation::regcollation::text end
                    || case when a.attnotnull then ' not null' else '' end
             from pg_attribute a
             join pg_type t on t.oid = a.atttypid
             where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped",
            &[&name],
        )
        .await
        .map_err(refused)?;
    let constraints = client
        .query(
            "select pg_get_constraintdef(c.oid)
             from pg_constraint c
             where c.conrelid = to_regclass($1) and c.contype in ('p', 'u')
             order by 1",
            &[&name],
        )
        .await
        .map_err(refused)?;
    let mut shape = Shape::default();
    for row in columns {
        shape.columns.insert(row.try_get(0).map_err(refused)?, row.try_get(1).map_err(refused)?);
    }
    for row in constraints {
        shape.constraints.push(row.try_get(0).map_err(refused)?);
    }
    Ok(Some(shape))
}

fn refused(error: tokio_postgres::Error) -> crate::error::Error {
    database_error(error, Stage::Migrate)
}
