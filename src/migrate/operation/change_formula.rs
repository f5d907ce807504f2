//! Notes that a measure has another formula. Its statements are none: the dataset's function computes
//! new rows, and existing rows keep what the old formula gave.

use super::kind::{Action, Measured, OperationKind, replay};

#[derive(Debug, Clone)]
pub(in crate::migrate) struct ChangeFormula {
    pub table: String,
    pub column: String,
    /// The datasets whose rows go to the table.
    pub datasets: Vec<String>,
}

impl OperationKind for ChangeFormula {
    fn action(&self) -> Action {
        Action::Alter
    }

    fn describe(&self) -> String {
        format!("change the formula of {}.{}", self.table, self.column)
    }

    fn is_listed(&self) -> bool {
        false
    }

    fn notes(&self, _measured: &Measured) -> Vec<String> {
        let (table, column) = (&self.table, &self.column);
        let purpose =
            format!("recompute {table}.{column}: existing rows keep the values of the old formula");
        replay(&self.datasets, &purpose)
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        Vec::new()
    }
}
