//! Single value: the SQL statement that updates attributes of which no versions are kept. They have
//! the same value in all versions of a member.

use super::super::group::Group;
use super::super::{described, key_column};
use super::names::Names;
use crate::dataset::DimensionSource;
use crate::star::ident::{equal, ident, qualified};

pub(super) fn step(names: &Names<'_>, source: &DimensionSource, groups: &[Group<'_>]) -> String {
    let Names { dimension, table, key, .. } = names;
    let may_win: Vec<String> = groups.iter().map(Group::may_win).collect();
    format!(
        "    -- Dimension {dimension}: attributes without versions, in all versions of the member.
    execute $sql$
        with {members}, updated as (
            update {table} as dim set
{set}
            from member, {table} existing
            where existing.{surrogate} = dim.{surrogate}
              and {same_key}
              and ({may_win})
              and ({wins})
            returning {dim_key},
                      existing.{time} <> '-infinity' and dim.load_id = $1 and dim.source_line >= $3 as is_changed$
        )
        select count(distinct ({updated_key})) filter (where is_changed$),
               {described}
        from updated
    $sql$ into members, occurrences using this.load_id, this.object_time, first_line;
{finding}    updated := updated + members;\n",
        dimension = dimension.name,
        members = described::members(dimension, source, groups),
        described = described::count(source, groups),
        finding = described::add(source),
        set = assignments(groups),
        surrogate = ident(&key_column(&dimension.name)),
        same_key = equal("existing", "member", key),
        may_win = may_win.join("\n               or "),
        wins = any_wins(groups),
        time = ident(groups.first().map_or("source_time", |group| &group.time)),
        dim_key = qualified("dim", key),
        updated_key = qualified("updated", key),
    )
}

/// The condition under which the batch's row replaces the values of any of the groups.
fn any_wins(groups: &[Group<'_>]) -> String {
    let wins: Vec<String> = groups.iter().map(wins).collect();
    wins.join("\n               or ")
}

fn wins(group: &Group<'_>) -> String {
    group.wins("$1", "$2", "member")
}

/// The assignments of the update: each group takes its values from the batch's row where that wins.
fn assignments(groups: &[Group<'_>]) -> String {
    let indent = " ".repeat(16);
    let is_only_group = groups.len() == 1;
    let mut lines = Vec::new();
    let mut changes = Vec::new();
    for group in groups {
        let wins = wins(group);
        let mut set = |column: &str, value: &str| {
            let column = ident(column);
            lines.push(if is_only_group {
                format!("{indent}{column} = {value}")
            } else {
                format!("{indent}{column} = case when {wins}\n{indent}    then {value} else dim.{column} end")
            });
        };
        for attribute in group.attributes {
            set(attribute, &format!("member.{}", ident(attribute)));
        }
        set(&group.load, "$1");
        set(&group.time, "$2");
        let differs = group.differs("member");
        changes.push(if is_only_group { differs } else { format!("{wins} and {differs}") });
    }
    let changes = changes.join(&format!("\n{indent}      or "));
    for (column, value) in [("load_id", "$1"), ("source_line", "member.source_line")] {
        lines.push(format!(
            "{indent}{column} = case when {changes}\n{indent}    then {value} else dim.{column} end"
        ));
    }
    lines.join(",\n")
}
