//! Records which tables, columns, constraints and indexes migrations have created, so that later ones can tell them from what
//! others added.

use super::session::{execute, refused};
use crate::db::Client;
use crate::error::Result;
use crate::star::{Star, Table};

const RECORD: &str = "
    insert into stardrop.star_object (table_name, kind, name)
    select * from unnest($1::text[], $2::text[], $3::text[])
    on conflict do nothing";

/// What a migration has dropped or renamed.
const FORGET: &str = "
    delete from stardrop.star_object o
    where to_regclass(o.table_name) is null
       or o.kind = 'column' and not exists (
              select from pg_attribute a
              where a.attrelid = to_regclass(o.table_name) and a.attname = o.name and not a.attisdropped)
       or o.kind = 'constraint' and not exists (
              select from pg_constraint k
              where k.conrelid = to_regclass(o.table_name) and k.conname = o.name)
       or o.kind = 'index' and not exists (
              select from pg_index i
              join pg_class c on c.oid = i.indexrelid
              where i.indrelid = to_regclass(o.table_name) and c.relname = o.name)";

/// Records all that the star has, once the database matches it.
///
/// # Errors
///
/// That of a statement that Postgres refuses.
pub(super) async fn record(client: &Client, star: &Star) -> Result<()> {
    let stagings = star.datasets.iter().map(|dataset| &dataset.staging);
    let (mut tables, mut kinds, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for table in star.tables.iter().chain(stagings) {
        let table_name = client.names().apply(&table.qualified_name()).into_owned();
        for (kind, name) in objects(table) {
            tables.push(table_name.clone());
            kinds.push(kind);
            names.push(name);
        }
    }
    client.execute(RECORD, &[&tables, &kinds, &names]).await.map_err(refused)?;
    execute(client, FORGET).await
}

/// The kind and the name of each; the table itself has none.
fn objects(table: &Table) -> impl Iterator<Item = (&'static str, &str)> {
    let columns = table.columns.iter().map(|column| ("column", column.name.as_str()));
    let constraints = table.constraints.iter().map(|(name, _)| ("constraint", name.as_str()));
    let indexes = table.indexes.iter().map(|(name, _)| ("index", name.as_str()));
    [("table", "")].into_iter().chain(columns).chain(constraints).chain(indexes)
}
