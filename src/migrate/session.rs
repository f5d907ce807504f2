//! The calls to Postgres that every step of a migration makes. Their errors carry the stage `migrate`.

use crate::db::Client;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::db::{self, database_error};
use crate::error::{Error, Result, Stage};

/// How many tables one query reads: it locks each, and a server has some thousands of locks.
pub(super) const TABLES_AT_ONCE: usize = 100;

/// Runs statements that return nothing.
pub(super) async fn execute(client: &Client, sql: &str) -> Result<()> {
    db::execute(client, sql, Stage::Migrate).await
}

/// Runs a query for the first value of its one row.
pub(super) async fn scalar<T>(client: &Client, sql: &str) -> Result<T>
where
    T: for<'a> FromSql<'a>,
{
    client.query_one(sql, &[]).await.and_then(|row| row.try_get(0)).map_err(refused)
}

/// Whether there is a table, an index or a view of that name.
pub(super) async fn exists(client: &Client, name: &str) -> Result<bool> {
    let name = &*client.names().apply(name);
    let row = client.query_one("select to_regclass($1) is not null", &[&name]).await;
    row.and_then(|row| row.try_get(0)).map_err(refused)
}

/// The index, in the list that a query was given, of the table that a row is about: its first column counts from 1.
pub(super) fn table_index(row: &Row) -> Result<usize> {
    let position: i64 = row.try_get(0).map_err(refused)?;
    // No list is that long.
    Ok(usize::try_from(position - 1).unwrap_or(usize::MAX))
}

/// The error of a statement that Postgres refused.
pub(super) fn refused(error: tokio_postgres::Error) -> Error {
    database_error(error, Stage::Migrate)
}
