//! Compares an existing database with the wanted star, and returns the operations that lead from
//! the one to the other. Takes and returns plain values; needs no database.

mod dataset;
mod formula;
mod orphans;
mod table;
mod version_end;

#[cfg(test)]
mod sample_for_tests;
#[cfg(test)]
mod tests;

use super::operation::Operation;
use super::shape::{Existing, Wanted};

/// Returns the operations in the order in which they can be applied; none where nothing differs.
pub(super) fn compare(existing: &Existing, wanted: &Wanted<'_>) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut recreated = Vec::new();
    for table in &wanted.star.tables {
        operations.extend(table::compare(existing, wanted, table, &mut recreated));
    }
    for dataset in &wanted.star.datasets {
        operations.extend(table::compare(existing, wanted, &dataset.staging, &mut recreated));
        operations.extend(dataset::compare_retention(existing, dataset, &recreated));
        operations.extend(dataset::compare(existing, dataset, &wanted.names));
    }
    operations.extend(orphans::compare(existing, wanted.star));
    operations
}
