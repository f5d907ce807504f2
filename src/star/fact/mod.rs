//! Fact: a fact's tables, and the SQL step that loads a batch into them.

mod append;
mod audit;
mod by_grain;
mod columns;
mod confirmation;
mod foreign_keys;
mod partition;
mod precedence;
mod rekey_facts;
mod repeats;
mod tombstone;

pub(super) use audit::undo as undo_audit;
pub(crate) use columns::COMPUTED;
pub(super) use columns::{check as expression_check, expressions};
pub(super) use confirmation::{
    replace as replace_rows, table_name as confirmation_name, undo as undo_rows,
};
pub(super) use foreign_keys::statement as foreign_keys;
pub(super) use partition::{step as add_months, variables as month_variables};
pub(super) use rekey_facts::step as rekey_facts;
pub(super) use tombstone::table_name as tombstone_name;

use super::ident::{ident, list};
use super::table::{Table, lineage};
use super::{date, dimension};
use crate::dataset::{Catalog, Dataset, DimensionRef, Fact, Overwrite};
use columns::{Filled, filled};

/// The name of a fact's table, without the schema.
pub(super) fn name(fact: &str) -> String {
    format!("fact_{fact}")
}

/// The column with the time of a row's event, in facts that refer to dimensions with versions.
pub(super) const AS_OF: &str = "as_of";

/// A fact, its dataset, and the catalog with the dimensions that it refers to.
#[derive(Clone, Copy)]
pub(super) struct FactContext<'c> {
    pub catalog: &'c Catalog,
    pub dataset: &'c Dataset,
    pub fact: &'c Fact,
}

impl FactContext<'_> {
    /// Whether it refers to a dimension with versions.
    fn finds_versions(&self) -> bool {
        self.versioned_references().next().is_some()
    }

    /// Its references to dimensions with versions.
    fn versioned_references(&self) -> impl Iterator<Item = &DimensionRef> {
        self.fact.dimensions.iter().filter(|reference| {
            self.catalog.dimension(&reference.dimension).is_some_and(|d| d.versioned().is_some())
        })
    }
}

/// The tables of a fact: its own, the one of its confirmations, and the one of its tombstones if it has
/// `delete_when`.
pub(super) fn tables(context: FactContext<'_>) -> Vec<Table> {
    let mut tables = vec![table(context)];
    tables.extend(confirmation::table(context));
    tables.extend(tombstone::table(context));
    tables
}

fn table(context: FactContext<'_>) -> Table {
    let fact = context.fact;
    let name = name(&fact.name);
    let mut columns: Vec<_> = filled(context)
        .into_iter()
        .map(|Filled { column, .. }| {
            let is_split_by = context.split_by() == Some(column.name.as_str());
            let not_null = column.not_null || is_split_by;
            column.not_null(not_null).split_by(is_split_by)
        })
        .collect();
    let [load_id, source_line, _, _] = lineage();
    columns.extend([load_id, source_line]);
    let mut constraints = Vec::new();
    if let Some(grain) = &fact.grain {
        constraints.push((format!("{name}_grain"), format!("primary key ({})", list(grain))));
    }
    columns.extend(audit::columns(fact));
    let grain = match &fact.grain {
        Some(grain) => format!("one row per {}", grain.join(", ")),
        None => "append only, one row for every row received".to_owned(),
    };
    // The rows of a load are next to each other, but for those that it has changed. A dataset that replaces deletes
    // the rows of older loads with each file.
    let by_load = match context.dataset.policy.overwrite {
        Overwrite::Replace => "(load_id)",
        Overwrite::Merge | Overwrite::Ignore => "using brin (load_id) with (autosummarize = on)",
    };
    let mut indexes = vec![(format!("{name}_load_id"), by_load.to_owned())];
    // `rekey_facts` finds rows by these indexes.
    for (at, reference) in context.versioned_references().enumerate() {
        let index = format!("{name}_version_{}", at + 1);
        indexes.push((index, format!("({}, {AS_OF})", ident(&reference.column))));
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

/// The statements that load the rows of a batch.
pub(super) fn step(context: FactContext<'_>) -> String {
    match &context.fact.grain {
        Some(grain) => by_grain::step(context, grain),
        None => append::step(context),
    }
}

/// The value of a column over `row`, if it is the key of a date.
fn date_key(context: FactContext<'_>, column: &str, row: &str) -> Option<String> {
    let date = context.fact.dates.iter().find(|date| date.column == column)?;
    Some(date::key(context.dataset, date, row))
}

/// The joins to all dimensions that the fact refers to.
fn joins(context: FactContext<'_>, indent: &str) -> String {
    let as_of = columns::as_of(context, "row");
    context
        .fact
        .dimensions
        .iter()
        .filter_map(|reference| {
            let dimension = context.catalog.dimension(&reference.dimension)?;
            Some(format!("{indent}{}\n", dimension::join(dimension, reference, &as_of, "row")))
        })
        .collect()
}
