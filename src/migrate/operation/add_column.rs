//! Adds a column. Existing rows have null in it, its default, or the key of the unknown member.

use super::kind::{
    Action, DATES, Measured, OperationKind, Question, count_rows, counted, is_staging, replay,
};
use crate::star::{Column, ident};

#[derive(Debug, Clone)]
pub(in crate::migrate) struct AddColumn {
    pub table: String,
    pub column: Column,
    pub existing_rows: ExistingRows,
    /// The datasets whose rows go to the table.
    pub datasets: Vec<String>,
}

/// What the rows that exist have in the new column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::migrate) enum ExistingRows {
    /// There are none.
    None,
    /// Null, or what the column's definition fills in.
    AsDefined,
    /// The key of the unknown member of this dimension.
    UnknownMemberOf(String),
}

impl AddColumn {
    /// The key of the unknown member, where existing rows need it.
    fn unknown_member(&self) -> Option<&'static str> {
        match &self.existing_rows {
            ExistingRows::UnknownMemberOf(dimension) if dimension == DATES => Some("'0001-01-01'"),
            ExistingRows::UnknownMemberOf(_) => Some("-1"),
            ExistingRows::None | ExistingRows::AsDefined => None,
        }
    }

    fn is_null_in_existing_rows(&self) -> bool {
        self.existing_rows == ExistingRows::AsDefined && self.column.filled.is_none()
    }
}

impl OperationKind for AddColumn {
    fn action(&self) -> Action {
        Action::Add
    }

    fn describe(&self) -> String {
        format!("add column {}.{}", self.table, self.column.name)
    }

    fn question(&self) -> Question {
        match self.existing_rows {
            ExistingRows::None => Question::default(),
            _ => Question { count: Some(count_rows(&self.table)), ..Question::default() },
        }
    }

    fn notes(&self, measured: &Measured) -> Vec<String> {
        if self.existing_rows == ExistingRows::None || is_staging(&self.table) {
            return Vec::new();
        }
        let (table, column) = (&self.table, &self.column.name);
        let rows = counted(measured.count, "existing row");
        let mut notes = Vec::new();
        if self.unknown_member().is_some() {
            notes.push(format!("{table}.{column} refers to the unknown member in {rows}"));
        } else if self.is_null_in_existing_rows() {
            notes.push(format!("{table}.{column} is null in {rows}"));
        }
        notes.extend(replay(&self.datasets, "fill new columns from the files"));
        notes
    }

    fn statements(&self, _measured: &Measured) -> Vec<String> {
        let (table, definition) = (&self.table, self.column.definition());
        let Some(unknown) = self.unknown_member() else {
            return vec![format!("alter table {table} add column {definition}")];
        };
        // Postgres stores the default of a new column apart from the rows: no rewrite.
        let mut statements = vec![
            format!("alter table {table} add column {definition} default {unknown}"),
            format!("alter table {table} alter column {} drop default", ident(&self.column.name)),
        ];
        if self.existing_rows == ExistingRows::UnknownMemberOf(DATES.to_owned()) {
            statements.push(format!(
                "insert into {DATES} (date_key) values ({unknown}) on conflict do nothing"
            ));
        }
        statements
    }
}
