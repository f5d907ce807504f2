//! Reads the columns and keys of one table from Postgres' catalogs.

use crate::db::Client;
use tokio_postgres::Row;

use super::session::refused;
use super::shape::{ColumnShape, Key, PostgresType, Shape};
use crate::error::Result;

const COLUMNS: &str = "
    select a.attname::text,
           format_type(a.atttypid, a.atttypmod),
           case when a.attcollation not in (0, t.typcollation)
                then a.attcollation::regcollation::text end,
           a.attnotnull
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped";

/// The name, `PRIMARY KEY` or the like, the columns, and what follows them.
const KEYS: &str = "
    select c.conname::text,
           split_part(d.definition, ' (', 1),
           array(select a.attname::text
                 from unnest(c.conkey) with ordinality k (attnum, position)
                 join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
                 order by k.position),
           regexp_replace(d.definition, '^[^)]*\\)', '')
    from pg_constraint c
    cross join lateral pg_get_constraintdef(c.oid) d (definition)
    where c.conrelid = to_regclass($1) and c.contype in ('p', 'u')
    order by 1";

/// Reads the shape of a table; of a table that does not exist, an empty one.
///
/// # Errors
///
/// That of a query that Postgres refuses.
pub(super) async fn read(client: &Client, table: &str) -> Result<Shape> {
    let mut shape = Shape::default();
    let table = &*client.names().apply(table);
    for row in client.query(COLUMNS, &[&table]).await.map_err(refused)? {
        let (name, column) = column(&row).map_err(refused)?;
        shape.columns.insert(name, column);
    }
    for row in client.query(KEYS, &[&table]).await.map_err(refused)? {
        shape.keys.push(key(&row).map_err(refused)?);
    }
    Ok(shape)
}

fn column(row: &Row) -> Result<(String, ColumnShape), tokio_postgres::Error> {
    let column = ColumnShape {
        sql_type: PostgresType::parse(row.try_get(1)?),
        collation: row.try_get(2)?,
        not_null: row.try_get(3)?,
    };
    Ok((row.try_get(0)?, column))
}

fn key(row: &Row) -> Result<Key, tokio_postgres::Error> {
    Ok(Key {
        name: row.try_get(0)?,
        kind: row.try_get(1)?,
        columns: row.try_get(2)?,
        details: row.try_get(3)?,
    })
}
