//! The plan of a migration: its operations as lines for people, as JSON for programs, and as
//! statements for Postgres.

use crate::db::Client;
use serde::Serialize;

use super::compare::compare;
use super::measure::measure;
use super::operation::{Action, Measured, OperationKind};
use super::{existing, others, wanted};
use crate::error::Result;
use crate::settings::Names;
use crate::star::{Star, Table};

/// One change, as people and programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What kind of change it is.
    pub action: Action,
    /// What is done, in one line, such as `add column star.fact_sales.discount`.
    pub what: String,
    /// The data that is lost with it, if any. Such a change needs permission.
    pub lost: Option<String>,
}

/// What a migration does, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes, in the order in which they are made.
    pub changes: Vec<Change>,
    /// What to do or to know after the migration.
    pub notes: Vec<String>,
    pub(super) steps: Vec<Step>,
    /// Statements that complete every migration and change nothing where nothing is missing: comments,
    /// unknown members, foreign keys.
    pub(super) upkeep: Vec<String>,
}

/// The statements of one operation, and what it is called in an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub what: String,
    pub statements: Vec<String>,
}

impl Plan {
    /// Whether a change loses data.
    pub fn is_destructive(&self) -> bool {
        self.changes.iter().any(|change| change.lost.is_some())
    }

    fn push(&mut self, operation: &dyn OperationKind, measured: &Measured, names: &Names) {
        let shown = |text: String| names.apply(&text).into_owned();
        let what = shown(operation.describe());
        if operation.is_listed() {
            let (action, lost) = (operation.action(), operation.loss(measured).map(shown));
            self.changes.push(Change { action, what: what.clone(), lost });
        }
        for note in operation.notes(measured).into_iter().map(shown) {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        self.steps.push(Step { what, statements: operation.statements(measured) });
    }
}

/// Compares the database with the star.
///
/// # Errors
///
/// As [`Star::check`]; that of a query that Postgres refuses.
pub(super) async fn make(client: &Client, star: &Star) -> Result<Plan> {
    star.check()?;
    let wanted = wanted::read(client, star).await?;
    let existing = existing::read(client, &wanted).await?;
    let mut plan = Plan::default();
    for operation in compare(&existing, &wanted) {
        let operation = operation.kind();
        let measured = measure(client, &operation.question()).await?;
        plan.push(operation, &measured, client.names());
    }
    plan.notes.extend(others::notes(client, &existing).await?);
    let stagings = star.datasets.iter().map(|dataset| &dataset.staging);
    plan.upkeep.extend(star.tables.iter().chain(stagings).map(Table::comments));
    plan.upkeep.extend(star.unknown_members.iter().chain(&star.foreign_keys).cloned());
    Ok(plan)
}
