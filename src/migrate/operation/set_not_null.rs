//! Makes a column `not null`. Rows that have no value in it are deleted.

use super::kind::{Action, Measured, OperationKind, Question, counted};
use crate::star::ident;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct SetNotNull {
    pub table: String,
    pub column: String,
    /// The column's name before the renames of the same migration.
    pub name_before: String,
}

impl OperationKind for SetNotNull {
    fn action(&self) -> Action {
        Action::Alter
    }

    fn describe(&self) -> String {
        format!("make {}.{} not null", self.table, self.column)
    }

    fn question(&self) -> Question {
        let column = ident(&self.name_before);
        Question {
            count: Some(format!("select count(*) from {} where {column} is null", self.table)),
            ..Question::default()
        }
    }

    fn loss(&self, measured: &Measured) -> Option<String> {
        (measured.count > 0).then(|| format!("{} without a value", counted(measured.count, "row")))
    }

    fn statements(&self, measured: &Measured) -> Vec<String> {
        let (table, column) = (&self.table, ident(&self.column));
        let mut statements = Vec::new();
        if measured.count > 0 {
            statements.push(format!("delete from {table} where {column} is null"));
        }
        statements.push(format!("alter table {table} alter column {column} set not null"));
        statements
    }
}
