//! Finds what the database has and no contract names any more: datasets and tables of the star.

use crate::migrate::operation::{DropDataset, DropTable, Operation};
use crate::migrate::shape::Existing;
use crate::star::{Star, ident};

/// Returns the operations that drop them: datasets first, facts before the dimensions that they refer
/// to.
pub(super) fn compare(existing: &Existing, star: &Star) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (name, dataset) in &existing.datasets {
        if star.dataset(name).is_some() {
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
    let is_wanted = |name: &str| star.tables.iter().any(|table| table.qualified_name() == name);
    for (table, found) in existing.tables.iter().rev() {
        if table.starts_with("star.") && !is_wanted(table) {
            let others = found.others.clone();
            operations.push(Operation::DropTable(DropTable { table: table.clone(), others }));
        }
    }
    operations
}
