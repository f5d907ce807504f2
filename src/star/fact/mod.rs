//! Fact: a fact in, its tables and the step that brings a batch's rows out.

mod append;
mod by_grain;
mod columns;
mod marker;
mod reference;
mod repoint;

pub(super) use columns::check as expression_check;
pub(super) use marker::name_of as deleted_name;
pub(super) use reference::statement as references;
pub(super) use repoint::step as repoint;

use super::dimension;
use super::ident::{ident, list};
use super::table::{Table, lineage};
use crate::dataset::{Catalog, Dataset, Fact};
use columns::filled;

/// The table's name, without the schema.
pub(super) fn name(fact: &str) -> String {
    format!("fact_{fact}")
}

/// The column that says when a row happened, in facts that refer to versions.
pub(super) const AS_OF: &str = "as_of";

/// A fact, the dataset that brings it, and the dimensions that it may refer to.
#[derive(Clone, Copy)]
pub(super) struct FactOf<'c> {
    pub catalog: &'c Catalog,
    pub dataset: &'c Dataset,
    pub fact: &'c Fact,
}

impl FactOf<'_> {
    /// Whether it refers to a dimension with versions.
    pub(super) fn finds_versions(&self) -> bool {
        self.fact.dimensions.iter().any(|used| {
            self.catalog.dimension(&used.dimension).is_some_and(|d| d.versioned().is_some())
        })
    }
}

/// The tables of a fact: its own, and the one of what markers took out of it.
pub(super) fn tables(of: FactOf<'_>) -> Vec<Table> {
    let mut tables = vec![table(of)];
    tables.extend(marker::table(of));
    tables
}

fn table(of: FactOf<'_>) -> Table {
    let fact = of.fact;
    let name = name(&fact.name);
    let mut columns: Vec<_> = filled(of).into_iter().map(|filled| filled.column).collect();
    let [load_id, source_line, source_load_id, source_time] = lineage();
    columns.extend([load_id, source_line]);
    let mut constraints = Vec::new();
    if let Some(grain) = &fact.grain {
        columns.extend([source_load_id, source_time]);
        constraints.push((format!("{name}_grain"), format!("primary key ({})", list(grain))));
    }
    let grain = match &fact.grain {
        Some(grain) => format!("one row per {}", grain.join(", ")),
        None => "append only, a row for every row received".to_owned(),
    };
    let mut indexes = vec![(format!("{name}_load_id"), "(load_id)".to_owned())];
    // By these, rows are found whose version is another one now.
    let versions = fact.dimensions.iter().filter(|used| {
        of.catalog.dimension(&used.dimension).is_some_and(|d| d.versioned().is_some())
    });
    for (at, used) in versions.enumerate() {
        let index = format!("{name}_version_{}", at + 1);
        indexes.push((index, format!("({}, {AS_OF})", ident(&used.column))));
    }
    Table {
        schema: "star",
        unlogged: false,
        columns,
        constraints,
        indexes,
        spare_percent: 0,
        comment: format!("Fact {}: {grain}.", fact.name),
        name,
    }
}

/// The statements that bring the rows of a batch.
pub(super) fn step(of: FactOf<'_>) -> String {
    match &of.fact.grain {
        Some(grain) => by_grain::step(of, grain),
        None => append::step(of),
    }
}

/// The joins of all dimensions that the fact uses.
fn joins(of: FactOf<'_>, indent: &str) -> String {
    let as_of = columns::as_of(of, "row");
    of.fact
        .dimensions
        .iter()
        .filter_map(|used| {
            let dimension = of.catalog.dimension(&used.dimension)?;
            Some(format!("{indent}{}\n", dimension::join(dimension, used, &as_of, "row")))
        })
        .collect()
}
