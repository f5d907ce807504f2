//! Ending: the SQL statements that end the versions of members that full extracts no longer have, and mark
//! the observations at which such a member came back.
//!
//! A version ends at the first extract without the member at or after its start, or where the next version
//! starts. Both follow from the extracts and the history alone, whatever arrived first.

use super::super::key_column;
use super::super::presence::{self, LOAD_ORDER, NEXT_FROM, REOPENS};
use super::names::Names;
use crate::star::ident::{equal, ident, list, qualified};

/// The CTEs up to `moment`: how many keys have each member after each time at which one of their extracts
/// begins or ceases to have it. `members` is a query for the members' keys.
fn moments(names: &Names<'_>, members: &str) -> String {
    let presence = presence::Names::of(names.dimension);
    let key = &names.key;
    format!(
        "member as (
            {members}
        ), change as (
            select {presence_key}, l.object_time as at$,
                   case row_number() over (
                       partition by {presence_key}, l.dataset, l.bucket, l.key
                       order by {LOAD_ORDER}
                   ) % 2 when 1 then 1 else -1 end as step$
            from member
            join {presence_table} presence on {presence_is_member}
            join stardrop.load l on l.load_id = presence.load_id
        ), moment as (
            select {change_key}, change.at$,
                   sum(sum(change.step$)) over (partition by {change_key} order by change.at$) as present$
            from change
            group by {change_key}, change.at$
        )",
        presence_table = presence.presence,
        presence_key = qualified("presence", key),
        presence_is_member = equal("presence", "member", key),
        change_key = qualified("change", key),
    )
}

/// Marks the observations of these members at which they came back. `$1` is the load.
pub(super) fn mark_reopening(names: &Names<'_>, members: &str) -> String {
    let Names { history, key, .. } = names;
    format!(
        "    execute $sql$
        with {moments}, ordered as (
            select moment.*,
                   lag(moment.present$) over (partition by {moment_key} order by moment.at$) as before$
            from moment
        ), wanted as (
            select {history_key}, history_row$.observed_at, ordered.at$ is not null as reopens$
            from member
            join {history} history_row$ on {history_is_member}
            left join ordered on {ordered_is_history}
             and ordered.at$ = history_row$.observed_at
             and ordered.before$ = 0
             and ordered.present$ > 0
        )
        update {history} history
        set {REOPENS} = wanted.reopens$
        from wanted
        where {history_is_wanted}
          and history.observed_at = wanted.observed_at
          and history.{REOPENS} <> wanted.reopens$
    $sql$ using in_load_id;
",
        moments = moments(names, members),
        moment_key = qualified("moment", key),
        history_key = qualified("history_row$", key),
        history_is_member = equal("history_row$", "member", key),
        ordered_is_history = equal("ordered", "history_row$", key),
        history_is_wanted = equal("history", "wanted", key),
    )
}

/// Sets the end of each version of these members. `using` is the parameters of the query for them.
pub(super) fn step(names: &Names<'_>, members: &str, using: &str) -> String {
    let Names { dimension, table, key, .. } = names;
    let presence = presence::Names::of(dimension);
    format!(
        "        -- A version ends with its member.
        execute $sql$
        with {moments}, span as (
            select moment.*,
                   lead(moment.at$) over (partition by {moment_key} order by moment.at$) as until$
            from moment
        ), ending as (
            select version.{surrogate},
                   least(version.{NEXT_FROM}, min(
                       case when gap.at$ >= version.valid_from then gap.at$
                       else (
                           -- The version started while no extract had the member.
                           select min(l.object_time)
                           from {extract} known
                           join stardrop.load l on l.load_id = known.load_id
                           where l.object_time > version.valid_from
                             and (l.object_time < gap.until$ or gap.until$ is null)
                             and exists (
                                 select
                                 from {presence_table} presence
                                 join stardrop.load its on its.load_id = presence.load_id
                                 where {presence_is_gap}
                                   and its.dataset = l.dataset and its.bucket = l.bucket and its.key = l.key
                             )
                       ) end
                   )) as valid_to
            from member
            join {table} version on {version_is_member}
            left join span gap on {gap_is_version}
             and gap.present$ = 0
             and (gap.until$ > version.valid_from or gap.until$ is null)
            group by version.{surrogate}
        ), ended as (
            update {table} dim
            set valid_to = ending.valid_to
            from ending
            where dim.{surrogate} = ending.{surrogate} and dim.valid_to is distinct from ending.valid_to
            returning dim.valid_to, dim.{NEXT_FROM}
        )
        select count(*) filter (where {NEXT_FROM} is null and valid_to is not null) from ended
        $sql$ into gone using {using};
",
        moments = moments(names, members),
        moment_key = qualified("moment", key),
        surrogate = ident(&key_column(&dimension.name)),
        extract = presence.extract,
        presence_table = presence.presence,
        presence_is_gap = equal("presence", "gap", key),
        version_is_member = equal("version", "member", key),
        gap_is_version = equal("gap", "version", key),
    )
}

/// The query for the members of which a batch has changed versions; its parameters are the two arrays.
pub(super) fn changed_members(names: &Names<'_>) -> String {
    let key = list(&names.key);
    format!(
        "select {key} from unnest($1)\n            union\n            select {key} from unnest($2)"
    )
}
