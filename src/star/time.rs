//! Time: the SQL expression that reads a date or time column as a timestamptz.

use super::ident::ident;
use crate::dataset::Dataset;
use crate::types::SqlType;

/// The column of `row` as a timestamptz. Dates and times without a zone are UTC, which is the time
/// zone of the trigger functions.
pub(super) fn of(dataset: &Dataset, column: &str, row: &str) -> String {
    let name = format!("{row}.{}", ident(column));
    match dataset.column(column).map(|column| column.column_type.sql_type()) {
        Some(SqlType::Timestamptz) => name,
        _ => format!("{name}::timestamptz"),
    }
}
