//! Flag: the SQL statement that sets `is_deleted` of the members that an extract changes.

use super::super::presence::{IS_DELETED, Names};
use crate::star::ident::{equal, qualified};

/// Sets the column for the members that are seen: true if the newest extract of no key has them. A member that
/// no extract has had is not gone.
pub(super) fn step(names: &Names<'_>) -> String {
    let Names { table, seen, presence, key, .. } = names;
    format!(
        "    execute $sql$
        with of_key as (
            select {presence_key}, count(*) % 2 = 1 as has_it$
            from {seen} seen
            join {presence} presence on {presence_is_seen}
            join stardrop.load l on l.load_id = presence.load_id
            where seen.load_id = $1
            group by {presence_key}, l.dataset, l.bucket, l.key
        ), wanted as (
            select {seen_key}, bool_or(of_key.has_it$) is false as is_deleted$
            from {seen} seen
            left join of_key on {of_key_is_seen}
            where seen.load_id = $1
            group by {seen_key}
        ), updated as (
            update {table} dim
            set {IS_DELETED} = wanted.is_deleted$
            from wanted
            where {dim_is_wanted} and dim.{IS_DELETED} <> wanted.is_deleted$
            returning {dim_key}, dim.{IS_DELETED}
        )
        select count(distinct ({updated_key})) filter (where {IS_DELETED}),
               count(distinct ({updated_key})) filter (where not {IS_DELETED})
        from updated
    $sql$ into gone, back using in_load_id;
",
        presence_key = qualified("presence", key),
        presence_is_seen = equal("presence", "seen", key),
        of_key_is_seen = equal("of_key", "seen", key),
        seen_key = qualified("seen", key),
        dim_is_wanted = equal("dim", "wanted", key),
        dim_key = qualified("dim", key),
        updated_key = qualified("updated", key),
    )
}
