//! Compare: the SQL statement that finds which versions a batch's observations change.
//!
//! An observation starts a version if the member looked different at the observation before it. The
//! statement first compares each observation with the version that covers its time, and goes on only
//! with members for which the two differ. Of these it looks at the time from the first to the last
//! such observation, and at the observation before and the one after: no others can be affected.

use super::super::presence::REOPENS;
use super::super::version_end;
use super::names::Names;
use super::observe::is_observation;
use crate::star::ident::{differ, equal, ident, qualified};

pub(super) fn step(names: &Names<'_>, observed_at: &str) -> String {
    let Names { dimension, table, history, key, versioned } = names;
    format!(
        "    -- Dimension {dimension}: observations that start a version which is missing, and versions
    -- that no observation starts any more.
    execute $sql$
        with incoming as (
            select distinct {batch_key}, {observed_at} as observed_at
            from batch
            where {is_observation}
        ), affected as (
            select {incoming_key}, min(incoming.observed_at) as since$, max(incoming.observed_at) as until$
            from incoming
            join {history} history on {history_is_incoming} and history.observed_at = incoming.observed_at
            left join {table} version on {version_is_incoming}
             and version.valid_from <= incoming.observed_at
             and (version.{end} > incoming.observed_at or version.{end} is null)
            where version.valid_from is null
               or version.valid_from = '-infinity'
               or {version_differs}
            group by {incoming_key}
        ), affected_span as (
            select affected.*,
                   (select history.observed_at
                    from {history} history
                    where {history_is_affected} and history.observed_at < affected.since$
                    order by history.observed_at desc
                    limit 1) as before$,
                   (select history.observed_at
                    from {history} history
                    where {history_is_affected} and history.observed_at > affected.until$
                    order by history.observed_at
                    limit 1) as after$
            from affected
        ), {compared}
        using this.load_id, this.object_time, first_line;\n",
        dimension = dimension.name,
        batch_key = qualified("batch", key),
        is_observation = is_observation(names),
        incoming_key = qualified("incoming", key),
        history_is_incoming = equal("history", "incoming", key),
        version_is_incoming = equal("version", "incoming", key),
        end = version_end(dimension),
        version_differs = differ("version", "history", versioned),
        history_is_affected = equal("history", "affected", key),
        compared = compared(names),
    )
}

/// The same for all observations of some members. `members` is a query for their keys; `using` are the
/// parameters, of which the first is the load.
pub(super) fn whole(names: &Names<'_>, members: &str, using: &str) -> String {
    format!(
        "    execute $sql$
        with affected_span as (
            select member.*, timestamptz '-infinity' as since$, timestamptz 'infinity' as until$,
                   null::timestamptz as before$, null::timestamptz as after$
            from (
                {members}
            ) member
        ), {compared}
        using {using};\n",
        compared = compared(names),
    )
}

/// The end of the statement: compares the observations of `affected_span` with the versions.
fn compared(names: &Names<'_>) -> String {
    let Names { table, history, key, versioned, .. } = names;
    let previous: Vec<String> = versioned
        .iter()
        .map(|column| format!("lag(history_row$.{}) over this_member", ident(column)))
        .collect();
    format!(
        "compared as (
            select history_row$ as observation$, {history_key}, history_row$.observed_at,
                   history_row$.observed_at >= affected_span.since$ as is_affected$,
                   lag(history_row$.observed_at) over this_member is null
                       or ({history_columns}) is distinct from ({previous}){reopens} as starts_version$,
                   history_row$.source_load_id = $1 and history_row$.source_line >= $3 as is_from_this_batch$
            from affected_span
            join {history} history_row$ on {history_is_in_span}
             and history_row$.observed_at between coalesce(affected_span.before$, affected_span.since$)
                                      and coalesce(affected_span.after$, affected_span.until$)
            window this_member as (partition by {history_key} order by history_row$.observed_at)
        )
        select array_agg(compared.observation$) filter (
                   where starts_version$
                     and (version.valid_from is null or {observation_differs})
               ),
               array_agg(compared.observation$) filter (
                   where not starts_version$ and version.valid_from is not null
               ),
               count(*) filter (where starts_version$ and version.valid_from is null and is_from_this_batch$)
        from compared
        left join {table} version on {version_is_compared} and version.valid_from = compared.observed_at
        where is_affected$
    $sql$ into {version_starts}, {redundant_versions}, inserted",
        history_key = qualified("history_row$", key),
        history_columns = qualified("history_row$", versioned),
        previous = previous.join(", "),
        reopens = if names.closes() {
            format!("\n                       or history_row$.{REOPENS}")
        } else {
            String::new()
        },
        history_is_in_span = equal("history_row$", "affected_span", key),
        version_is_compared = equal("version", "compared", key),
        observation_differs = differ("version", "(compared.observation$)", versioned),
        version_starts = names.version_starts(),
        redundant_versions = names.redundant_versions(),
    )
}
