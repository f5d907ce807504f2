//! Renames a column for which the contract says `was = ".."`. Its values stay.

use super::kind::{Action, Measured, OperationKind};
use crate::star::ident;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct RenameColumn {
    pub table: String,
    pub from: String,
    pub to: String,
}

impl OperationKind for RenameColumn {
    fn action(&self) -> Action {
        Action::Rename
    }

    fn describe(&self) -> String {
        format!("rename column {}.{} to {}", self.table, self.from, self.to)
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        let (from, to) = (ident(&self.from), ident(&self.to));
        vec![format!("alter table {} rename column {from} to {to}", self.table)]
    }
}
