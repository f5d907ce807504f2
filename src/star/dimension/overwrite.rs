//! Overwrite (type 1) and first (type 0): a member looks as the newest row that names it says, or
//! as the oldest one does.
//!
//! Attributes that different datasets bring each have a position of their own, so that a newer
//! file that lacks some of them leaves those alone. New and known members go through one sorted
//! insert, so that two batches lock the members they share in the same order; a known member
//! brings its own key along, so that the sequence counts new members only.

use super::super::counts;
use super::super::ident::{ident, list, qualified};
use super::group::{self, Group};
use super::{key_column, key_is_known, name, same_key, sequence};
use crate::dataset::{Dimension, DimensionFeed, History};

pub(super) fn step(dimension: &Dimension, feed: &DimensionFeed) -> String {
    let table = format!("star.{}", ident(&name(&feed.name)));
    let key = ident(&key_column(&feed.name));
    let groups = group::brought(dimension, feed);
    let positions: Vec<String> = group::all(dimension).iter().flat_map(Group::position).collect();
    // A group that this dataset does not bring has not been brought by it.
    let position_values: Vec<&str> = group::all(dimension)
        .iter()
        .flat_map(|group| {
            let is_brought = groups.iter().any(|brought| brought.load == group.load);
            if is_brought { ["$1", "$2"] } else { ["0", "'-infinity'"] }
        })
        .collect();
    let member_columns: Vec<String> = feed.key.iter().chain(&feed.attributes).cloned().collect();
    let may_win: Vec<String> = groups.iter().map(Group::may_win).collect();
    format!(
        "    -- Dimension {dimension}: {what}.
    execute $sql$
        with {member}, wanted as (
            select known.{key}, {member_columns}, member.source_line
            from member
            left join {table} known on {same_key}
            where known.{key} is null
               or {may_win}
        ), written as (
            insert into {table} as dim
                ({key}, {columns}, load_id, source_line, {positions})
            select coalesce(member.{key}, nextval('{table_sequence}')), {member_columns},
                   $1, member.source_line, {position_values}
            from wanted member
            order by {key_order}
            on conflict ({key_columns}) do update set
{set}
            where {wins}
            returning dim.xmax = 0 as is_new$, dim.load_id = $1 and dim.source_line >= $3 as is_changed$
        )
        {count}
    $sql$ into inserted, updated, members using this.load_id, this.object_time, first_line;
",
        dimension = feed.name,
        what = words(&groups),
        member = members(feed, &groups),
        member_columns = qualified("member", &member_columns),
        same_key = same_key(&feed.key),
        may_win = may_win.join("\n               or "),
        columns = list(&member_columns),
        positions = list(&positions),
        position_values = position_values.join(", "),
        table_sequence = format_args!("star.{}", sequence(&feed.name)),
        key_order = qualified("member", &feed.key),
        key_columns = list(&feed.key),
        set = assignments(&groups, "excluded", "                "),
        wins = any_wins(&groups, "excluded"),
        count = counts::from_written(", (select count(*) from member)"),
    )
}

fn words(groups: &[Group<'_>]) -> &'static str {
    match (has(groups, false), has(groups, true)) {
        (true, true) => {
            "the newest row that names a member says what it looks like, the oldest what stays"
        }
        (false, true) => "the oldest row that names a member says what it looks like",
        _ => "the newest row that names a member says what it looks like",
    }
}

fn has(groups: &[Group<'_>], first: bool) -> bool {
    groups.iter().any(|group| (group.history == History::First) == first)
}

/// `member as (..)`: one row for each member that the batch names, with what it says of it.
pub(super) fn members(feed: &DimensionFeed, groups: &[Group<'_>]) -> String {
    let key = qualified("batch", &feed.key);
    let one = |name: &str, attributes: &[&str], order: &str| {
        let columns: Vec<&str> =
            feed.key.iter().map(String::as_str).chain(attributes.iter().copied()).collect();
        format!(
            "{name} as (
            select distinct on ({key})
                   {columns}, batch.source_line
            from batch
            where {known}
            order by {key}, batch.source_line{order}
        )",
            columns = qualified("batch", &columns),
            known = key_is_known(&feed.key),
        )
    };
    let of = |first: bool| -> Vec<&str> {
        groups
            .iter()
            .filter(|group| (group.history == History::First) == first)
            .flat_map(|group| group.attributes)
            .map(String::as_str)
            .collect()
    };
    match (has(groups, false), has(groups, true)) {
        (true, true) => format!(
            "{}, {}, member as (
            select newest.*, {}
            from newest
            join oldest using ({})
        )",
            one("newest", &of(false), " desc"),
            one("oldest", &of(true), ""),
            qualified("oldest", &of(true)),
            list(&feed.key)
        ),
        (false, true) => one("member", &of(true), ""),
        _ => {
            // In the order of the contract.
            let all: Vec<&str> = feed
                .attributes
                .iter()
                .map(String::as_str)
                .filter(|name| groups.iter().any(|g| g.attributes.iter().any(|a| a == name)))
                .collect();
            one("member", &all, " desc")
        }
    }
}

/// What comes: the load and the time of a group, read from `excluded` or from the parameters.
fn position_of(group: &Group<'_>, brought: &str) -> (String, String) {
    if brought == "excluded" {
        (format!("excluded.{}", ident(&group.load)), format!("excluded.{}", ident(&group.time)))
    } else {
        ("$1".to_owned(), "$2".to_owned())
    }
}

/// Whether any of the groups is to be taken from what comes.
pub(super) fn any_wins(groups: &[Group<'_>], brought: &str) -> String {
    let wins: Vec<String> = groups
        .iter()
        .map(|group| {
            let (load, time) = position_of(group, brought);
            group.wins(&load, &time, brought)
        })
        .collect();
    wins.join("\n               or ")
}

/// The assignments of an update: each group from what comes where that wins.
pub(super) fn assignments(groups: &[Group<'_>], brought: &str, indent: &str) -> String {
    let alone = groups.len() == 1;
    let mut lines = Vec::new();
    let mut changes = Vec::new();
    let mut positions = Vec::new();
    for group in groups {
        let (load, time) = position_of(group, brought);
        let wins = group.wins(&load, &time, brought);
        let set = |to: &mut Vec<String>, column: &str, value: String| {
            let column = ident(column);
            to.push(if alone {
                format!("{indent}{column} = {value}")
            } else {
                format!("{indent}{column} = case when {wins}\n{indent}    then {value} else dim.{column} end")
            });
        };
        for attribute in group.attributes {
            set(&mut lines, attribute, format!("{brought}.{}", ident(attribute)));
        }
        set(&mut positions, &group.load, load);
        set(&mut positions, &group.time, time);
        let differs = group.differs(brought);
        changes.push(if alone { differs } else { format!("{wins} and {differs}") });
    }
    let changes = changes.join(&format!("\n{indent}      or "));
    let load = if brought == "excluded" { "excluded.load_id" } else { "$1" };
    lines.push(format!(
        "{indent}load_id = case when {changes}\n{indent}    then {load} else dim.load_id end"
    ));
    lines.push(format!(
        "{indent}source_line = case when {changes}\n{indent}    then {brought}.source_line else dim.source_line end"
    ));
    lines.extend(positions);
    lines.join(",\n")
}
