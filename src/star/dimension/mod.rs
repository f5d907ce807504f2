//! Dimension: a dimension's tables, and the SQL step that loads a batch's members into them.
//!
//! Each kind of history has a module; [`step`] chooses the one for a dimension.

mod compared;
mod described;
mod extract;
mod group;
mod inferred;
mod overwrite;
mod presence;
mod repetition;
mod scd2;
mod table;
mod take_back;

pub(super) use extract::{
    VARIABLES as EXTRACT_VARIABLES, add as add_extract, remove as remove_extract,
};
pub(super) use presence::{extracted, table_names as presence_tables};
pub(super) use repetition::table_name as repeated_name;
pub(super) use scd2::{changed_versions, taken_variable, variables as version_variables};
pub(super) use table::{tables, unknown_member};
pub(super) use take_back::{VARIABLES as TAKE_BACK_VARIABLES, delete_unknown, is_sure, take_back};

use std::collections::BTreeSet;

use super::counts;
use super::ident::{equal, ident};
use super::table::Column;
use crate::dataset::{Catalog, Dataset, Dimension, DimensionRef, DimensionSource, Missing};
use crate::types::SqlType;

/// The key of the unknown member.
pub(super) const UNKNOWN: i64 = -1;

/// The name of a dimension's table, without the schema.
pub(super) fn name(dimension: &str) -> String {
    format!("dim_{dimension}")
}

/// The name of the table with each member's observations, for dimensions with versions.
pub(super) fn history_name(dimension: &str) -> String {
    format!("history_{dimension}")
}

/// The column that facts refer to.
pub(super) fn key_column(dimension: &str) -> String {
    format!("{dimension}_key")
}

/// The column with the start of the next version: the end of this one, unless a version can end before that.
pub(super) fn version_end(dimension: &Dimension) -> &'static str {
    if dimension.missing == Missing::Close { presence::NEXT_FROM } else { "valid_to" }
}

/// The sequence that new members take their keys from.
fn sequence(dimension: &str) -> String {
    format!("dim_{dimension}_seq")
}

/// What the batches of a dataset write to a dimension.
pub(super) struct DimensionEffect<'c> {
    pub dimension: &'c Dimension,
    /// The dataset's attributes of the dimension, if it has any.
    pub source: Option<&'c DimensionSource>,
    /// The datasets with attributes of the dimension.
    pub described_by: Vec<&'c str>,
    /// The columns of further natural keys that it refers to.
    pub references: Vec<&'c [String]>,
}

impl DimensionEffect<'_> {
    /// Whether versions of members may change.
    pub(super) fn changes_versions(&self) -> bool {
        self.source.is_some() && self.dimension.versioned().is_some()
    }

    /// Whether versions of members may end before the next one starts.
    pub(super) fn ends_versions(&self) -> bool {
        self.source.is_some() && self.dimension.missing == Missing::Close
    }
}

/// What a dataset writes to each of its dimensions, in the order in which all batches lock them.
pub(super) fn effects<'c>(catalog: &'c Catalog, dataset: &'c Dataset) -> Vec<DimensionEffect<'c>> {
    let referred = dataset.facts.iter().flat_map(|fact| &fact.dimensions).map(|r| &r.dimension);
    let names: BTreeSet<&String> =
        dataset.dimensions.iter().map(|source| &source.name).chain(referred).collect();
    let mut effects = Vec::new();
    for dimension in catalog.dimensions().iter().filter(|d| names.contains(&d.name)) {
        let declared = dataset.dimensions.iter().find(|source| source.name == dimension.name);
        let source = declared.filter(|source| !source.attributes.is_empty());
        let used = dataset
            .facts
            .iter()
            .flat_map(|fact| &fact.dimensions)
            .filter(|reference| reference.dimension == dimension.name)
            .map(|reference| &reference.key);
        let mut references: Vec<&[String]> = Vec::new();
        for key in declared.map(|source| &source.key).into_iter().chain(used) {
            let is_source_key = source.is_some_and(|source| source.key == *key);
            if !is_source_key && !references.contains(&key.as_slice()) {
                references.push(key);
            }
        }
        if source.is_some() || !references.is_empty() {
            let described_by = described_by(catalog, &dimension.name);
            effects.push(DimensionEffect { dimension, source, described_by, references });
        }
    }
    effects
}

/// The names of the datasets with attributes of a dimension.
fn described_by<'c>(catalog: &'c Catalog, dimension: &str) -> Vec<&'c str> {
    let describes = |dataset: &&Dataset| {
        dataset.dimensions.iter().any(|s| s.name == dimension && !s.attributes.is_empty())
    };
    catalog.datasets().iter().filter(describes).map(|dataset| dataset.name.as_str()).collect()
}

/// The statements that load the members of a batch. `row_counts` is put right after the statements
/// that count them.
pub(super) fn step(effect: &DimensionEffect<'_>, dataset: &Dataset, row_counts: &str) -> String {
    let table = format!("star.{}", ident(&name(&effect.dimension.name)));
    let Some(source) = effect.source else {
        let step = inferred::step(effect.dimension, &effect.references);
        return step + row_counts + &counts::add_inserted(&table);
    };
    let seen = match source.missing {
        Missing::Keep => String::new(),
        Missing::Close | Missing::Flag => presence::step(effect.dimension),
    };
    if effect.dimension.versioned().is_some() {
        return scd2::step(effect, source, dataset) + row_counts + &seen;
    }
    let mut step = overwrite::step(effect, source) + row_counts + &seen;
    if !effect.references.is_empty() {
        step.push('\n');
        step.push_str(&inferred::step_after_members(effect.dimension, &effect.references));
        step.push_str("    inserted := inserted + inferred;\n    members := members + inferred;\n");
    }
    step + &counts::add(&table, "members")
}

/// Whether it has attributes of which a member keeps one value.
pub(super) fn has_single_values(dimension: &Dimension) -> bool {
    !group::all(dimension).is_empty()
}

/// The join from a fact's row to its member. It keeps rows without a member.
pub(super) fn join(
    dimension: &Dimension,
    reference: &DimensionRef,
    as_of: &str,
    row: &str,
) -> String {
    let alias = alias(reference);
    let mut on: Vec<String> = dimension
        .key
        .iter()
        .zip(&reference.key)
        .map(|(theirs, ours)| format!("{alias}.{} = {row}.{}", ident(&theirs.name), ident(ours)))
        .collect();
    if dimension.versioned().is_some() {
        on.push(holds_at(dimension, &alias, as_of));
    }
    format!("left join star.{} {alias} on {}", ident(&name(&reference.dimension)), on.join(" and "))
}

/// The condition that a version covers a time. The first version also covers all time before it, and one that
/// ended with its member the time up to the next one.
pub(super) fn holds_at(dimension: &Dimension, version: &str, time: &str) -> String {
    let end = version_end(dimension);
    format!(
        "({version}.valid_from <= {time} or {version}.is_first)
             and ({version}.{end} > {time} or {version}.{end} is null)"
    )
}

/// The key that a fact's row gets: -1 where a part of the natural key is null.
pub(super) fn key(reference: &DimensionRef, row: &str) -> String {
    let missing: Vec<String> =
        reference.key.iter().map(|column| format!("{row}.{} is null", ident(column))).collect();
    format!(
        "case when {} then {UNKNOWN} else coalesce({}.{}, stardrop.raise_missing_member('star.{}')) end",
        missing.join(" or "),
        alias(reference),
        ident(&key_column(&reference.dimension)),
        name(&reference.dimension),
    )
}

/// An alias for the joined dimension, which no column and no keyword has.
fn alias(reference: &DimensionRef) -> String {
    format!("{}_member", reference.column.strip_suffix("_key").unwrap_or(&reference.column))
}

/// A column of the natural key. Text sorts by bytes, so that the order of locks does not depend on the
/// database's collation.
fn key_part(column: &crate::dataset::Column) -> Column {
    let sql_type = column.column_type.sql_type();
    let collate = if sql_type == SqlType::Text { " collate \"C\"" } else { "" };
    Column::new(&column.name, format!("{sql_type}{collate}"))
}

/// `batch.a is not null and batch.b is not null`
fn key_is_known(key: &[String]) -> String {
    key.iter()
        .map(|column| format!("batch.{} is not null", ident(column)))
        .collect::<Vec<_>>()
        .join(" and ")
}

/// `existing.a = member.a and existing.b = member.b`
fn same_key(key: &[String]) -> String {
    equal("existing", "member", key)
}
