//! Lets a column be null.

use super::kind::{Action, Measured, OperationKind};
use crate::star::ident;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct DropNotNull {
    pub table: String,
    pub column: String,
}

impl OperationKind for DropNotNull {
    fn action(&self) -> Action {
        Action::Alter
    }

    fn describe(&self) -> String {
        format!("make {}.{} nullable", self.table, self.column)
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        vec![format!(
            "alter table {} alter column {} drop not null",
            self.table,
            ident(&self.column)
        )]
    }
}
