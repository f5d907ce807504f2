//! Creates or replaces the functions, the triggers and the views of a dataset, and records its
//! contract.

use super::kind::{Action, Measured, OperationKind};
use crate::star::{CompiledDataset, literal};

#[derive(Debug, Clone)]
pub(in crate::migrate) struct InstallDataset {
    pub dataset: CompiledDataset,
    /// Whether no contract of this dataset was applied before.
    pub is_new: bool,
    /// The signatures of functions that the contract does not need any more.
    pub dropped_functions: Vec<String>,
}

impl OperationKind for InstallDataset {
    fn action(&self) -> Action {
        if self.is_new { Action::Add } else { Action::Alter }
    }

    fn describe(&self) -> String {
        let verb = if self.is_new { "add" } else { "update" };
        format!("{verb} dataset {}", self.dataset.name)
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        let drop = |signature: &String| format!("drop function {signature} cascade");
        let mut statements: Vec<String> = self.dropped_functions.iter().map(drop).collect();
        statements.extend(self.dataset.statements.iter().cloned());
        statements.push(record(&self.dataset));
        statements
    }
}

/// The statement that records which contract the database has.
fn record(dataset: &CompiledDataset) -> String {
    let sql = dataset.staging.create() + &dataset.statements.concat();
    format!(
        "insert into stardrop.dataset (name, fingerprint, sql)
values ({}, {}, {})
on conflict (name) do update
    set fingerprint = excluded.fingerprint,
        sql = excluded.sql,
        applied_at = clock_timestamp(),
        applied_by = session_user",
        literal(&dataset.name),
        literal(&dataset.fingerprint),
        literal(&sql)
    )
}
