//! Single value: the SQL statement that updates attributes of which no versions are kept. They have
//! the same value in all versions of a member.

use super::super::group::Group;
use super::super::{described, key_column, overwrite};
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
        set = overwrite::assignments(groups, "member", "                "),
        surrogate = ident(&key_column(&dimension.name)),
        same_key = equal("existing", "member", key),
        may_win = may_win.join("\n               or "),
        wins = overwrite::any_wins(groups, "member"),
        time = ident(groups.first().map_or("source_time", |group| &group.time)),
        dim_key = qualified("dim", key),
        updated_key = qualified("updated", key),
    )
}
