//! Compares the formulas of computed measures with those that the columns' comments say.

use crate::migrate::operation::{ChangeFormula, Operation};
use crate::migrate::renames::Renames;
use crate::migrate::shape::ExistingTable;
use crate::star::{COMPUTED, Star, Table};

/// Returns an operation for each column of the table whose existing rows keep the values of another
/// formula.
pub(super) fn compare(
    star: &Star,
    table: &Table,
    existing: &ExistingTable,
    renames: &Renames<'_>,
    datasets: impl Fn() -> Vec<String>,
) -> Vec<Operation> {
    if !existing.has_rows || !table.name.starts_with("fact_") {
        return Vec::new();
    }
    let mut operations = Vec::new();
    for column in &table.columns {
        let name_before = renames.name_before(&column.name);
        if !existing.shape.columns.contains_key(name_before) {
            continue;
        }
        let wanted = column.comment.as_deref().filter(|comment| comment.starts_with(COMPUTED));
        let before = existing.formulas.get(name_before).map(|formula| renamed(star, formula));
        if before.as_deref() != wanted {
            operations.push(Operation::ChangeFormula(ChangeFormula {
                table: table.qualified_name(),
                column: column.name.clone(),
                datasets: datasets(),
            }));
        }
    }
    operations
}

/// A formula with the new names of its columns: those of the dataset, which the table may not have.
fn renamed(star: &Star, formula: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = formula.split_inclusive(|c| !is_name(c));
    words
        .map(|word| {
            let name = word.trim_end_matches(|c| !is_name(c));
            let rest = word.strip_prefix(name).unwrap_or_default();
            let rename = star.renames.iter().find(|rename| rename.from == name);
            format!("{}{rest}", rename.map_or(name, |rename| &rename.to))
        })
        .collect()
}
