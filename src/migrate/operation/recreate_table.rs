//! Drops a table and creates it as the contract says, where its rows cannot be kept.

use super::kind::{
    Action, Measured, OperationKind, Question, and_others, count_rows, counted, replay,
};
use crate::star::Table;

#[derive(Debug, Clone)]
pub(in crate::migrate) struct RecreateTable {
    pub table: Table,
    /// Why the rows cannot be kept.
    pub reason: String,
    /// The datasets whose rows go to the table.
    pub datasets: Vec<String>,
    /// What others added to it.
    pub others: Vec<String>,
}

impl OperationKind for RecreateTable {
    fn action(&self) -> Action {
        Action::Alter
    }

    fn describe(&self) -> String {
        format!("recreate {}: {}", self.table.qualified_name(), self.reason)
    }

    fn question(&self) -> Question {
        let name = self.table.qualified_name();
        Question {
            count: Some(count_rows(&name)),
            dependents_of: Some((name, None)),
            ..Question::default()
        }
    }

    fn loss(&self, measured: &Measured) -> Option<String> {
        let is_unused = measured.count == 0 && measured.views.is_empty() && self.others.is_empty();
        let rows = counted(measured.count, "row");
        (!is_unused).then(|| format!("{rows}{}{}", measured.and_views(), and_others(&self.others)))
    }

    fn notes(&self, measured: &Measured) -> Vec<String> {
        match self.loss(measured) {
            Some(_) => replay(&self.datasets, "load the rows again"),
            None => Vec::new(),
        }
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        vec![format!("drop table {} cascade", self.table.qualified_name()), self.table.create()]
    }
}
