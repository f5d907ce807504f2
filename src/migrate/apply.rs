//! Applies a plan in one transaction, which holds the star's lock exclusively: a load commits its
//! batch before it or after it.

use std::time::Duration;

use crate::db::Client;

use super::batch::{self, Refused};
use super::ledger;
use super::plan::{Plan, Step};
use super::register;
use super::session::{execute, scalar};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::star::Star;

/// How long a migration waits for the star's lock before it lets waiting loads pass, and how often it
/// tries. A batch of half a million rows takes some ten seconds.
const LOCK_TIMEOUT: &str = "15s";
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(500);

/// Applies the plan, and tries again while loads hold the star's lock.
///
/// # Errors
///
/// [`ErrorKind::DatabaseConflict`] if the lock is never free for long enough,
/// [`ErrorKind::BadContract`] if Postgres refuses a statement that follows from a contract. Nothing
/// is changed then.
pub(super) async fn apply_plan(client: &Client, star: &Star, plan: &Plan) -> Result<()> {
    let mut tries = 0;
    while let Err(error) = try_plan(client, star, plan).await {
        execute(client, "rollback; set role stardrop_owner").await?;
        tries += 1;
        if error.kind != ErrorKind::DatabaseConflict || tries >= LOCK_TRIES {
            return Err(error);
        }
        tracing::info!("{error}; loads go first");
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    Ok(())
}

async fn try_plan(client: &Client, star: &Star, plan: &Plan) -> Result<()> {
    execute(client, &format!("begin; set local lock_timeout = '{LOCK_TIMEOUT}'")).await?;
    ledger::replace_functions(client).await?;
    if !plan.changes.is_empty() {
        lock(client).await?;
        // The view uses columns that may change.
        execute(client, "select stardrop.create_lineage_view(array[]::text[])").await?;
        apply_steps(client, &plan.steps).await?;
        batch::execute_all(client, &plan.upkeep).await.map_err(|refused| refused.error)?;
        register::record(client, star).await?;
    }
    ledger::create_lineage_view(client, star).await?;
    ledger::grant(client).await?;
    execute(client, "commit").await
}

async fn apply_steps(client: &Client, steps: &[Step]) -> Result<()> {
    let parts: Vec<String> = steps.iter().map(|step| batch::joined(&step.statements)).collect();
    batch::execute_all(client, &parts).await.map_err(|Refused { part, error }| {
        // The statement follows from the contract. What Postgres refuses, such as an expression of
        // types that do not fit, is an error of the contract.
        let kind = match error.kind {
            ErrorKind::NotMigrated | ErrorKind::DatabaseRefused => ErrorKind::BadContract,
            other => other,
        };
        let what = steps.get(part).map(|step| step.what.clone()).unwrap_or_default();
        Error::new(kind, Stage::Migrate, what).caused_by(error)
    })
}

/// Keeps everybody from writing to the star: locks the staging tables, then the star itself, in the
/// order in which an insert into a staging table takes these locks. Tables of others are not locked.
async fn lock(client: &Client) -> Result<()> {
    let stagings = "select string_agg(c.oid::regclass::text, ', ' order by c.oid::regclass::text)
         from stardrop.star_object o
         join pg_class c on c.oid = to_regclass(o.table_name)
         where o.kind = 'table'
           and c.relnamespace = 'staging'::regnamespace
           and c.relowner = 'stardrop_owner'::regrole";
    if let Some(stagings) = scalar::<Option<String>>(client, stagings).await? {
        execute(client, &format!("lock table {stagings} in access exclusive mode")).await?;
    }
    execute(client, "select pg_advisory_xact_lock(stardrop.star_lock())").await
}
