//! Splits a table into one for each month, by a copy of its rows. Nobody writes to it meanwhile, and readers have the
//! old table until the last moment.

use super::join_months::{lost_with_copy, replace};
use super::kind::{Action, Measured, OperationKind, Question, count_rows, counted};
use crate::star::{Table, list, literal, month_of};

#[derive(Debug, Clone)]
pub(in crate::migrate) struct SplitTable {
    /// The table as the contract says it.
    pub table: Table,
    /// What others added to it.
    pub others: Vec<String>,
}

impl SplitTable {
    fn column(&self) -> &str {
        self.table.split_by().map_or("", |column| column.name.as_str())
    }
}

impl OperationKind for SplitTable {
    fn action(&self) -> Action {
        Action::Alter
    }

    fn describe(&self) -> String {
        format!("split {} by month of {}", self.table.qualified_name(), self.column())
    }

    fn question(&self) -> Question {
        Question { count: Some(count_rows(&self.table.qualified_name())), ..Question::default() }
    }

    fn loss(&self, _measured: &Measured) -> Option<String> {
        lost_with_copy(&self.others)
    }

    fn notes(&self, measured: &Measured) -> Vec<String> {
        let rows = counted(measured.count, "row");
        (measured.count > 0)
            .then(|| {
                format!(
                    "splitting {} copies {rows}; loads wait until that is done, and the disk needs room for both copies",
                    self.table.qualified_name()
                )
            })
            .into_iter()
            .collect()
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        let table = self.table.qualified_name();
        let copy = Table { schema: "stardrop", ..self.table.clone() };
        let new = copy.qualified_name();
        let names: Vec<&str> = self.table.columns.iter().map(|c| c.name.as_str()).collect();
        let mut statements = vec![
            copy.create(),
            format!(
                "select stardrop.add_months(jsonb_build_object(
    {}, (select jsonb_agg(m.month) from (select distinct {} as month from {table} old) m where m.month is not null)
))",
                literal(&new),
                month_of(&format!("old.{}", list(&[self.column()]))),
            ),
            format!("insert into {new} ({0}) select {0} from {table}", list(&names)),
        ];
        statements.extend(replace(&table, &self.table.name));
        statements
    }
}
