//! Lock: a dataset in; the locks that its batches take before they touch a row, out.
//!
//! Rows are locked in one order everywhere, and that is enough for what two batches write to the
//! same row. It is not where they write to different rows that have to agree: a version that is
//! put in and a fact that looks for one; a marker and a row of its grain. Whoever brings the
//! attributes of a dimension with versions works alone on it; those who refer to it work side by
//! side. A fact with markers takes one batch at a time.

use std::collections::BTreeMap;

use super::ident::literal;
use super::{all_facts, dimension, fact};
use crate::dataset::{Catalog, Dataset};

/// The statements, by the names of the tables; `None` where rows' own locks are enough.
pub(super) fn step(catalog: &Catalog, dataset: &Dataset) -> Option<String> {
    let has_versions =
        |name: &str| catalog.dimension(name).is_some_and(|d| d.versioned().is_some());
    let mut alone: BTreeMap<String, bool> = BTreeMap::new();
    let touches = dimension::touches(catalog, dataset);
    for touch in touches.iter().filter(|touch| has_versions(&touch.dimension.name)) {
        alone.insert(dimension::name(&touch.dimension.name), touch.changes_versions());
    }
    // Facts that this dataset's versions move: nobody else may move them by another dimension.
    for of in all_facts(catalog) {
        let is_moved = of
            .fact
            .dimensions
            .iter()
            .any(|used| alone.get(&dimension::name(&used.dimension)).copied().unwrap_or(false));
        if is_moved {
            for used in of.fact.dimensions.iter().filter(|used| has_versions(&used.dimension)) {
                alone.entry(dimension::name(&used.dimension)).or_insert(false);
            }
        }
    }
    let marked = dataset.facts.iter().filter(|fact| fact.delete_when.is_some());
    let mut facts: Vec<String> = marked.map(|fact| fact::name(&fact.name)).collect();
    facts.sort();
    let locks: String = alone
        .into_iter()
        .chain(facts.into_iter().map(|fact| (fact, true)))
        .map(|(table, alone)| {
            let shared = if alone { "" } else { "_shared" };
            format!(
                "    perform pg_advisory_xact_lock{shared}(stardrop.table_lock({}));\n",
                literal(&table)
            )
        })
        .collect();
    if locks.is_empty() {
        return None;
    }
    Some(format!("    -- What two batches must not do to different rows at once.\n{locks}"))
}
