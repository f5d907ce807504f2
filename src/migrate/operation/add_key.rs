//! Adds a primary key or a unique constraint: the second half of [`super::ChangeKey`].

use super::kind::{Action, Measured, OperationKind};
use crate::migrate::shape::Key;
use crate::star::ident;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct AddKey {
    pub table: String,
    pub key: Key,
}

impl OperationKind for AddKey {
    fn action(&self) -> Action {
        Action::Add
    }

    fn describe(&self) -> String {
        format!("add key {} to {}", self.key, self.table)
    }

    fn is_listed(&self) -> bool {
        false
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        let name = ident(&self.key.name);
        vec![format!("alter table {} add constraint {name} {}", self.table, self.key)]
    }
}
