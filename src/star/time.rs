//! Time: a column that says when something was so in; the same as a timestamptz out.

use super::ident::ident;
use crate::dataset::Dataset;

/// The column of `row` as a timestamptz: dates and times without a zone are taken as UTC, which
/// the trigger functions are set to.
pub(super) fn of(dataset: &Dataset, column: &str, row: &str) -> String {
    let name = format!("{row}.{}", ident(column));
    match dataset.column(column).map(|column| column.column_type.sql()).as_deref() {
        Some("timestamptz") => name,
        _ => format!("{name}::timestamptz"),
    }
}
