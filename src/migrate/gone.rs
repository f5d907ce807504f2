//! Gone: what is in the database and in no contract any more, out of which only a request takes it.

use tokio_postgres::Client;

use super::plan::{Action, Plan};
use super::{datasets, refused, rows};
use crate::error::Result;
use crate::star::{Star, ident};

pub(super) async fn changes(client: &Client, star: &Star, plan: &mut Plan) -> Result<()> {
    for dataset in names(client, "select name from stardrop.dataset order by name").await? {
        if star.dataset(&dataset).is_none() {
            drop_dataset(client, &dataset, plan).await?;
        }
    }
    // Only tables of ours: what users made in the schema has another owner or another name.
    let ours = "select c.relname::text from pg_class c
         where c.relnamespace = 'star'::regnamespace and c.relkind = 'r'
           and c.relowner = 'stardrop_owner'::regrole
           and (c.relname like 'dim\\_%' or c.relname like 'fact\\_%')
         order by c.relname desc";
    for table in names(client, ours).await? {
        if star.tables.iter().any(|wanted| wanted.name == table) {
            continue;
        }
        let name = format!("star.{}", ident(&table));
        let count = rows::count(client, &name).await?;
        let views = rows::views_of(client, &name, None).await?;
        plan.destroy(
            Action::Drop,
            format!("drop {name}"),
            format!("its {count} rows{views}"),
            format!("drop table {name} cascade"),
        );
    }
    Ok(())
}

async fn drop_dataset(client: &Client, dataset: &str, plan: &mut Plan) -> Result<()> {
    let functions: Vec<String> =
        datasets::FUNCTIONS.iter().map(|prefix| format!("{prefix}_{dataset}")).collect();
    let signatures = client
        .query(
            "select p.oid::regprocedure::text from pg_proc p
             where p.pronamespace = 'staging'::regnamespace and p.proname = any ($1)
             order by 1",
            &[&functions],
        )
        .await
        .map_err(refused)?;
    let staging = format!("staging.{}", ident(dataset));
    let mut sql = format!("drop table if exists {staging} cascade;\n");
    for row in &signatures {
        let signature: String = row.try_get(0).map_err(refused)?;
        sql.push_str(&format!("drop function {signature};\n"));
    }
    sql.push_str(&format!("delete from stardrop.dataset where name = '{dataset}';\n"));
    let lost = format!(
        "{staging} with its {} rows, and the door for files of this kind; the ledger stays",
        if rows::exists(client, &staging).await? {
            rows::count(client, &staging).await?
        } else {
            0
        }
    );
    plan.destroy(Action::Drop, format!("drop dataset {dataset}"), lost, sql);
    Ok(())
}

async fn names(client: &Client, sql: &str) -> Result<Vec<String>> {
    let rows = client.query(sql, &[]).await.map_err(refused)?;
    rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(refused)
}
