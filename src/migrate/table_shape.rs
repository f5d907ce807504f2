//! Reads the columns and keys of tables from Postgres' catalogs.

use crate::db::Client;
use tokio_postgres::Row;

use super::session::{refused, table_index};
use super::shape::{ColumnShape, Key, PostgresType, Shape};
use crate::error::Result;

const COLUMNS: &str = "
    select w.position,
           a.attname::text,
           format_type(a.atttypid, a.atttypmod),
           case when a.attcollation not in (0, t.typcollation)
                then a.attcollation::regcollation::text end,
           a.attnotnull
    from unnest($1::text[]) with ordinality w (name, position)
    join pg_attribute a on a.attrelid = to_regclass(w.name)
    join pg_type t on t.oid = a.atttypid
    where a.attnum > 0 and not a.attisdropped";

/// The name, `PRIMARY KEY` or the like, the columns, and what follows them.
const KEYS: &str = "
    select w.position,
           c.conname::text,
           split_part(d.definition, ' (', 1),
           array(select a.attname::text
                 from unnest(c.conkey) with ordinality k (attnum, position)
                 join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
                 order by k.position),
           regexp_replace(d.definition, '^[^)]*\\)', '')
    from unnest($1::text[]) with ordinality w (name, position)
    join pg_constraint c on c.conrelid = to_regclass(w.name)
    cross join lateral pg_get_constraintdef(c.oid) d (definition)
    where c.contype in ('p', 'u')
    order by 1, 2";

/// The column by whose months a table is split.
const SPLIT_BY: &str = "
    select w.position, a.attname::text
    from unnest($1::text[]) with ordinality w (name, position)
    join pg_partitioned_table p on p.partrelid = to_regclass(w.name)
    join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]";

/// Reads the shape of each table, in their order; of a table that does not exist, an empty one.
///
/// # Errors
///
/// That of a query that Postgres refuses.
pub(super) async fn read_all(client: &Client, tables: &[String]) -> Result<Vec<Shape>> {
    let mut shapes = vec![Shape::default(); tables.len()];
    let names: Vec<_> = tables.iter().map(|table| client.names().apply(table)).collect();
    for row in client.query(COLUMNS, &[&names]).await.map_err(refused)? {
        let (name, column) = column(&row).map_err(refused)?;
        if let Some(shape) = shapes.get_mut(table_index(&row)?) {
            shape.columns.insert(name, column);
        }
    }
    for row in client.query(KEYS, &[&names]).await.map_err(refused)? {
        let key = key(&row).map_err(refused)?;
        if let Some(shape) = shapes.get_mut(table_index(&row)?) {
            shape.keys.push(key);
        }
    }
    for row in client.query(SPLIT_BY, &[&names]).await.map_err(refused)? {
        if let Some(shape) = shapes.get_mut(table_index(&row)?) {
            shape.split_by = Some(row.try_get(1).map_err(refused)?);
        }
    }
    Ok(shapes)
}

fn column(row: &Row) -> Result<(String, ColumnShape), tokio_postgres::Error> {
    let column = ColumnShape {
        sql_type: PostgresType::parse(row.try_get(2)?),
        collation: row.try_get(3)?,
        not_null: row.try_get(4)?,
    };
    Ok((row.try_get(1)?, column))
}

fn key(row: &Row) -> Result<Key, tokio_postgres::Error> {
    Ok(Key {
        name: row.try_get(1)?,
        kind: row.try_get(2)?,
        columns: row.try_get(3)?,
        details: row.try_get(4)?,
    })
}
