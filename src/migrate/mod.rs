//! Migrate: a compiled star and a database in; a database that fits the star out.
//!
//! The ledger's own tables are hand-written migrations (`sql/migrations`, applied once each), its
//! functions are replaced every time, and the star is compared with what is there: what can be
//! added is added, what would lose data is refused, before anything is touched.

mod ledger;
mod plan;

use tokio_postgres::Client;

use crate::db::database_error;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::star::Star;

pub use plan::{Change, Plan};

/// One migration at a time: the key of a session lock.
const MIGRATE_LOCK: i64 = (84 << 48) + 1;

/// What a migration did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order in which they were made; empty where the database was up to date.
    pub changes: Vec<String>,
}

/// Makes the database fit the star.
///
/// # Errors
///
/// [`ErrorKind::UnsafeChange`], with the whole list, where something would be lost: nothing is
/// changed then. Else what the database says.
pub async fn run(client: &mut Client, star: &Star) -> Result<Report> {
    let version: i32 =
        scalar(client, "select current_setting('server_version_num')::integer").await?;
    if version < 150_000 {
        let message =
            format!("the server is Postgres {}, and 15 or newer is needed", version / 10_000);
        return Err(Error::new(ErrorKind::DatabaseDenied, Stage::Migrate, message));
    }
    execute(client, &format!("select pg_advisory_lock({MIGRATE_LOCK})")).await?;
    let result = migrate_locked(client, star).await;
    if result.is_err() {
        execute(client, "rollback").await.ok();
    }
    execute(client, &format!("reset role; select pg_advisory_unlock({MIGRATE_LOCK})")).await.ok();
    result
}

async fn migrate_locked(client: &mut Client, star: &Star) -> Result<Report> {
    let mut changes = ledger::apply(client).await?;
    execute(client, "begin").await?;
    ledger::replace_functions(client).await?;
    let plan = plan::make(client, star).await?;
    if !plan.refused.is_empty() {
        let message = format!("these changes would lose data:\n  {}", plan.refused.join("\n  "));
        return Err(Error::new(ErrorKind::UnsafeChange, Stage::Migrate, message));
    }
    for change in &plan.changes {
        execute(client, &change.sql).await.map_err(|error| {
            // The change follows from the contract: what Postgres cannot make of it, such as an
            // expression of types that do not fit, is the contract's mistake.
            let kind = match error.kind {
                ErrorKind::NotMigrated | ErrorKind::DatabaseRefused => ErrorKind::BadContract,
                other => other,
            };
            Error::new(kind, Stage::Migrate, change.what.clone()).caused_by(error)
        })?;
    }
    changes.extend(plan.changes.into_iter().map(|change| change.what));
    ledger::grant(client).await?;
    execute(client, "commit").await?;
    Ok(Report { changes })
}

async fn execute(client: &Client, sql: &str) -> Result<()> {
    client.batch_execute(sql).await.map_err(|error| database_error(error, Stage::Migrate))
}

async fn scalar<T>(client: &Client, sql: &str) -> Result<T>
where
    T: for<'a> tokio_postgres::types::FromSql<'a>,
{
    client
        .query_one(sql, &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(|error| database_error(error, Stage::Migrate))
}
