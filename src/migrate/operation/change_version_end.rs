//! Lets versions of a dimension's members end before the next one starts (`missing = "close"`), or no longer.

use super::kind::{Action, Measured, OperationKind, Question, counted, replay};
use crate::star::{Table, ident};

/// The columns in which a version can say where the next one starts.
pub(in crate::migrate) const VERSION_ENDS: [&str; 2] = ["valid_to", "next_from"];

#[derive(Debug, Clone)]
pub(in crate::migrate) struct ChangeVersionEnd {
    /// The dimension's table as the contract says it.
    pub table: Table,
    /// Those of [`VERSION_ENDS`] before and after.
    pub from: &'static str,
    pub to: &'static str,
    /// The datasets whose rows go to the table.
    pub datasets: Vec<String>,
}

impl ChangeVersionEnd {
    fn closes(&self) -> bool {
        self.to != "valid_to"
    }

    /// The names of the constraints about the end of versions, in the order in which they can be added.
    fn constraints(&self, end: &str) -> [String; 3] {
        [end, "lasts", "chain"].map(|suffix| format!("{}_{suffix}", self.table.name))
    }
}

impl OperationKind for ChangeVersionEnd {
    fn action(&self) -> Action {
        Action::Alter
    }

    fn describe(&self) -> String {
        let table = self.table.qualified_name();
        match self.closes() {
            true => {
                format!("let versions in {table} end when full extracts no longer have the member")
            }
            false => format!("let versions in {table} end only where the next one starts"),
        }
    }

    fn question(&self) -> Question {
        if self.closes() {
            return Question::default();
        }
        let table = self.table.qualified_name();
        Question {
            count: Some(format!(
                "select count(*) from {table} where {} is distinct from {}",
                self.from, self.to
            )),
            dependents_of: Some((table, Some(self.from.to_owned()))),
            ..Question::default()
        }
    }

    fn loss(&self, measured: &Measured) -> Option<String> {
        let is_unused = measured.count == 0 && measured.views.is_empty();
        (!is_unused).then(|| {
            let ends = counted(measured.count, "version");
            format!("the end of {ends} of members that were gone{}", measured.and_views())
        })
    }

    fn notes(&self, _measured: &Measured) -> Vec<String> {
        if !self.closes() {
            return Vec::new();
        }
        replay(&self.datasets, "find the members that are gone already")
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        let table = self.table.qualified_name();
        let mut statements: Vec<String> = self
            .constraints(self.from)
            .iter()
            .rev()
            .map(|name| format!("alter table {table} drop constraint {}", ident(name)))
            .collect();
        if self.closes() {
            statements.push(format!("alter table {table} add column {} timestamptz", self.to));
        }
        statements.push(format!(
            "update {table} set {to} = {from} where {to} is distinct from {from}",
            to = self.to,
            from = self.from
        ));
        if !self.closes() {
            statements.push(format!("alter table {table} drop column {} cascade", self.from));
        }
        for wanted in self.constraints(self.to) {
            let added = self.table.constraints.iter().filter(|(name, _)| *name == wanted);
            statements.extend(added.map(|(name, definition)| {
                format!("alter table {table} add constraint {} {definition}", ident(name))
            }));
        }
        statements
    }
}
