//! Migrate: a compiled star and a database in; a database that fits the star out.
//!
//! The ledger's own tables are hand-written migrations (`sql/migrations`, applied once each), its
//! functions are replaced every time, and the star is compared with what is there (`plan`). All of
//! it is one transaction, which holds the star's lock exclusively: loads come before it or after it.

mod columns;
mod datasets;
mod formula;
mod gone;
mod kept;
mod keys;
mod ledger;
mod logins;
mod plan;
mod proposal;
mod rows;
mod shape;

use std::time::Duration;

use tokio_postgres::Client;

use crate::db::database_error;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::event::Migrate;
use crate::star::Star;

pub use plan::{Action, Change, Plan};
pub use proposal::{Proposal, proposals};

/// One migration at a time: the key of a session lock.
const MIGRATE_LOCK: i64 = (84 << 48) + 1;

/// How long a migration stands in the queue for the star before it lets the loads behind it pass,
/// and how often it stands there. A batch of half a million rows takes some ten seconds.
const LOCK_TIMEOUT: &str = "15s";
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(500);

/// Whether a migration may lose data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destructive {
    /// It changes nothing at all then, and says what would be lost.
    Refuse,
    /// Somebody has read the plan and wants it so.
    Allow,
}

/// What a migration did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order in which they were made; empty where the database was up to date.
    pub changes: Vec<String>,
    /// What to do or to know now.
    pub notes: Vec<String>,
}

/// Makes the database fit the star, and refuses to lose data.
///
/// # Errors
///
/// As [`apply`].
pub async fn run(client: &mut Client, star: &Star) -> Result<Report> {
    apply(client, star, Destructive::Refuse).await
}

/// Makes the database fit the star.
///
/// # Errors
///
/// [`ErrorKind::UnsafeChange`], with the whole list, where something would be lost and may not be:
/// nothing is changed then. [`ErrorKind::DatabaseConflict`] where the star is never free for long
/// enough. Else what the database says.
pub async fn apply(client: &mut Client, star: &Star, destructive: Destructive) -> Result<Report> {
    begin(client).await?;
    let result = migrate_locked(client, star, destructive).await;
    end(client, result.is_err()).await;
    result
}

/// Makes the database fit the star and has the logins that are asked for, as one migration; and
/// says which version of the ledger there is then. Refuses to lose data.
///
/// # Errors
///
/// As [`apply`]; [`ErrorKind::BadSetting`] where a login cannot be made as it is asked for: nothing
/// is changed then.
pub async fn deploy(client: &mut Client, star: &Star, wanted: &Migrate) -> Result<(Report, i32)> {
    begin(client).await?;
    let made = async {
        logins::check(client, wanted).await?;
        let mut report = migrate_locked(client, star, Destructive::Refuse).await?;
        let version = ledger::version(client).await?;
        execute(client, "reset role").await?;
        let (changes, notes) = logins::make(client, wanted).await?;
        report.changes.extend(changes);
        report.notes.extend(notes);
        Ok((report, version))
    };
    let result = made.await;
    end(client, result.is_err()).await;
    result
}

/// Waits until nobody else migrates the database.
async fn begin(client: &Client) -> Result<()> {
    let version: i32 =
        scalar(client, "select current_setting('server_version_num')::integer").await?;
    if version < 150_000 {
        let message =
            format!("the server is Postgres {}, and 15 or newer is needed", version / 10_000);
        return Err(Error::new(ErrorKind::DatabaseDenied, Stage::Migrate, message));
    }
    execute(client, &format!("select pg_advisory_lock({MIGRATE_LOCK})")).await
}

async fn end(client: &Client, failed: bool) {
    if failed {
        execute(client, "rollback").await.ok();
    }
    execute(client, &format!("reset role; select pg_advisory_unlock({MIGRATE_LOCK})")).await.ok();
}

/// What [`apply`] would change, and what would be lost. Changes nothing.
///
/// # Errors
///
/// What the database says.
pub async fn plan(client: &Client, star: &Star) -> Result<Plan> {
    execute(client, "begin").await?;
    let made = async {
        ledger::pretend(client).await?;
        plan::make(client, star).await
    };
    let plan = made.await;
    execute(client, "rollback").await?;
    plan
}

async fn migrate_locked(
    client: &mut Client,
    star: &Star,
    destructive: Destructive,
) -> Result<Report> {
    let mut changes = ledger::apply(client).await?;
    // Nobody else migrates, so what the plan finds stays so until it is carried out.
    execute(client, "begin").await?;
    let plan = plan::make(client, star).await?;
    execute(client, "rollback").await?;
    if plan.is_destructive() && destructive == Destructive::Refuse {
        return Err(would_lose(&plan));
    }
    let mut tries = 0;
    while let Err(error) = carry_out(client, star, &plan).await {
        execute(client, "rollback; set role stardrop_owner").await?;
        tries += 1;
        if error.kind != ErrorKind::DatabaseConflict || tries >= LOCK_TRIES {
            return Err(error);
        }
        tracing::info!("{error}; loads go first");
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    changes.extend(plan.changes.into_iter().map(|change| change.what));
    Ok(Report { changes, notes: plan.notes })
}

fn would_lose(plan: &Plan) -> Error {
    let lines: Vec<String> = plan
        .changes
        .iter()
        .filter_map(|change| Some(format!("{}; lost: {}", change.what, change.lost.as_ref()?)))
        .collect();
    let message = format!("these changes would lose data:\n  {}", lines.join("\n  "));
    Error::new(ErrorKind::UnsafeChange, Stage::Migrate, message)
}

async fn carry_out(client: &Client, star: &Star, plan: &Plan) -> Result<()> {
    execute(client, &format!("begin; set local lock_timeout = '{LOCK_TIMEOUT}'")).await?;
    ledger::replace_functions(client).await?;
    if !plan.changes.is_empty() {
        lock(client).await?;
        // Its columns would hold those that change.
        execute(client, "select stardrop.create_lineage_view(array[]::text[])").await?;
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
        for statement in &plan.upkeep {
            execute(client, statement).await?;
        }
    }
    ledger::make_lineage(client, star).await?;
    ledger::grant(client).await?;
    execute(client, "commit").await
}

/// Keeps everybody out who writes to the star: first the doors, then the star itself, in the order
/// in which whoever inserts into staging takes them.
async fn lock(client: &Client) -> Result<()> {
    let doors = "select c.oid::regclass::text from pg_class c
         where c.relnamespace = 'staging'::regnamespace and c.relkind = 'r'
         order by 1";
    for row in client.query(doors, &[]).await.map_err(refused)? {
        let door: String = row.try_get(0).map_err(refused)?;
        execute(client, &format!("lock table {door} in access exclusive mode")).await?;
    }
    execute(client, "select pg_advisory_xact_lock(stardrop.star_lock())").await
}

async fn execute(client: &Client, sql: &str) -> Result<()> {
    client.batch_execute(sql).await.map_err(refused)
}

async fn scalar<T>(client: &Client, sql: &str) -> Result<T>
where
    T: for<'a> tokio_postgres::types::FromSql<'a>,
{
    client.query_one(sql, &[]).await.and_then(|row| row.try_get(0)).map_err(refused)
}

fn refused(error: tokio_postgres::Error) -> Error {
    database_error(error, Stage::Migrate)
}
