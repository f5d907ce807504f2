//! Creates an index that a table lacks.

use super::kind::{Action, Measured, OperationKind};
use crate::star::Table;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct CreateIndex {
    pub table: Table,
    pub name: String,
    /// As in [`Table::indexes`].
    pub definition: String,
}

impl OperationKind for CreateIndex {
    fn action(&self) -> Action {
        Action::Add
    }

    fn describe(&self) -> String {
        format!("create index {}", self.name)
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        vec![self.table.create_index(&self.name, &self.definition)]
    }
}
