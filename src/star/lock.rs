//! Lock: generates the statement that takes a batch's table locks, before it locks any row.
//!
//! All batches lock rows in the same order, which suffices where two of them write the same row. It
//! does not where they write different rows that depend on each other: a new version and a fact that
//! looks for one; a tombstone and a row of its grain. So a batch with attributes of a dimension with
//! versions locks the dimension exclusively, a batch that only refers to it locks it shared, and a
//! batch of a fact with tombstones locks the fact exclusively.

use std::collections::BTreeMap;

use super::ident::literal;
use super::{all_facts, dimension, fact};
use crate::dataset::{Catalog, Dataset};

/// The statements, in the order of the tables' names; `None` where row locks suffice.
pub(super) fn step(catalog: &Catalog, dataset: &Dataset) -> Option<String> {
    let has_versions =
        |name: &str| catalog.dimension(name).is_some_and(|d| d.versioned().is_some());
    let mut exclusive: BTreeMap<String, bool> = BTreeMap::new();
    let effects = dimension::effects(catalog, dataset);
    for effect in effects.iter().filter(|effect| has_versions(&effect.dimension.name)) {
        exclusive.insert(dimension::name(&effect.dimension.name), effect.changes_versions());
    }
    // This batch may rekey rows of other datasets' facts. Meanwhile no other batch may rekey the same
    // rows for another dimension, so that dimension is locked shared.
    let rekeys = exclusive.values().any(|exclusive| *exclusive);
    for context in if rekeys { all_facts(catalog) } else { Vec::new() } {
        let is_rekeyed = context.fact.dimensions.iter().any(|reference| {
            exclusive.get(&dimension::name(&reference.dimension)).copied().unwrap_or(false)
        });
        if is_rekeyed {
            let dimensions = context.fact.dimensions.iter().map(|reference| &reference.dimension);
            for dimension in dimensions.filter(|dimension| has_versions(dimension)) {
                exclusive.entry(dimension::name(dimension)).or_insert(false);
            }
        }
    }
    let with_tombstones = dataset.facts.iter().filter(|fact| fact.delete_when.is_some());
    let mut facts: Vec<String> = with_tombstones.map(|fact| fact::name(&fact.name)).collect();
    facts.sort();
    let turn = match exclusive.values().any(|exclusive| *exclusive) || !facts.is_empty() {
        true => "    perform stardrop.wait_for_turn();\n",
        false => "",
    };
    let locks: String = exclusive
        .into_iter()
        .chain(facts.into_iter().map(|fact| (fact, true)))
        .map(|(table, exclusive)| {
            let shared = if exclusive { "" } else { "_shared" };
            format!(
                "    perform pg_advisory_xact_lock{shared}(stardrop.table_lock({}));\n",
                literal(&table)
            )
        })
        .collect();
    if locks.is_empty() {
        return None;
    }
    Some(format!(
        "    -- Batches that write rows which depend on each other wait here.\n{turn}{locks}"
    ))
}
