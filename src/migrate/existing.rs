//! Reads what a database has of a star: tables, their rows as far as a comparison needs them,
//! functions and triggers. Reads Postgres' catalogs, because what the ledger has recorded may be out of date.

use std::collections::{BTreeMap, BTreeSet};

use super::key_check::possible_keys;
use super::operation::has_rows;
use super::others;
use super::session::{TABLES_AT_ONCE, execute, refused, scalar, table_index};
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
    where o.kind = 'table' and c.relkind in ('r', 'p') and c.relowner = 'stardrop_owner'::regrole";

const INDEXES: &str = "
    select w.position, c.relname::text
    from unnest($1::text[]) with ordinality w (name, position)
    join pg_index i on i.indrelid = to_regclass(w.name)
    join pg_class c on c.oid = i.indexrelid";

const FORMULAS: &str = "
    select w.position, a.attname::text, d.description
    from unnest($1::text[]) with ordinality w (name, position)
    join pg_description d on d.objoid = to_regclass(w.name)
    join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid
    where d.classoid = 'pg_class'::regclass
      and d.objsubid > 0
      and starts_with(d.description, $2)";

const DATASETS: &str = "select name, fingerprint from stardrop.dataset";

const FUNCTIONS: &str = "
    select p.proname::text, p.oid::regprocedure::text, p.prosrc
    from pg_proc p
    where p.pronamespace = 'staging'::regnamespace and p.proname = any ($1)
      and p.proowner = 'stardrop_owner'::regrole
    order by 2";

const TRIGGERS: &str = "
    select w.position, t.tgname::text
    from unnest($1::text[]) with ordinality w (name, position)
    join pg_trigger t on t.tgrelid = to_regclass(w.name)
    where not t.tgisinternal and t.tgenabled <> 'D'";

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
    read_datasets(client, &mut existing.datasets).await?;
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
    read_tables(client, wanted, &mut existing.tables).await?;
    Ok(existing)
}

/// Reads the functions and the triggers of each dataset.
async fn read_datasets(
    client: &Client,
    datasets: &mut BTreeMap<String, ExistingDataset>,
) -> Result<()> {
    let prefixed = |dataset: &str| FUNCTION_PREFIXES.map(|prefix| format!("{prefix}_{dataset}"));
    let names: Vec<String> = datasets.keys().flat_map(|dataset| prefixed(dataset)).collect();
    let mut functions: BTreeMap<String, Vec<ExistingFunction>> = BTreeMap::new();
    for row in client.query(FUNCTIONS, &[&names]).await.map_err(refused)? {
        let name: String = row.try_get(0).map_err(refused)?;
        functions.entry(name.clone()).or_default().push(ExistingFunction {
            name,
            signature: row.try_get(1).map_err(refused)?,
            body: row.try_get(2).map_err(refused)?,
        });
    }
    let stagings: Vec<String> =
        datasets.keys().map(|dataset| format!("staging.{}", ident(dataset))).collect();
    let triggers = named(client, TRIGGERS, &stagings).await?;
    for ((dataset, existing), triggers) in datasets.iter_mut().zip(triggers) {
        existing.triggers = triggers;
        existing.functions =
            prefixed(dataset).iter().filter_map(|name| functions.remove(name)).flatten().collect();
        existing.functions.sort_by(|one, other| one.signature.cmp(&other.signature));
    }
    Ok(())
}

/// Reads the shape of each table, and what others added to it; of those that the star has still, also what a
/// comparison needs.
async fn read_tables(
    client: &Client,
    wanted: &Wanted<'_>,
    tables: &mut BTreeMap<String, ExistingTable>,
) -> Result<()> {
    let all: Vec<String> = tables.keys().cloned().collect();
    let shapes = table_shape::read_all(client, &all).await?;
    for (table, shape) in tables.values_mut().zip(shapes) {
        table.shape = shape;
    }
    others::set_aside(client, wanted, tables).await?;

    let kept: Vec<String> =
        all.into_iter().filter(|name| wanted.shapes.contains_key(name)).collect();
    let indexes = named(client, INDEXES, &kept).await?;
    let rows = rows(client, &kept).await?;
    for ((name, indexes), has_rows) in kept.iter().zip(indexes).zip(rows) {
        let (Some(table), Some(shape)) = (tables.get_mut(name), wanted.shapes.get(name)) else {
            continue;
        };
        table.indexes = indexes;
        table.has_rows = has_rows;
        table.possible_keys = possible_keys(client, wanted.star, name, &table.shape, shape).await?;
    }
    let names: Vec<_> = kept.iter().map(|table| client.names().apply(table)).collect();
    for row in client.query(FORMULAS, &[&names, &COMPUTED]).await.map_err(refused)? {
        let table = kept.get(table_index(&row)?);
        if let Some(table) = table.and_then(|name| tables.get_mut(name)) {
            let column = row.try_get(1).map_err(refused)?;
            table.formulas.insert(column, row.try_get(2).map_err(refused)?);
        }
    }
    Ok(())
}

/// Whether each of these tables has rows.
async fn rows(client: &Client, tables: &[String]) -> Result<Vec<bool>> {
    let mut found = Vec::new();
    for tables in tables.chunks(TABLES_AT_ONCE) {
        let queries: Vec<String> =
            tables.iter().map(|name| format!("({})", has_rows(name))).collect();
        // Going back releases the locks of the tables and of their indexes.
        execute(client, "savepoint has_rows").await?;
        let some: Vec<bool> =
            scalar(client, &format!("select array[{}]::boolean[]", queries.join(", "))).await?;
        execute(client, "rollback to savepoint has_rows; release savepoint has_rows").await?;
        found.extend(some);
    }
    Ok(found)
}

/// What the query names for each of these tables.
async fn named(client: &Client, query: &str, tables: &[String]) -> Result<Vec<BTreeSet<String>>> {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let names: Vec<_> = tables.iter().map(|table| client.names().apply(table)).collect();
    for row in client.query(query, &[&names]).await.map_err(refused)? {
        if let Some(table) = tables.get(table_index(&row)?) {
            found.entry(table).or_default().insert(row.try_get(1).map_err(refused)?);
        }
    }
    Ok(tables.iter().map(|table| found.remove(table.as_str()).unwrap_or_default()).collect())
}
