//! Shape: a table's name in; its columns and keys, as the catalogs of Postgres have them, out.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Row};

use super::{execute, refused};
use crate::error::Result;
use crate::star::Table;

/// The temporary table that shows what Postgres makes of a definition.
const WANTED: &str = "stardrop_wanted";

/// A table as the catalogs describe it.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub columns: BTreeMap<String, ColumnShape>,
    pub keys: Vec<Key>,
}

/// A column's type in Postgres' own words, its collation where it is not the type's own, and
/// whether it can be null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ColumnShape {
    pub sql_type: String,
    pub collation: Option<String>,
    pub not_null: bool,
}

impl ColumnShape {
    /// `text collate "C"`
    pub fn type_with_collation(&self) -> String {
        match &self.collation {
            Some(collation) => format!("{} collate {collation}", self.sql_type),
            None => self.sql_type.clone(),
        }
    }
}

/// A primary key or a unique constraint.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub name: String,
    /// Its definition with `()` in the place of its columns.
    kind: String,
    pub columns: Vec<String>,
}

impl Key {
    /// `PRIMARY KEY (id, part)`
    pub fn definition(&self) -> String {
        self.kind.replace("()", &format!("({})", self.columns.join(", ")))
    }
}

impl Shape {
    /// The shape after `from` is called `to`.
    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(column) = self.columns.remove(from) {
            self.columns.insert(to.to_owned(), column);
        }
        for column in self.keys.iter_mut().flat_map(|key| &mut key.columns) {
            if column == from {
                *column = to.to_owned();
            }
        }
    }

    /// The definitions of all keys, sorted.
    pub fn key_definitions(&self) -> Vec<String> {
        let mut definitions: Vec<String> = self.keys.iter().map(Key::definition).collect();
        definitions.sort();
        definitions
    }
}

/// What Postgres makes of the table's definition. Its keys are named by their place in it.
pub(super) async fn wanted(client: &Client, table: &Table) -> Result<Shape> {
    execute(client, &table.shape_as("temporary ", WANTED)).await?;
    let shape = actual(client, &format!("pg_temp.{WANTED}")).await?.unwrap_or_default();
    execute(client, &format!("drop table pg_temp.{WANTED}")).await?;
    Ok(shape)
}

/// The place in [`Table::constraints`] of a key of the wanted shape.
pub(super) fn place(key: &Key) -> Option<usize> {
    key.name.strip_prefix(WANTED)?.strip_prefix('_')?.parse().ok()
}

/// The table as it is; `None` where there is none.
pub(super) async fn actual(client: &Client, name: &str) -> Result<Option<Shape>> {
    let exists: bool = client
        .query_one("select to_regclass($1) is not null", &[&name])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(refused)?;
    if !exists {
        return Ok(None);
    }
    let columns = client
        .query(
            "select a.attname::text,
                    format_type(a.atttypid, a.atttypmod),
                    case when a.attcollation not in (0, t.typcollation)
                         then a.attcollation::regcollation::text end,
                    a.attnotnull
             from pg_attribute a
             join pg_type t on t.oid = a.atttypid
             where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped",
            &[&name],
        )
        .await
        .map_err(refused)?;
    let keys = client
        .query(
            "select c.conname::text,
                    regexp_replace(pg_get_constraintdef(c.oid), '\\([^)]*\\)', '()'),
                    array(select a.attname::text
                          from unnest(c.conkey) with ordinality k (attnum, place)
                          join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
                          order by k.place)
             from pg_constraint c
             where c.conrelid = to_regclass($1) and c.contype in ('p', 'u')
             order by 1",
            &[&name],
        )
        .await
        .map_err(refused)?;
    let mut shape = Shape::default();
    for row in &columns {
        let (name, column) = column(row).map_err(refused)?;
        shape.columns.insert(name, column);
    }
    for row in &keys {
        shape.keys.push(key(row).map_err(refused)?);
    }
    Ok(Some(shape))
}

fn column(row: &Row) -> Result<(String, ColumnShape), tokio_postgres::Error> {
    let column = ColumnShape {
        sql_type: row.try_get(1)?,
        collation: row.try_get(2)?,
        not_null: row.try_get(3)?,
    };
    Ok((row.try_get(0)?, column))
}

fn key(row: &Row) -> Result<Key, tokio_postgres::Error> {
    Ok(Key { name: row.try_get(0)?, kind: row.try_get(1)?, columns: row.try_get(2)? })
}
