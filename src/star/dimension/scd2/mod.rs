//! SCD2: the SQL step for dimensions that keep versions of a member (slowly changing dimension,
//! type 2).
//!
//! 1. `observe` writes to the history table how each member looked at which time.
//! 2. `compare` finds the times at which a version must start or must no longer start.
//! 3. `chain` changes the dimension's versions to match.
//! 4. `ending` ends versions of members that full extracts no longer have.
//! 5. `single_value` updates the attributes of which all versions have the same value.
//!
//! An observation that looks like the one before it starts no version. The transaction holds the
//! dimension's lock, so nobody else changes versions or joins facts to them at the same time: these
//! statements need no order of rows, and may update from a join.

mod chain;
mod compare;
mod ending;
mod names;
mod observations;
mod observe;
mod single_value;

use super::{DimensionEffect, group, inferred};
use crate::dataset::{Dataset, Dimension, DimensionSource};
use names::Names;

pub(in crate::star) use names::{changed_versions, variables};
pub(super) use observations::take_back;
pub(in crate::star) use observations::variable as taken_variable;

pub(super) fn step(
    effect: &DimensionEffect<'_>,
    source: &DimensionSource,
    dataset: &Dataset,
) -> String {
    let dimension = effect.dimension;
    let names = Names::of(dimension);
    let mut steps = vec![
        "    inserted := 0;\n    updated := 0;\n    added := 0;\n    removed := 0;\n".to_owned(),
    ];
    if names.versioned.iter().any(|attribute| source.attributes.contains(attribute)) {
        let observed_at = observe::observed_at(source, dataset);
        steps.push(observe::step(&names, &observed_at));
        steps.push("    updated := 0;\n".to_owned());
        steps.push(compare::step(&names, &observed_at));
        steps.push(format!(
            "    if {} is not null or {} is not null then\n{}{}    end if;\n",
            names.version_starts(),
            names.redundant_versions(),
            chain::rebuild(&names),
            end_changed(&names)
        ));
    }
    // A member gets a row even if no row of the batch has a value for any of its attributes.
    let mut references = vec![source.key.as_slice()];
    references.extend(&effect.references);
    steps.push(inferred::step_after_members(dimension, &references));
    steps.push("    added := added + inferred;\n".to_owned());
    let groups = group::of_source(dimension, source);
    if !groups.is_empty() {
        steps.push(single_value::step(&names, source, &groups));
    }
    steps.push(format!(
        "    tables := tables || jsonb_build_object(
        'table_name', '{}', 'inserted', added, 'updated', updated, 'unchanged', 0, 'deleted', removed
    );
    -- A row that starts a version and also changes other attributes counts once.
    inserted := least(inserted, staged);
    updated := least(updated, staged - inserted);\n",
        names.table
    ));
    steps.join("\n")
}

/// Ends the versions that a batch has changed where the extracts say so.
fn end_changed(names: &Names<'_>) -> String {
    if !names.closes() {
        return String::new();
    }
    let arrays = format!("{}, {}", names.version_starts(), names.redundant_versions());
    ending::step(names, &ending::changed_members(names), &arrays)
}

/// The statements that change the versions of members whose presence in full extracts has changed. `members`
/// is a query for their keys, whose parameter is the load.
pub(super) fn change_presence(dimension: &Dimension, members: &str) -> String {
    let names = Names::of(dimension);
    format!(
        "    added := 0;
{mark}{compare}    if {starts} is not null or {redundant} is not null then
{rebuild}    end if;
{end}",
        mark = ending::mark_reopening(&names, members),
        compare = compare::whole(&names, members, "in_load_id, extract_time, 0::bigint"),
        starts = names.version_starts(),
        redundant = names.redundant_versions(),
        rebuild = chain::rebuild(&names),
        end = ending::step(&names, members, "in_load_id"),
    )
}
