//! Reads what a database has of a star: tables, their rows as far as a comparison needs them,
//! functions and triggers. Reads Postgres' catalogs, because what the ledger has recorded may be out of date.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::key_check::possible_keys;
use super::operation::has_rows;
use super::session::{refused, scalar};
use super::shape::{Existing, ExistingDataset, ExistingFunction, ExistingTable, Wanted};
use super::table_shape;
use crate::error::Result;
use crate::star::{COMPUTED, FUNCTION_PREFIXES, ident};

/// The tables of the star and the staging tables. What users created in these schemas has another
/// owner or another name.
const TABLES: &str = "
    select n.nspname::text, c.relname::text, c.relpersistence = 'p'
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r'
      and (n.nspname || '.' || c.relname = any ($1)
           or n.nspname = 'star' and c.relowner = 'stardrop_owner'::regrole
              and (c.relname like 'dim\\_%' or c.relname like 'fact\\_%'))";

const INDEXES: &str = "
    select c.relname::text
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    where i.indrelid = to_regclass($1)";

const FORMULAS: &str = "
    select a.attname::text, d.description
    from pg_description d
    join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid
    where d.classoid = 'pg_class'::regclass
      and d.objoid = to_regclass($1) and d.objsubid > 0
      and starts_with(d.description, $2)";

const DATASETS: &str = "select name, fingerprint from stardrop.dataset";

const FUNCTIONS: &str = "
    select p.proname::text, p.oid::regprocedure::text, p.prosrc
    from pg_proc p
    where p.pronamespace = 'staging'::regnamespace and p.proname = any ($1)
    order by 2";

const TRIGGERS: &str = "
    select t.tgname::text
    from pg_trigger t
    where t.tgrelid = to_regclass($1) and not t.tgisinternal and t.tgenabled <> 'D'";

/// Reads what the database has.
///
/// # Errors
///
/// That of a query that Postgres refuses.
pub(super) async fn read(client: &Client, wanted: &Wanted<'_>) -> Result<Existing> {
    let mut existing = Existing::default();
    for row in client.query(DATASETS, &[]).await.map_err(refused)? {
        let name: String = row.try_get(0).map_err(refused)?;
        let fingerprint = row.try_get(1).map_err(refused)?;
        let dataset = ExistingDataset { fingerprint, ..ExistingDataset::default() };
        existing.datasets.insert(name, dataset);
    }
    for dataset in &wanted.star.datasets {
        existing.datasets.entry(dataset.name.clone()).or_default();
    }
    for (name, dataset) in &mut existing.datasets {
        dataset.functions = functions(client, name).await?;
        let staging = format!("staging.{}", ident(name));
        dataset.triggers = names(client, TRIGGERS, &staging).await?;
    }
    existing.tables = tables(client, wanted, existing.datasets.keys()).await?;
    Ok(existing)
}

async fn tables(
    client: &Client,
    wanted: &Wanted<'_>,
    datasets: impl Iterator<Item = &String>,
) -> Result<BTreeMap<String, ExistingTable>> {
    let mut known: Vec<String> = datasets.map(|dataset| format!("staging.{dataset}")).collect();
    known.extend(wanted.star.tables.iter().map(|table| format!("{}.{}", table.schema, table.name)));
    let mut tables = BTreeMap::new();
    for row in client.query(TABLES, &[&known]).await.map_err(refused)? {
        let (schema, name): (String, String) =
            (row.try_get(0).map_err(refused)?, row.try_get(1).map_err(refused)?);
        let qualified_name = format!("{schema}.{}", ident(&name));
        let is_logged = row.try_get(2).map_err(refused)?;
        let table = table(client, wanted, &qualified_name, is_logged).await?;
        tables.insert(qualified_name, table);
    }
    Ok(tables)
}

async fn table(
    client: &Client,
    wanted: &Wanted<'_>,
    name: &str,
    is_logged: bool,
) -> Result<ExistingTable> {
    let shape = table_shape::read(client, name).await?;
    let Some(wanted_shape) = wanted.shapes.get(name) else {
        return Ok(ExistingTable { shape, is_logged, ..ExistingTable::default() });
    };
    let mut formulas = BTreeMap::new();
    for row in client.query(FORMULAS, &[&name, &COMPUTED]).await.map_err(refused)? {
        formulas.insert(row.try_get(0).map_err(refused)?, row.try_get(1).map_err(refused)?);
    }
    Ok(ExistingTable {
        has_rows: scalar(client, &has_rows(name)).await?,
        is_logged,
        indexes: names(client, INDEXES, name).await?,
        formulas,
        possible_keys: possible_keys(client, wanted.star, name, &shape, wanted_shape).await?,
        shape,
    })
}

async fn functions(client: &Client, dataset: &str) -> Result<Vec<ExistingFunction>> {
    let names: Vec<String> =
        FUNCTION_PREFIXES.iter().map(|prefix| format!("{prefix}_{dataset}")).collect();
    let mut functions = Vec::new();
    for row in client.query(FUNCTIONS, &[&names]).await.map_err(refused)? {
        functions.push(ExistingFunction {
            name: row.try_get(0).map_err(refused)?,
            signature: row.try_get(1).map_err(refused)?,
            body: row.try_get(2).map_err(refused)?,
        });
    }
    Ok(functions)
}

async fn names(client: &Client, query: &str, table: &str) -> Result<BTreeSet<String>> {
    let rows = client.query(query, &[&table]).await.map_err(refused)?;
    rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(refused)
}
