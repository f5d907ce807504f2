//! Described: the SQL that finds the members of a batch, one row for each, by what its rows say of them.
//!
//! Rows that describe a member in the same way become one description, by hashing; only these are sorted. A batch
//! has many rows of each member, and one description, as a rule.

use super::group::{Group, Kept};
use super::key_is_known;
use crate::dataset::{Dimension, DimensionSource};
use crate::star::finding;
use crate::star::ident::{differ, equal, ident, list, qualified};

/// `description as (..), member as (..)`: one row for each member in the batch, with its key, the attributes of these
/// groups, and the line that they are from.
pub(super) fn members(
    dimension: &Dimension,
    source: &DimensionSource,
    groups: &[Group<'_>],
) -> String {
    let key = qualified("description", &source.key);
    let columns: Vec<&str> =
        source.key.iter().map(String::as_str).chain(attributes(source, groups)).collect();
    let batch_columns = qualified("batch", &columns);
    let one = |name: &str, kept: Kept| {
        let attributes: Vec<&str> = attributes(source, groups)
            .into_iter()
            .filter(|name| is_kept(groups, name, kept))
            .collect();
        let own: Vec<&str> =
            source.key.iter().map(String::as_str).chain(attributes.iter().copied()).collect();
        let (line, order) = match kept {
            Kept::Newest => ("last_line$", " desc"),
            Kept::Oldest => ("first_line$", ""),
        };
        format!(
            "{name} as (
            select distinct on ({key})
                   {own}, description.{line} as source_line
            from description
            order by {key}, description.{line}{order}
        )",
            own = qualified("description", &own),
        )
    };
    let member = match (has(groups, Kept::Newest), has(groups, Kept::Oldest)) {
        (true, true) => {
            let oldest: Vec<&str> = attributes(source, groups)
                .into_iter()
                .filter(|name| is_kept(groups, name, Kept::Oldest))
                .collect();
            format!(
                "{}, {}, member as (
            select newest.*, {}
            from newest
            join oldest using ({})
        )",
                one("newest", Kept::Newest),
                one("oldest", Kept::Oldest),
                qualified("oldest", &oldest),
                list(&source.key)
            )
        }
        (false, true) => one("member", Kept::Oldest),
        (_, false) => one("member", Kept::Newest),
    };
    format!(
        "description as (
            select {batch_columns},
                   min(batch.source_line) as first_line$, max(batch.source_line) as last_line$
            from batch
            where {known}
            group by {batch_columns}{texts}
        ), {member}",
        known = key_is_known(&source.key),
        texts = texts(dimension, &columns),
    )
}

/// A column of the last query: members that the batch's rows describe differently, and the first line that
/// differs from the member's.
pub(super) fn count(source: &DimensionSource, groups: &[Group<'_>]) -> String {
    let attributes = attributes(source, groups);
    if attributes.is_empty() {
        return "null::bigint[]".to_owned();
    }
    format!(
        "case when (select count(*) from description) > (select count(*) from member) then (
                   select array[count(distinct ({key})), min(description.first_line$)]
                   from description
                   join member on {same_key}
                   where {differ}
               ) end",
        key = qualified("description", &source.key),
        same_key = equal("description", "member", &source.key),
        differ = differ("description", "member", &attributes),
    )
}

/// The statement that adds the finding about them.
pub(super) fn add(source: &DimensionSource) -> String {
    finding::add(finding::SEVERAL_DESCRIPTIONS, &source.name, &source.key, "occurrences")
}

/// Whether any of the groups keeps that value.
pub(super) fn has(groups: &[Group<'_>], kept: Kept) -> bool {
    groups.iter().any(|group| group.kept == kept)
}

/// The dataset's attributes of these groups, in the contract's order.
fn attributes<'d>(source: &'d DimensionSource, groups: &[Group<'_>]) -> Vec<&'d str> {
    let is_of_groups = |name: &&str| groups.iter().any(|g| g.attributes.iter().any(|a| a == name));
    source.attributes.iter().map(String::as_str).filter(is_of_groups).collect()
}

fn is_kept(groups: &[Group<'_>], attribute: &str, kept: Kept) -> bool {
    let of_kept = groups.iter().filter(|group| group.kept == kept);
    of_kept.flat_map(|group| group.attributes).any(|name| name == attribute)
}

/// The texts of columns whose equal values may look different, such as 1.0 and 1.00: each is a description of its
/// own, so that the line decides which one stays.
fn texts(dimension: &Dimension, columns: &[&str]) -> String {
    let known = dimension.key.iter().chain(&dimension.attributes);
    let ambiguous = known.filter(|column| {
        columns.contains(&column.name.as_str())
            && !column.column_type.sql_type().shows_equal_values_alike()
    });
    ambiguous.map(|column| format!(", batch.{}::text", ident(&column.name))).collect()
}
