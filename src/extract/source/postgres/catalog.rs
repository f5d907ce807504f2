//! Catalog: asks Postgres' system catalogs for tables, their columns and their keys.

use tokio_postgres::Client;

use super::super::{extract_error, like_pattern, split_name};
use super::column_type::contract_type;
use super::error::source_error;
use crate::error::{ErrorKind, Result};
use crate::extract::table::{Column, Reference, Table, TableName};

/// The schema of a table without one.
const DEFAULT_SCHEMA: &str = "public";

/// The tables that fit a pattern, without views and without the partitions of tables.
pub(super) async fn tables(client: &Client, pattern: &str) -> Result<Vec<TableName>> {
    let (schema, name) = split_name(pattern);
    let rows = client
        .query(
            "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             where c.relkind in ('r', 'p') and not c.relispartition \
               and n.nspname like $1 escape '|' and c.relname like $2 escape '|' \
               and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg|_toast%' escape '|' \
             order by 1, 2",
            &[&like_pattern(schema.unwrap_or(DEFAULT_SCHEMA)), &like_pattern(name)],
        )
        .await
        .map_err(|error| source_error(error, pattern))?;
    Ok(rows.iter().map(|row| TableName { schema: row.get(0), name: row.get(1) }).collect())
}

/// Describes a table.
pub(super) async fn describe(client: &Client, table: &str) -> Result<Table> {
    let (schema, name) = split_name(table);
    let schema = schema.unwrap_or(DEFAULT_SCHEMA);
    let failed = |error| source_error(error, table);
    let found = client
        .query_opt(
            "select c.oid, c.relkind::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'f', 'v', 'm')",
            &[&schema, &name],
        )
        .await
        .map_err(failed)?;
    let bad = |message| Err(extract_error(ErrorKind::BadSource, message));
    let Some(found) = found else { return bad(format!("there is no table {schema}.{name}")) };
    let (oid, kind): (u32, String) = (found.get(0), found.get(1));
    if kind == "v" || kind == "m" {
        return bad(format!(
            "{table} is a view: extract it with --query FILE.sql instead of --table"
        ));
    }

    // A domain has the values of its base type.
    let columns = client
        .query(
            "select a.attname, coalesce(b.typname, t.typname), \
                    case when b.oid is null then a.atttypmod else t.typtypmod end, \
                    format_type(a.atttypid, a.atttypmod), \
                    not (a.attnotnull or t.typnotnull) \
             from pg_attribute a \
             join pg_type t on t.oid = a.atttypid \
             left join pg_type b on t.typtype = 'd' and b.oid = t.typbasetype \
             where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum",
            &[&oid],
        )
        .await
        .map_err(failed)?;
    let columns = columns
        .iter()
        .map(|row| {
            let (kind, modifier): (&str, i32) = (row.get(1), row.get(2));
            Column {
                name: row.get(0),
                data_type: contract_type(kind, modifier),
                declared: row.get(3),
                may_be_null: row.get(4),
                remark: None,
            }
        })
        .collect();

    let key = client
        .query(
            "select a.attname from pg_index i \
             cross join unnest(i.indkey::smallint[]) with ordinality k(attnum, place) \
             join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum \
             where i.indrelid = $1 and i.indisprimary and k.place <= i.indnkeyatts order by k.place",
            &[&oid],
        )
        .await
        .map_err(failed)?;
    let references = client
        .query(
            "select array(select a.attname::text from unnest(c.conkey) with ordinality k(attnum, place) \
                          join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum order by k.place), \
                    n.nspname, r.relname \
             from pg_constraint c join pg_class r on r.oid = c.confrelid join pg_namespace n on n.oid = r.relnamespace \
             where c.conrelid = $1 and c.contype = 'f' order by c.conname",
            &[&oid],
        )
        .await
        .map_err(failed)?;
    let reference = |row: &tokio_postgres::Row| Reference {
        columns: row.get(0),
        table: TableName { schema: row.get(1), name: row.get(2) },
    };
    Ok(Table {
        name: TableName { schema: schema.to_owned(), name: name.to_owned() },
        columns,
        key: key.iter().map(|row| row.get(0)).collect(),
        references: references.iter().map(reference).collect(),
    })
}
