//! Drops a table of the star that no contract names any more.

use super::kind::{Action, Measured, OperationKind, Question, and_others, count_rows, counted};

#[derive(Debug, Clone)]
pub(in crate::migrate) struct DropTable {
    /// The qualified name.
    pub table: String,
    /// What others added to it.
    pub others: Vec<String>,
}

impl OperationKind for DropTable {
    fn action(&self) -> Action {
        Action::Drop
    }

    fn describe(&self) -> String {
        format!("drop {}", self.table)
    }

    fn question(&self) -> Question {
        Question {
            count: Some(count_rows(&self.table)),
            dependents_of: Some((self.table.clone(), None)),
            ..Question::default()
        }
    }

    fn loss(&self, measured: &Measured) -> Option<String> {
        let rows = counted(measured.count, "row");
        Some(format!("{rows}{}{}", measured.and_views(), and_others(&self.others)))
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        vec![format!("drop table {} cascade", self.table)]
    }
}
