//! Drops the staging table and the functions of a dataset that has no contract any more.

use super::kind::{Action, Measured, OperationKind, Question, count_rows, counted};
use crate::star::literal;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct DropDataset {
    pub dataset: String,
    /// The qualified name of the staging table.
    pub staging: String,
    /// Whether the staging table exists.
    pub has_staging: bool,
    /// The signatures of its functions.
    pub functions: Vec<String>,
}

impl OperationKind for DropDataset {
    fn action(&self) -> Action {
        Action::Drop
    }

    fn describe(&self) -> String {
        format!("drop dataset {}", self.dataset)
    }

    fn question(&self) -> Question {
        Question {
            count: self.has_staging.then(|| count_rows(&self.staging)),
            ..Question::default()
        }
    }

    fn loss(&self, measured: &Measured) -> Option<String> {
        Some(format!(
            "{} with {}; its files are not loaded any more; the ledger keeps its loads",
            self.staging,
            counted(measured.count, "row")
        ))
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        let mut statements = vec![format!("drop table if exists {} cascade", self.staging)];
        statements
            .extend(self.functions.iter().map(|signature| format!("drop function {signature}")));
        statements
            .push(format!("delete from stardrop.dataset where name = {}", literal(&self.dataset)));
        statements
    }
}
