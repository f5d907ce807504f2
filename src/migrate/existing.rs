//! Reads what a database has of a star: tables, their rows as far as a comparison needs them,
//! functions and triggers. Reads Postgres' catalogs, because what the ledger has recorded may be out of date.

use std::collections::BTreeSet;

use super::key_check::possible_keys;
use super::operation::has_rows;
use super::others;
use super::session::{refused, scalar};
use super::shape::{Existing, ExistingDataset, ExistingFunction, ExistingTable, Wanted};
use super::table_shape;
use crate::db::Client;
use crate::error::Result;
use crate::star::{COMPUTED, FUNCTION_PREFIXES, ident};

/// The tables that migrations have created, with the usual names of their schemas. What has been given to another
/// owner since is no longer Stardrop's.
const TABLES: &str = "
    select case when starts_with(o.table_name, 'star.') then 'star' else 'staging' end
               || substr(o.table_name, strpos(o.table_name, '.')),
           c.relpersistence = 'p',
           c.relforcerowsecurity
    from stardrop.star_object o
    join pg_class c on c.oid = to_regclass(o.table_name)
    where o.kind = 'table' and c.relkind = 'r' and c.relowner = 'stardrop_owner'::regrole";

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
      and p.proowner = 'stardrop_owner'::regrole
    order by 2";

const TRIGGERS: &str = "
    select t.tgname::text
    from pg_trigger t
    where t.tgrelid = to_regclass($1) and not t.tgisinternal and t.tgenabled <> 'D'";

/// Reads what the database has.
///
/// # Errors
///
/// That of a query that Postgres refuses; [`NameTaken`](crate::error::ErrorKind::NameTaken) where somebody else has a
/// table or a column of a name that the star needs.
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
    for row in client.query(TABLES, &[]).await.map_err(refused)? {
        let name: String = row.try_get(0).map_err(refused)?;
        let table = ExistingTable {
            is_logged: row.try_get(1).map_err(refused)?,
            forces_row_security: row.try_get(2).map_err(refused)?,
            ..ExistingTable::default()
        };
        existing.tables.insert(name, table);
    }
    others::check_names(client, wanted, &existing).await?;
    for (name, table) in &mut existing.tables {
        read_table(client, wanted, name, table).await?;
    }
    Ok(existing)
}

async fn read_table(
    client: &Client,
    wanted: &Wanted<'_>,
    name: &str,
    table: &mut ExistingTable,
) -> Result<()> {
    table.shape = table_shape::read(client, name).await?;
    table.others = others::set_aside(client, wanted, name, &mut table.shape).await?;
    let Some(wanted_shape) = wanted.shapes.get(name) else { return Ok(()) };
    let real_name = &*client.names().apply(name);
    for row in client.query(FORMULAS, &[&real_name, &COMPUTED]).await.map_err(refused)? {
        let column = row.try_get(0).map_err(refused)?;
        table.formulas.insert(column, row.try_get(1).map_err(refused)?);
    }
    table.has_rows = scalar(client, &has_rows(name)).await?;
    table.indexes = names(client, INDEXES, name).await?;
    table.possible_keys =
        possible_keys(client, wanted.star, name, &table.shape, wanted_shape).await?;
    Ok(())
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
    let table = &*client.names().apply(table);
    let rows = client.query(query, &[&table]).await.map_err(refused)?;
    rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(refused)
}
