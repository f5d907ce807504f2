//! Makes a staging table stop keeping rows, and empties it.

use super::kind::{Action, Measured, OperationKind, Question, count_rows, counted};
use crate::star::{ident, index_name};

#[derive(Debug, Clone)]
pub(in crate::migrate) struct StopKeepingRows {
    pub table: String,
    pub dataset: String,
}

impl OperationKind for StopKeepingRows {
    fn action(&self) -> Action {
        Action::Alter
    }

    fn describe(&self) -> String {
        format!("stop keeping rows in {}", self.table)
    }

    fn question(&self) -> Question {
        Question { count: Some(count_rows(&self.table)), ..Question::default() }
    }

    fn loss(&self, measured: &Measured) -> Option<String> {
        (measured.count > 0).then(|| counted(measured.count, "kept row"))
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        let table = &self.table;
        vec![
            format!("truncate {table}"),
            format!("drop index if exists staging.{}", ident(&index_name(&self.dataset))),
            format!("alter table {table} set unlogged"),
            format!("alter table {table} alter column load_id drop default"),
        ]
    }
}
