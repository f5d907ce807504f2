//! Kept: a staging table in; whether its rows stay, as it should be and as it is, out.

use tokio_postgres::Client;

use super::plan::{Action, Plan};
use super::{refused, rows};
use crate::error::Result;
use crate::star::{CompiledDataset, OWN_LOAD, ident, index_name};

/// A table that keeps its rows is logged, so that they outlive a crash.
pub(super) async fn changes(
    client: &Client,
    dataset: &CompiledDataset,
    plan: &mut Plan,
) -> Result<()> {
    let table = dataset.staging.qualified_name();
    let kept: Option<bool> = client
        .query_opt(
            "select relpersistence = 'p' from pg_class where oid = to_regclass($1)",
            &[&table],
        )
        .await
        .and_then(|row| row.map(|row| row.try_get(0)).transpose())
        .map_err(refused)?;
    let keeps = !dataset.staging.unlogged;
    match kept {
        Some(false) if keeps => {
            let sql = format!(
                "alter table {table} set logged;\nalter table {table} alter column load_id set {OWN_LOAD}"
            );
            plan.add(Action::Alter, format!("keep the rows of {table} from now on"), sql);
        }
        Some(true) if !keeps => {
            let what = format!("keep no rows in {table} any more");
            let sql = format!(
                "truncate {table};
drop index if exists staging.{};
alter table {table} set unlogged;
alter table {table} alter column load_id drop default",
                ident(&index_name(&dataset.name))
            );
            match rows::count(client, &table).await? {
                0 => plan.add(Action::Alter, what, sql),
                count => plan.destroy(Action::Alter, what, format!("its {count} kept rows"), sql),
            }
        }
        _ => {}
    }
    Ok(())
}
