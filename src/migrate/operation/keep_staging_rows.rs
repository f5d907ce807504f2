//! Makes a staging table keep its rows. It is logged from then on, so that they survive a crash.

use super::kind::{Action, Measured, OperationKind};
use crate::star::OWN_LOAD;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct KeepStagingRows {
    pub table: String,
}

impl OperationKind for KeepStagingRows {
    fn action(&self) -> Action {
        Action::Alter
    }

    fn describe(&self) -> String {
        format!("start keeping rows in {}", self.table)
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        let table = &self.table;
        vec![
            format!("alter table {table} set logged"),
            format!("alter table {table} alter column load_id set {OWN_LOAD}"),
        ]
    }
}
