//! Finds what the database has and no contract names any more: datasets and tables of the star.

use std::collections::BTreeSet;

use crate::migrate::operation::{DropDataset, DropTable, Operation};
use crate::migrate::shape::Existing;
use crate::star::{Star, Table, ident};

/// Returns the operations that drop them: datasets first, facts before the dimensions that they refer
/// to.
pub(super) fn compare(existing: &Existing, star: &Star) -> Vec<Operation> {
    let mut operations = Vec::new();
    let datasets: BTreeSet<&String> = star.datasets.iter().map(|dataset| &dataset.name).collect();
    for (name, dataset) in &existing.datasets {
        if datasets.contains(name) {
            continue;
        }
        let staging = format!("staging.{}", ident(name));
        operations.push(Operation::DropDataset(DropDataset {
            dataset: name.clone(),
            has_staging: existing.tables.contains_key(&staging),
            staging,
            functions: dataset.functions.iter().map(|f| f.signature.clone()).collect(),
        }));
    }
    let wanted: BTreeSet<String> = star.tables.iter().map(Table::qualified_name).collect();
    for (table, found) in existing.tables.iter().rev() {
        if table.starts_with("star.") && !wanted.contains(table) {
            let others = found.others.clone();
            operations.push(Operation::DropTable(DropTable { table: table.clone(), others }));
        }
    }
    operations
}
