//! What every kind of operation answers: its line of the plan, what it loses, its statements.

use serde::Serialize;

use crate::star::ident;

/// What a change does to what exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Action {
    Add,
    Alter,
    Rename,
    Drop,
}

/// A kind of operation. Its methods do not query the database: they take the counts that they need as
/// [`Measured`], the answer to [`OperationKind::question`].
pub(in crate::migrate) trait OperationKind: Sync {
    fn action(&self) -> Action;

    /// The line of the plan, such as `add column star.fact_sales.discount`.
    fn describe(&self) -> String;

    /// Whether the plan shows the line. It does not for an operation that only completes another.
    fn is_listed(&self) -> bool {
        true
    }

    /// The counts that the operation needs before it can say what it loses.
    fn question(&self) -> Question {
        Question::default()
    }

    /// The data that the operation loses; `None`: it loses none, and needs no permission.
    fn loss(&self, _measured: &Measured) -> Option<String> {
        None
    }

    /// What to do or to know after the migration.
    fn notes(&self, _measured: &Measured) -> Vec<String> {
        Vec::new()
    }

    fn statements(&self, measured: &Measured) -> Vec<String>;
}

/// Queries about what an operation may lose, run before any operation is applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::migrate) struct Question {
    /// A query that counts the rows or values that exist.
    pub count: Option<String>,
    /// A query that counts those that would change. It fails where one cannot be converted.
    pub count_changed: Option<String>,
    /// The table, and the column where it is one, whose dependent views are dropped with it.
    pub dependents_of: Option<(String, Option<String>)>,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::migrate) struct Measured {
    pub count: i64,
    /// `None`: a value cannot be converted, or the question was not asked.
    pub changed: Option<i64>,
    /// The names of dependent views.
    pub views: Vec<String>,
}

impl Measured {
    /// `, and the views a, b that use it`, or nothing.
    pub(crate) fn and_views(&self) -> String {
        match self.views.as_slice() {
            [] => String::new(),
            [view] => format!(", and the view {view} that uses it"),
            several => format!(", and the views {} that use it", several.join(", ")),
        }
    }
}

/// `, and what others added to it: column reviewed`, or nothing.
pub(super) fn and_others(others: &[String]) -> String {
    if others.is_empty() {
        return String::new();
    }
    format!(", and what others added to it: {}", others.join(", "))
}

/// `1 row`, `2 rows`.
pub(super) fn counted(count: i64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Counts the rows of a table; the unknown member of a dimension is not one.
pub(in crate::migrate) fn count_rows(table: &str) -> String {
    format!("select count(*) from {table}{}", real_rows(table))
}

/// Whether a table has a row; the unknown member of a dimension is not one.
pub(in crate::migrate) fn has_rows(table: &str) -> String {
    format!("select exists (select from {table}{})", real_rows(table))
}

fn real_rows(table: &str) -> String {
    match table.strip_prefix("star.dim_") {
        Some(dimension) if table != DATES => {
            format!(" where {} <> -1", ident(&format!("{dimension}_key")))
        }
        _ => String::new(),
    }
}

/// The calendar, the one dimension whose rows no load owns.
pub(super) const DATES: &str = "star.dim_date";

/// Whether the table is a staging table.
pub(super) fn is_staging(table: &str) -> bool {
    table.starts_with("staging.")
}

/// The notes that say how to load the data of a table once more.
pub(super) fn replay(datasets: &[String], purpose: &str) -> Vec<String> {
    datasets
        .iter()
        .map(|dataset| format!("run `stardrop replay --dataset {dataset}` to {purpose}"))
        .collect()
}
