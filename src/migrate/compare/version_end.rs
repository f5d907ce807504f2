//! Compares in which column the versions of a dimension's members say where the next one starts.

use crate::migrate::operation::{ChangeVersionEnd, Operation, VERSION_ENDS};
use crate::migrate::shape::{Key, Shape};
use crate::star::Table;

/// Returns the operation that another column needs, and changes `before` to what is there after it.
pub(super) fn compare(
    table: &Table,
    before: &mut Shape,
    wanted: &Shape,
    datasets: impl Fn() -> Vec<String>,
) -> Option<Operation> {
    let (from, to) = (end_of(before)?, end_of(wanted)?);
    if from == to {
        return None;
    }
    let is_end = |key: &&mut Key| key.columns.last().is_some_and(|last| last == from);
    for last in before.keys.iter_mut().filter(is_end).filter_map(|key| key.columns.last_mut()) {
        to.clone_into(last);
    }
    if to == "valid_to" {
        before.columns.remove(from);
    } else if let Some(column) = wanted.columns.get(to) {
        before.columns.insert(to.to_owned(), column.clone());
    }
    let (table, datasets) = (table.clone(), datasets());
    Some(Operation::ChangeVersionEnd(ChangeVersionEnd { table, from, to, datasets }))
}

/// The column by which the versions of a member are linked; `None` for a table without versions.
fn end_of(shape: &Shape) -> Option<&'static str> {
    if !shape.columns.contains_key("is_first") {
        return None;
    }
    let ends = |key: &Key, end: &str| key.columns.last().is_some_and(|last| last == end);
    VERSION_ENDS.into_iter().find(|end| shape.keys.iter().any(|key| ends(key, end)))
}
