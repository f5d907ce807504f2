//! Replaces the keys of a table whose rows are unique by the new ones. The old keys are dropped
//! before its columns change; [`super::AddKey`] adds the new ones after that.

use super::kind::{Action, Measured, OperationKind, Question, count_rows, counted};
use crate::star::ident;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct ChangeKey {
    pub table: String,
    /// `its key is .., the contract says ..`
    pub difference: String,
    /// The names of the constraints to drop.
    pub dropped: Vec<String>,
}

impl OperationKind for ChangeKey {
    fn action(&self) -> Action {
        Action::Alter
    }

    fn describe(&self) -> String {
        format!("change the key of {}: {}", self.table, self.difference)
    }

    fn question(&self) -> Question {
        Question { count: Some(count_rows(&self.table)), ..Question::default() }
    }

    /// Another key gives existing rows another meaning.
    fn loss(&self, measured: &Measured) -> Option<String> {
        (measured.count > 0).then(|| {
            let rows = counted(measured.count, "existing row");
            format!("no row, but {rows} loaded under the old key will stay unchanged")
        })
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        let drop =
            |name: &String| format!("alter table {} drop constraint {}", self.table, ident(name));
        self.dropped.iter().map(drop).collect()
    }
}
