//! Time: the SQL expression that reads a date or time column as a timestamptz.

use std::collections::BTreeSet;

use super::ident::{ident, literal};
use crate::dataset::Dataset;
use crate::types::SqlType;

/// The column of `row` as a timestamptz. Times without a zone are in the column's time zone, else in
/// UTC, which is the time zone of the trigger functions. So are dates.
pub(super) fn of(dataset: &Dataset, column: &str, row: &str) -> String {
    let name = format!("{row}.{}", ident(column));
    let column = dataset.column(column);
    let zone = column.and_then(|column| column.options.time_zone.as_deref());
    match (column.map(|column| column.column_type.sql_type()), zone) {
        (Some(SqlType::Timestamptz), _) => name,
        (Some(SqlType::Timestamp), Some(zone)) => {
            format!("({name} at time zone {})", literal(zone))
        }
        _ => format!("{name}::timestamptz"),
    }
}

/// A statement that fails where Postgres does not have the time zones of the contract.
pub(super) fn zone_check(dataset: &Dataset) -> Option<String> {
    let zones: BTreeSet<&str> =
        dataset.columns.iter().filter_map(|column| column.options.time_zone.as_deref()).collect();
    let checks: Vec<String> =
        zones.into_iter().map(|zone| format!("now() at time zone {}", literal(zone))).collect();
    let comment = "-- Checks that Postgres has the time zones of the contract.";
    (!checks.is_empty()).then(|| format!("{comment}\nselect {};\n", checks.join(", ")))
}
