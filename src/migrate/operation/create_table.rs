//! Creates a table that the database does not have, with its indexes and comments.

use super::kind::{Action, Measured, OperationKind};
use crate::star::Table;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct CreateTable {
    pub table: Table,
}

impl OperationKind for CreateTable {
    fn action(&self) -> Action {
        Action::Add
    }

    fn describe(&self) -> String {
        format!("create {}", self.table.qualified_name())
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        vec![self.table.create()]
    }
}
