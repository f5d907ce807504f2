//! What others made in the schemas of a star: their tables are left alone, and so are the columns, keys, indexes, triggers,
//! policies and views that they added to the star's own tables.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Row;

use super::session::refused;
use super::shape::{Existing, ExistingTable, Wanted};
use crate::db::Client;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Names;
use crate::star::TRIGGERS;

/// The relations that have one of these names, with their owners.
const RELATIONS: &str = "
    select w.name, pg_get_userbyid(c.relowner)::text
    from unnest($1::text[]) with ordinality w (name, position)
    join pg_class c on c.oid = to_regclass(w.name)
    order by w.position";

/// What a table has besides what migrations have created, by kind. Foreign keys are declared by every migration, and
/// contracts' views belong to the owner.
const ADDED: &str = "
    select w.position, f.kind, f.name, f.note
    from unnest($1::text[]) with ordinality w (name, position)
    cross join lateral (select to_regclass(w.name)::oid as oid) o
    cross join lateral (
        select 'column' as kind, a.attname::text as name,
               case when a.attnotnull and not a.atthasdef and a.attidentity = ''
                    then ' (not null without a default: loads cannot insert rows)' else '' end as note
        from pg_attribute a
        where a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
        union all
        select 'constraint', k.conname::text, ''
        from pg_constraint k
        where k.conrelid = o.oid and k.contype in ('p', 'u', 'c', 'x')
        union all
        select 'index', c.relname::text, ''
        from pg_index i
        join pg_class c on c.oid = i.indexrelid
        where i.indrelid = o.oid
          and not exists (
              select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
          )
        union all
        select 'trigger', t.tgname::text, ''
        from pg_trigger t
        where t.tgrelid = o.oid and not t.tgisinternal and t.tgname <> all ($2)
        union all
        select 'policy', p.polname::text, ''
        from pg_policy p
        where p.polrelid = o.oid
        union
        select 'view', c.oid::regclass::text, ''
        from pg_depend d
        join pg_rewrite r on r.oid = d.objid
        join pg_class c on c.oid = r.ev_class
        where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass
          and d.refobjid = o.oid
          and c.relowner <> 'stardrop_owner'::regrole
    ) f
    where not exists (
        select from stardrop.star_object m where (m.table_name, m.kind, m.name) = (w.name, f.kind, f.name)
    )
    order by 1, 2, 3";

/// The schemas that belong to somebody else.
const SCHEMAS: &str = "
    select n.nspname::text, pg_get_userbyid(n.nspowner)::text
    from pg_namespace n
    where n.oid in ('stardrop'::regnamespace, 'star'::regnamespace, 'staging'::regnamespace)
      and n.nspowner <> 'stardrop_owner'::regrole
    order by 1";

/// Refuses a star that needs a table's name which somebody else's table, view or other relation has.
///
/// # Errors
///
/// [`ErrorKind::NameTaken`], or that of a query that Postgres refuses.
pub(super) async fn check_names(
    client: &Client,
    wanted: &Wanted<'_>,
    existing: &Existing,
) -> Result<()> {
    let new = wanted.shapes.keys().filter(|name| !existing.tables.contains_key(*name));
    let new: Vec<String> = new.map(|name| client.names().apply(name).into_owned()).collect();
    let rows = client.query(RELATIONS, &[&new]).await.map_err(refused)?;
    let Some(row) = rows.first() else { return Ok(()) };
    let (name, owner): (String, String) =
        (row.try_get(0).map_err(refused)?, row.try_get(1).map_err(refused)?);
    Err(taken(&format!("{name} exists already, belongs to role {owner}")))
}

fn taken(what: &str) -> Error {
    let message = format!("{what}, and was not created by a migration of Stardrop");
    Error::new(ErrorKind::NameTaken, Stage::Migrate, message)
}

/// Removes from the tables' shapes what others added, and records it, such as `column reviewed`.
///
/// # Errors
///
/// [`ErrorKind::NameTaken`] where the star needs a column of that name, or that of a query that Postgres refuses.
pub(super) async fn set_aside(
    client: &Client,
    wanted: &Wanted<'_>,
    tables: &mut BTreeMap<String, ExistingTable>,
) -> Result<()> {
    let names: Vec<_> = tables.keys().map(|table| client.names().apply(table)).collect();
    let triggers: &[&str] = &TRIGGERS;
    let mut added: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
    for row in client.query(ADDED, &[&names, &triggers]).await.map_err(refused)? {
        added.entry(row.try_get(0).map_err(refused)?).or_default().push(row);
    }
    for (position, (name, table)) in (1..).zip(tables) {
        let Some(rows) = added.get(&position) else { continue };
        set_aside_in(wanted, name, client.names(), table, rows)?;
    }
    Ok(())
}

fn set_aside_in(
    wanted: &Wanted<'_>,
    name: &str,
    names: &Names,
    table: &mut ExistingTable,
    rows: &[Row],
) -> Result<()> {
    let mut added: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let column = |index: usize| row.try_get::<_, String>(index).map_err(refused);
        let (kind, name, note) = (column(1)?, column(2)?, column(3)?);
        table.others.push(format!("{kind} {name}{note}"));
        added.entry(kind).or_default().insert(name);
    }
    let is_added =
        |kind: &str, name: &String| added.get(kind).is_some_and(|names| names.contains(name));
    if let Some(wanted) = wanted.shapes.get(name)
        && let Some(column) = wanted.columns.keys().find(|column| is_added("column", column))
    {
        return Err(taken(&format!("column {}.{column} exists already", names.apply(name))));
    }
    table.shape.columns.retain(|column, _| !is_added("column", column));
    table.shape.keys.retain(|key| !is_added("constraint", &key.name));
    Ok(())
}

/// The notes of a plan about them.
///
/// # Errors
///
/// That of a query that Postgres refuses.
pub(super) async fn notes(client: &Client, existing: &Existing) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for row in client.query(SCHEMAS, &[]).await.map_err(refused)? {
        let (schema, owner): (String, String) =
            (row.try_get(0).map_err(refused)?, row.try_get(1).map_err(refused)?);
        notes.push(format!(
            "schema {schema} belongs to role {owner}: what others have in it is left alone"
        ));
    }
    for (name, table) in &existing.tables {
        let name = client.names().apply(name);
        if !table.others.is_empty() {
            notes.push(format!(
                "{name} has what stardrop did not create, and leaves it alone: {}",
                table.others.join(", ")
            ));
        }
        if table.forces_row_security {
            notes.push(format!(
                "{name} forces row security on its owner, so loads stop until you run: \
                 alter table {name} no force row level security"
            ));
        }
    }
    Ok(notes)
}
