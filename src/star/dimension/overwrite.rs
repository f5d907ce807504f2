//! Overwrite: the SQL step for dimensions without versions. Each attribute of a member keeps one
//! value: the newest (type 1), or the first (type 0).
//!
//! Attributes from different datasets have a position each, so that a newer file that lacks some of
//! them leaves those unchanged. New and existing members go through one sorted insert, so that two
//! batches lock the members that both have in the same order. An existing member is inserted with its
//! own key, so that only new members take a number from the sequence.

use super::group::{self, Group, Kept};
use super::{described, key_column, name, same_key, sequence};
use crate::dataset::{Dimension, DimensionSource};
use crate::star::counts;
use crate::star::ident::{ident, list, qualified};

pub(super) fn step(dimension: &Dimension, source: &DimensionSource) -> String {
    let table = format!("star.{}", ident(&name(&source.name)));
    let key = ident(&key_column(&source.name));
    let groups = group::of_source(dimension, source);
    let positions: Vec<String> = group::all(dimension).iter().flat_map(Group::position).collect();
    // A group of which this dataset has no attribute gets the position of a group without a value.
    let position_values: Vec<&str> = group::all(dimension)
        .iter()
        .flat_map(|group| {
            let is_incoming = groups.iter().any(|incoming| incoming.load == group.load);
            if is_incoming { ["$1", "$2"] } else { ["0", "'-infinity'"] }
        })
        .collect();
    let member_columns: Vec<String> =
        source.key.iter().chain(&source.attributes).cloned().collect();
    let may_win: Vec<String> = groups.iter().map(Group::may_win).collect();
    format!(
        "    -- Dimension {dimension}: {what}.
    execute $sql$
        with {member}, changed as (
            select existing.{key}, {member_columns}, member.source_line
            from member
            left join {table} existing on {same_key}
            where existing.{key} is null
               or {may_win}
        ), upserted as (
            insert into {table} as dim
                ({key}, {columns}, load_id, source_line, {positions})
            select coalesce(member.{key}, nextval('{table_sequence}')), {member_columns},
                   $1, member.source_line, {position_values}
            from changed member
            order by {key_order}
            on conflict ({key_columns}) do update set
{set}
            where {wins}
            returning dim.xmax = 0 as is_new$, dim.load_id = $1 and dim.source_line >= $3 as is_changed$
        )
        {count}
    $sql$ into inserted, updated, members, occurrences
        using this.load_id, this.object_time, first_line;
{finding}",
        finding = described::add(source),
        dimension = source.name,
        what = summary(&groups),
        member = described::members(dimension, source, &groups),
        member_columns = qualified("member", &member_columns),
        same_key = same_key(&source.key),
        may_win = may_win.join("\n               or "),
        columns = list(&member_columns),
        positions = list(&positions),
        position_values = position_values.join(", "),
        table_sequence = format_args!("star.{}", sequence(&source.name)),
        key_order = qualified("member", &source.key),
        key_columns = list(&source.key),
        set = assignments(&groups, "excluded", "                "),
        wins = any_wins(&groups, "excluded"),
        count = counts::from_upserted(&format!(
            ", (select count(*) from member),\n               {}",
            described::count(source, &groups)
        )),
    )
}

fn summary(groups: &[Group<'_>]) -> &'static str {
    match (described::has(groups, Kept::Newest), described::has(groups, Kept::Oldest)) {
        (true, true) => "the newest value of some attributes, the oldest of others",
        (false, true) => "the oldest value of each attribute",
        (_, false) => "the newest value of each attribute",
    }
}

/// The incoming load and time of a group: columns of `excluded`, else the statement's parameters.
fn position_of(group: &Group<'_>, incoming: &str) -> (String, String) {
    if incoming == "excluded" {
        (format!("excluded.{}", ident(&group.load)), format!("excluded.{}", ident(&group.time)))
    } else {
        ("$1".to_owned(), "$2".to_owned())
    }
}

/// The condition under which the incoming row replaces the values of any of the groups.
pub(super) fn any_wins(groups: &[Group<'_>], incoming: &str) -> String {
    let wins: Vec<String> = groups
        .iter()
        .map(|group| {
            let (load, time) = position_of(group, incoming);
            group.wins(&load, &time, incoming)
        })
        .collect();
    wins.join("\n               or ")
}

/// The assignments of an update: each group takes its values from the incoming row where that wins.
pub(super) fn assignments(groups: &[Group<'_>], incoming: &str, indent: &str) -> String {
    let is_only_group = groups.len() == 1;
    let mut lines = Vec::new();
    let mut changes = Vec::new();
    let mut positions = Vec::new();
    for group in groups {
        let (load, time) = position_of(group, incoming);
        let wins = group.wins(&load, &time, incoming);
        let set = |to: &mut Vec<String>, column: &str, value: String| {
            let column = ident(column);
            to.push(if is_only_group {
                format!("{indent}{column} = {value}")
            } else {
                format!("{indent}{column} = case when {wins}\n{indent}    then {value} else dim.{column} end")
            });
        };
        for attribute in group.attributes {
            set(&mut lines, attribute, format!("{incoming}.{}", ident(attribute)));
        }
        set(&mut positions, &group.load, load);
        set(&mut positions, &group.time, time);
        let differs = group.differs(incoming);
        changes.push(if is_only_group { differs } else { format!("{wins} and {differs}") });
    }
    let changes = changes.join(&format!("\n{indent}      or "));
    let load = if incoming == "excluded" { "excluded.load_id" } else { "$1" };
    lines.push(format!(
        "{indent}load_id = case when {changes}\n{indent}    then {load} else dim.load_id end"
    ));
    lines.push(format!(
        "{indent}source_line = case when {changes}\n{indent}    then {incoming}.source_line else dim.source_line end"
    ));
    lines.extend(positions);
    lines.join(",\n")
}
