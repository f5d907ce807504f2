//! Rename: `was = ".."` of the columns in; the columns to be renamed, table by table, out.

use super::CompiledDataset;
use super::table::Table;
use crate::dataset::Catalog;

/// A column that had another name before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rename {
    /// `schema.table`
    pub table: String,
    pub from: String,
    pub to: String,
}

/// The renames of all tables that have a column of the new name and none of the old one: staging,
/// the dimensions whose key or attribute it is, the facts whose grain, measure or other column.
pub(super) fn all(
    catalog: &Catalog,
    datasets: &[CompiledDataset],
    tables: &[Table],
) -> Vec<Rename> {
    let mut renames = Vec::new();
    for (dataset, compiled) in catalog.datasets().iter().zip(datasets) {
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
    // Two datasets that feed one dimension say it twice.
    renames.sort();
    renames.dedup();
    renames
}
