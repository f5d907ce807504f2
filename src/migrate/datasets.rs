//! Datasets: a dataset's functions and trigger as they should be and as they are in; whether to
//! make them anew out.

use tokio_postgres::Client;

use super::plan::{Action, Plan};
use super::refused;
use crate::error::Result;
use crate::star::{CompiledDataset, TRIGGERS};

/// The prefixes of the functions that a dataset has in schema `staging`.
pub(super) const FUNCTIONS: [&str; 5] = ["begin", "normalise", "open", "replace", "undo"];

pub(super) async fn changes(
    client: &Client,
    dataset: &CompiledDataset,
    plan: &mut Plan,
) -> Result<()> {
    let applied = fingerprint(client, &dataset.name).await?;
    if applied.as_deref() == Some(&dataset.fingerprint) && is_whole(client, dataset).await? {
        return Ok(());
    }
    let mut sql = drop_functions(client, &dataset.name, dataset).await?;
    for statement in &dataset.statements {
        sql.push_str(statement);
    }
    let record = record_contract(dataset);
    sql.push_str(&record);
    let (action, verb) =
        if applied.is_some() { (Action::Alter, "update") } else { (Action::Add, "add") };
    plan.add(action, format!("{verb} dataset {}", dataset.name), sql);
    Ok(())
}

async fn fingerprint(client: &Client, dataset: &str) -> Result<Option<String>> {
    let row = client
        .query_opt("select fingerprint from stardrop.dataset where name = $1", &[&dataset])
        .await
        .map_err(refused)?;
    row.map(|row| row.try_get(0)).transpose().map_err(refused)
}

/// Whether the trigger and each function are there as they were made, whatever the ledger says.
async fn is_whole(client: &Client, dataset: &CompiledDataset) -> Result<bool> {
    let bodies = client
        .query(
            "select p.prosrc from pg_proc p
             where p.pronamespace = 'staging'::regnamespace and p.proname = any ($1)",
            &[&names(&dataset.name)],
        )
        .await
        .map_err(refused)?;
    for row in &bodies {
        let body: &str = row.try_get(0).map_err(refused)?;
        // Between the dollar quotes, and whole.
        let body = format!("${body}$");
        if !dataset.statements.iter().any(|statement| statement.contains(&body)) {
            return Ok(false);
        }
    }
    let wanted = dataset
        .statements
        .iter()
        .filter(|statement| statement.starts_with("create or replace function staging."))
        .count();
    Ok(bodies.len() == wanted && has_its_triggers(client, dataset).await?)
}

async fn has_its_triggers(client: &Client, dataset: &CompiledDataset) -> Result<bool> {
    let rows = client
        .query(
            "select t.tgname::text from pg_trigger t
             where t.tgrelid = to_regclass($1) and t.tgname = any ($2) and t.tgenabled <> 'D'",
            &[&dataset.staging.qualified_name(), &TRIGGERS.as_slice()],
        )
        .await
        .map_err(refused)?;
    let there: Vec<String> =
        rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(refused)?;
    Ok(TRIGGERS.iter().all(|name| {
        let drop = format!("drop trigger if exists {name} on ");
        let wanted = dataset.statements.iter().any(|statement| statement.contains(&drop));
        wanted == there.iter().any(|trigger| trigger == name)
    }))
}

fn names(dataset: &str) -> Vec<String> {
    FUNCTIONS.iter().map(|prefix| format!("{prefix}_{dataset}")).collect()
}

/// Statements that drop what the contract has no function for any more.
async fn drop_functions(client: &Client, name: &str, dataset: &CompiledDataset) -> Result<String> {
    let rows = client
        .query(
            "select p.proname::text, p.oid::regprocedure::text from pg_proc p
             where p.pronamespace = 'staging'::regnamespace and p.proname = any ($1)",
            &[&names(name)],
        )
        .await
        .map_err(refused)?;
    let mut sql = String::new();
    for row in &rows {
        let (name, signature): (String, String) =
            (row.try_get(0).map_err(refused)?, row.try_get(1).map_err(refused)?);
        let start = format!("create or replace function staging.{name}(");
        if !dataset.statements.iter().any(|statement| statement.starts_with(&start)) {
            sql.push_str(&format!("drop function {signature} cascade;\n"));
        }
    }
    Ok(sql)
}

fn record_contract(dataset: &CompiledDataset) -> String {
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let sql = dataset.staging.create() + &dataset.statements.concat();
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
        literal(&sql)
    )
}
