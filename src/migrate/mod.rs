//! Makes a database match a compiled star, and refuses to lose data unless it is allowed to.
//!
//! The ledger's own tables are hand-written migrations (`sql/migrations`, applied once each), and
//! its functions are replaced every time. For the star, `wanted` and `existing` read two shapes,
//! `compare` returns the operations between them, `plan` counts what they lose, and `apply` runs
//! their statements.

mod apply;
mod batch;
mod compare;
mod existing;
mod key_check;
mod ledger;
mod logins;
mod measure;
mod operation;
mod others;
mod plan;
mod proposal;
mod register;
mod renames;
mod session;
mod shape;
mod table_shape;
mod wanted;

use crate::db::Client;

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::event::Migrate;
use crate::star::Star;
use session::execute;

pub use operation::Action;
pub use plan::{Change, Plan};
pub use proposal::{Proposal, proposals};

/// One migration at a time: the number of a session lock, the one after `stardrop.star_lock()`, which the first
/// migration does not have yet.
const MIGRATE_LOCK: &str =
    "((84::bigint << 48) | (hashtextextended('stardrop.', 0) & ((1::bigint << 48) - 2)) | 1)";

/// Whether a migration may lose data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destructive {
    /// A plan that loses data is refused, and nothing is changed.
    Refuse,
    /// Somebody has read the plan and allows it.
    Allow,
}

/// What a migration did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order in which they were applied; empty if the database was up to date.
    pub changes: Vec<String>,
    /// What to do or to know now.
    pub notes: Vec<String>,
}

/// Makes the database match the star, and refuses to lose data.
///
/// # Errors
///
/// As [`apply()`].
pub async fn run(client: &mut Client, star: &Star) -> Result<Report> {
    apply(client, star, Destructive::Refuse).await
}

/// Makes the database match the star.
///
/// # Errors
///
/// [`ErrorKind::UnsafeChange`] with the whole list if data would be lost and that is not allowed,
/// [`ErrorKind::DatabaseConflict`] if loads never leave the star free for long enough,
/// [`ErrorKind::BadContract`] if Postgres refuses what follows from a contract, and the error of any
/// other statement that fails. Nothing is changed then.
pub async fn apply(client: &mut Client, star: &Star, destructive: Destructive) -> Result<Report> {
    begin(client).await?;
    let result = migrate_locked(client, star, destructive).await;
    end(client, result.is_err()).await;
    result
}

/// Makes the database match the star and creates the requested logins, in one migration. Returns the
/// report and the version of the ledger. Refuses to lose data.
///
/// # Errors
///
/// As [`apply()`]; [`ErrorKind::BadSetting`] if a login cannot be created as requested: nothing is
/// changed then.
pub async fn deploy(client: &mut Client, star: &Star, wanted: &Migrate) -> Result<(Report, i32)> {
    begin(client).await?;
    let migration = async {
        logins::check(client, wanted).await?;
        let mut report = migrate_locked(client, star, Destructive::Refuse).await?;
        let version = ledger::version(client).await?;
        execute(client, "reset role").await?;
        let (changes, notes) = logins::create_missing(client, wanted).await?;
        report.changes.extend(changes);
        report.notes.extend(notes);
        Ok((report, version))
    };
    let result = migration.await;
    end(client, result.is_err()).await;
    result
}

/// Compares the database with the star and returns what [`apply()`] would do. Changes nothing.
///
/// # Errors
///
/// That of a query that Postgres refuses.
pub async fn plan(client: &Client, star: &Star) -> Result<Plan> {
    execute(client, "begin").await?;
    let comparison = async {
        ledger::preview(client).await?;
        plan::make(client, star).await
    };
    let plan = comparison.await;
    execute(client, "rollback").await?;
    plan
}

/// Waits until no other session migrates the database.
async fn begin(client: &Client) -> Result<()> {
    execute(client, &format!("select pg_advisory_lock({MIGRATE_LOCK})")).await
}

async fn end(client: &Client, failed: bool) {
    if failed {
        execute(client, "rollback").await.ok();
    }
    execute(client, &format!("reset role; select pg_advisory_unlock({MIGRATE_LOCK})")).await.ok();
}

async fn migrate_locked(
    client: &mut Client,
    star: &Star,
    destructive: Destructive,
) -> Result<Report> {
    let mut changes = ledger::apply(client).await?;
    // No other session migrates, so the plan stays true until it is applied.
    execute(client, "begin").await?;
    let plan = plan::make(client, star).await?;
    execute(client, "rollback").await?;
    if plan.is_destructive() && destructive == Destructive::Refuse {
        return Err(would_lose(&plan));
    }
    apply::apply_plan(client, star, &plan).await?;
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
