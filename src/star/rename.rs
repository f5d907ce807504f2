//! Rename: finds the columns that a contract renames (`was = ".."`), in every table that has them.

use super::CompiledDataset;
use super::table::Table;
use crate::dataset::{Catalog, Dataset};

/// A column with a new name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rename {
    /// `schema.table`
    pub table: String,
    /// The name in the database.
    pub from: String,
    /// The name in the contract.
    pub to: String,
}

/// The renames for all tables that should have a column with the new name and none with the old one:
/// the staging table, and the dimensions and facts that the column goes into.
pub(super) fn all(
    catalog: &Catalog,
    datasets: &[CompiledDataset],
    tables: &[Table],
) -> Vec<Rename> {
    let mut renames = Vec::new();
    let renaming = |dataset: &Dataset| dataset.columns.iter().any(|column| column.was.is_some());
    let datasets = catalog.datasets().iter().zip(datasets);
    for (dataset, compiled) in datasets.filter(|(dataset, _)| renaming(dataset)) {
        let its_tables = tables.iter().filter(|t| compiled.tables.contains(&t.qualified_name()));
        for table in its_tables.chain([&compiled.staging]) {
            let has = |name: &str| table.columns.iter().any(|column| column.name == name);
            for column in &dataset.columns {
                if let Some(was) = column.was.as_ref().filter(|was| has(&column.name) && !has(was))
                {
                    renames.push(Rename {
                        table: table.qualified_name(),
                        from: was.clone(),
                        to: column.name.clone(),
                    });
                }
            }
        }
    }
    // Two datasets with the same dimension both rename its columns.
    renames.sort();
    renames.dedup();
    renames
}
