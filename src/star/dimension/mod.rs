//! Dimension: a dimension in, its tables and the step that brings a batch's members out.
//!
//! Each way of keeping history is a file; which one serves a dimension is decided in [`step`].

mod chain;
mod group;
mod overwrite;
mod reference;
mod table;
mod versions;

pub(super) use table::{tables, unknown_member};
pub(super) use versions::moved;

use super::counts;
use super::ident::{ident, qualified};
use crate::dataset::{Catalog, Dataset, Dimension, DimensionFeed, DimensionUse};

/// The key of the member that stands for "not known".
pub(super) const UNKNOWN: i64 = -1;

/// The table's name, without the schema.
pub(super) fn name(dimension: &str) -> String {
    format!("dim_{dimension}")
}

/// The table of when each member was seen, for dimensions with versions.
pub(super) fn seen_name(dimension: &str) -> String {
    format!("seen_{dimension}")
}

/// The column that facts refer to.
pub(super) fn key_column(dimension: &str) -> String {
    format!("{dimension}_key")
}

/// The sequence that new members take their keys from.
fn sequence(dimension: &str) -> String {
    format!("dim_{dimension}_seq")
}

/// What a dataset does to a dimension.
pub(super) struct Touch<'c> {
    pub dimension: &'c Dimension,
    /// The attributes that it brings, if any.
    pub feed: Option<&'c DimensionFeed>,
    /// The columns of natural keys that it refers to beside.
    pub references: Vec<&'c [String]>,
}

impl Touch<'_> {
    /// Whether the versions of members may change.
    pub(super) fn changes_versions(&self) -> bool {
        self.feed.is_some() && self.dimension.versioned().is_some()
    }
}

/// What a dataset does to each of its dimensions, in the global order of locks.
pub(super) fn touches<'c>(catalog: &'c Catalog, dataset: &'c Dataset) -> Vec<Touch<'c>> {
    let mut touches = Vec::new();
    for dimension in catalog.dimensions() {
        let declared = dataset.dimensions.iter().find(|feed| feed.name == dimension.name);
        let feed = declared.filter(|feed| !feed.attributes.is_empty());
        let uses = dataset.facts.iter().flat_map(|fact| &fact.dimensions);
        let used = uses.filter(|used| used.dimension == dimension.name).map(|used| &used.key);
        let mut references: Vec<&[String]> = Vec::new();
        for key in declared.map(|feed| &feed.key).into_iter().chain(used) {
            let is_fed = feed.is_some_and(|feed| feed.key == *key);
            if !is_fed && !references.contains(&key.as_slice()) {
                references.push(key);
            }
        }
        if feed.is_some() || !references.is_empty() {
            touches.push(Touch { dimension, feed, references });
        }
    }
    touches
}

/// The statements that bring the members of a batch; `books` stand after those that count them.
pub(super) fn step(touch: &Touch<'_>, dataset: &Dataset, books: &str) -> String {
    let table = format!("star.{}", ident(&name(&touch.dimension.name)));
    let Some(feed) = touch.feed else {
        let step = reference::step(touch.dimension, &touch.references);
        return step + books + &counts::note_inserted_only(&table);
    };
    if touch.dimension.versioned().is_some() {
        return versions::step(touch, feed, dataset) + books;
    }
    let mut step = overwrite::step(touch.dimension, feed) + books;
    if !touch.references.is_empty() {
        step.push('\n');
        step.push_str(&reference::step_beside(touch.dimension, &touch.references));
        step.push_str("    inserted := inserted + inferred;\n    members := members + inferred;\n");
    }
    step + &counts::note(&table, "members")
}

/// The columns that say which load brought a dataset's attributes, and of what time that was.
pub(super) fn positions(dimension: &Dimension, feed: &DimensionFeed) -> Vec<(String, String)> {
    group::brought(dimension, feed).into_iter().map(|group| (group.load, group.time)).collect()
}

/// The join by which a fact's row finds its member; every row stays.
pub(super) fn join(dimension: &Dimension, used: &DimensionUse, as_of: &str, row: &str) -> String {
    let alias = alias(used);
    let mut on: Vec<String> = dimension
        .key
        .iter()
        .zip(&used.key)
        .map(|(theirs, ours)| format!("{alias}.{} = {row}.{}", ident(&theirs.name), ident(ours)))
        .collect();
    if dimension.versioned().is_some() {
        on.push(holds_at(&alias, as_of));
    }
    format!("left join star.{} {alias} on {}", ident(&name(&used.dimension)), on.join(" and "))
}

/// Whether a version is the one of that time; before the first one it is the first one.
pub(super) fn holds_at(version: &str, time: &str) -> String {
    format!(
        "({version}.valid_from <= {time} or {version}.is_first)
             and ({version}.valid_to > {time} or {version}.valid_to is null)"
    )
}

/// The key that a fact's row gets: -1 where a part of the natural key is null.
pub(super) fn key(used: &DimensionUse, row: &str) -> String {
    let missing: Vec<String> =
        used.key.iter().map(|column| format!("{row}.{} is null", ident(column))).collect();
    format!(
        "case when {} then {UNKNOWN} else coalesce({}.{}, stardrop.raise_missing_member('star.{}')) end",
        missing.join(" or "),
        alias(used),
        ident(&key_column(&used.dimension)),
        name(&used.dimension),
    )
}

/// A name for the joined dimension that no column or keyword gets in the way of.
fn alias(used: &DimensionUse) -> String {
    format!("{}_member", used.column.strip_suffix("_key").unwrap_or(&used.column))
}

/// `batch.a is not null and batch.b is not null`
fn key_is_known(key: &[String]) -> String {
    key.iter()
        .map(|column| format!("batch.{} is not null", ident(column)))
        .collect::<Vec<_>>()
        .join(" and ")
}

/// `known.a = member.a and known.b = member.b`
fn same_key(key: &[String]) -> String {
    same("known", "member", key)
}

/// `a.x = b.x and a.y = b.y`
fn same(a: &str, b: &str, key: &[String]) -> String {
    key.iter()
        .map(|column| format!("{a}.{0} = {b}.{0}", ident(column)))
        .collect::<Vec<_>>()
        .join(" and ")
}

/// `(a.x, a.y) is distinct from (b.x, b.y)`
fn differ(a: &str, b: &str, columns: &[String]) -> String {
    format!("({}) is distinct from ({})", qualified(a, columns), qualified(b, columns))
}
