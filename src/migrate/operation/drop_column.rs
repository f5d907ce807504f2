//! Drops a column that the contract does not name any more.

use super::kind::{Action, Measured, OperationKind, Question, counted, is_staging};
use crate::star::ident;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct DropColumn {
    pub table: String,
    pub column: String,
}

impl OperationKind for DropColumn {
    fn action(&self) -> Action {
        Action::Drop
    }

    fn describe(&self) -> String {
        format!("drop column {}.{}", self.table, self.column)
    }

    fn question(&self) -> Question {
        Question {
            count: Some(format!("select count({}) from {}", ident(&self.column), self.table)),
            dependents_of: Some((self.table.clone(), Some(self.column.clone()))),
            ..Question::default()
        }
    }

    fn loss(&self, measured: &Measured) -> Option<String> {
        let is_unused = measured.count == 0 && measured.views.is_empty();
        (!(is_unused && is_staging(&self.table)))
            .then(|| format!("{}{}", counted(measured.count, "value"), measured.and_views()))
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        vec![format!("alter table {} drop column {} cascade", self.table, ident(&self.column))]
    }
}
