//! Versions (type 2): every look that a member had, with the time from which on it had it.
//!
//! What was seen when is written to a table of its own first; the versions follow from it. A row
//! that looks like the one before it makes no version. Which keys are worth a look is found by
//! comparing what the batch saw with the version of that time; only those are computed anew, and
//! of those only the times that the batch brought and the ones right after them.
//!
//! The transaction holds the dimension's lock, so nobody else changes versions or joins facts to
//! them meanwhile: the statements here need no order, and may update from a join.

use super::group::{self, Group};
use super::{Touch, chain, differ, key_is_known, name, overwrite, reference, same, seen_name};
use crate::dataset::{Dataset, Dimension, DimensionFeed};
use crate::star::ident::{ident, list, qualified};
use crate::star::time;

/// The SQL names that the statements of one dimension share.
pub(super) struct Names<'d> {
    pub dimension: &'d Dimension,
    pub table: String,
    pub seen: String,
    pub key: Vec<String>,
    pub versioned: &'d [String],
}

/// The variable that keeps the versions whose facts may belong to another one now.
pub(in crate::star) fn moved(dimension: &str) -> String {
    format!("{dimension}_moved")
}

pub(super) fn step(touch: &Touch<'_>, feed: &DimensionFeed, dataset: &Dataset) -> String {
    let dimension = touch.dimension;
    // Members of which no row says anything are there all the same.
    let mut references = vec![feed.key.as_slice()];
    references.extend(&touch.references);
    let versioned = dimension.versioned().map_or(&[][..], |group| &group.attributes);
    let names = Names {
        dimension,
        table: format!("star.{}", ident(&name(&dimension.name))),
        seen: format!("star.{}", ident(&seen_name(&dimension.name))),
        key: dimension.key_names(),
        versioned,
    };
    let mut steps = vec![
        "    inserted := 0;\n    updated := 0;\n    added := 0;\n    removed := 0;\n".to_owned(),
    ];
    if versioned.iter().any(|attribute| feed.attributes.contains(attribute)) {
        let seen_at = seen_at(feed, dataset);
        steps.push(see(&names, &seen_at));
        steps.push(compare(&names, &seen_at));
        steps.push(format!(
            "    if {0}_starts is not null or {0}_others is not null then\n{1}    end if;\n",
            dimension.name,
            chain::rebuild(&names)
        ));
    }
    steps.push(reference::step_beside(dimension, &references));
    steps.push("    added := added + inferred;\n".to_owned());
    let groups = group::brought(dimension, feed);
    if !groups.is_empty() {
        steps.push(overwrite_all(&names, feed, &groups));
    }
    steps.push(format!(
        "    tables := tables || jsonb_build_object(
        'table_name', '{}', 'inserted', added, 'updated', updated, 'unchanged', 0, 'deleted', removed
    );
    -- A row may begin a version and change what is overwritten: it counts once.
    inserted := least(inserted, staged);
    updated := least(updated, staged - inserted);\n",
        names.table
    ));
    steps.join("\n")
}

/// When a row's version begins: its own time, else its object's.
fn seen_at(feed: &DimensionFeed, dataset: &Dataset) -> String {
    match &feed.valid_from {
        Some(column) => format!("coalesce({}, $2)", time::of(dataset, column, "batch")),
        None => "$2".to_owned(),
    }
}

/// A row with none of the attributes only names its member: it says nothing of its looks.
fn says_something(versioned: &[String]) -> String {
    format!("not (({}) is null)", qualified("batch", versioned))
}

fn see(names: &Names<'_>, seen_at: &str) -> String {
    let Names { dimension, seen, key, versioned, .. } = names;
    let set: String = versioned
        .iter()
        .map(|column| format!("            {0} = excluded.{0},\n", ident(column)))
        .collect();
    format!(
        "    -- Dimension {dimension}: when each member was seen, and what it looked like then.
    execute $sql$
        with brought as (
            select distinct on ({batch_key}, seen_at)
                   {batch_key}, {seen_at} as seen_at, {batch_columns}, batch.source_line
            from batch
            where {key_is_known} and {says_something}
            order by {batch_key}, seen_at, batch.source_line desc
        )
        insert into {seen} as seen
            ({key}, seen_at, {columns}, source_line, source_load_id, source_time)
        select {brought_key}, brought.seen_at, {brought_columns}, brought.source_line, $1, $2
        from brought
        left join {seen} known on {same_key} and known.seen_at = brought.seen_at
        where known.source_load_id is null
           or known.source_load_id <> $1
           or {differs}
        order by {brought_key}, brought.seen_at
        on conflict ({key}, seen_at) do update set
{set}            source_line = excluded.source_line,
            source_load_id = excluded.source_load_id,
            source_time = excluded.source_time
        where excluded.source_time > seen.source_time
           or excluded.source_time = seen.source_time
          and (excluded.source_load_id = seen.source_load_id
              and excluded.source_line >= seen.source_line
               or stardrop.load_sorts_after(excluded.source_load_id, seen.source_load_id))
    $sql$ using this.load_id, this.object_time;\n",
        dimension = dimension.name,
        batch_key = qualified("batch", key),
        batch_columns = qualified("batch", versioned),
        key_is_known = key_is_known(key),
        says_something = says_something(versioned),
        key = list(key),
        columns = list(versioned),
        brought_key = qualified("brought", key),
        brought_columns = qualified("brought", versioned),
        same_key = same("known", "brought", key),
        differs = differ("known", "brought", versioned),
    )
}

/// Which times begin a version now and are none in the dimension, or the other way round.
fn compare(names: &Names<'_>, seen_at: &str) -> String {
    let Names { dimension, table, seen, key, versioned } = names;
    let before: Vec<String> = versioned
        .iter()
        .map(|column| format!("lag(seen_row$.{}) over this_member", ident(column)))
        .collect();
    format!(
        "    -- A time begins a version if the member looked different before it. Worth a look are the
    -- times that do not look like the version they fall into, with the next one before and after.
    execute $sql$
        with brought as (
            select distinct {batch_key}, {seen_at} as seen_at
            from batch
            where {key_is_known} and {says_something}
        ), disturbed as (
            select {brought_key}, min(brought.seen_at) as since$, max(brought.seen_at) as until$
            from brought
            join {seen} seen on {seen_is_brought} and seen.seen_at = brought.seen_at
            left join {table} version on {version_is_brought}
             and version.valid_from <= brought.seen_at
             and (version.valid_to > brought.seen_at or version.valid_to is null)
            where version.valid_from is null
               or version.valid_from = '-infinity'
               or {version_differs}
            group by {brought_key}
        ), stretch as (
            select disturbed.*,
                   (select seen.seen_at
                    from {seen} seen
                    where {seen_is_disturbed} and seen.seen_at < disturbed.since$
                    order by seen.seen_at desc
                    limit 1) as before$,
                   (select seen.seen_at
                    from {seen} seen
                    where {seen_is_disturbed} and seen.seen_at > disturbed.until$
                    order by seen.seen_at
                    limit 1) as after$
            from disturbed
        ), state as (
            select seen_row$ as sighting$, {seen_key}, seen_row$.seen_at,
                   seen_row$.seen_at >= stretch.since$ as is_at_hand$,
                   lag(seen_row$.seen_at) over this_member is null
                       or ({seen_columns}) is distinct from ({before}) as begins_version$,
                   seen_row$.source_load_id = $1 and seen_row$.source_line >= $3 as is_ours$
            from stretch
            join {seen} seen_row$ on {seen_is_stretch}
             and seen_row$.seen_at between coalesce(stretch.before$, stretch.since$)
                                      and coalesce(stretch.after$, stretch.until$)
            window this_member as (partition by {seen_key} order by seen_row$.seen_at)
        )
        select array_agg(state.sighting$) filter (
                   where begins_version$
                     and (version.valid_from is null or {known_differs})
               ),
               array_agg(state.sighting$) filter (
                   where not begins_version$ and version.valid_from is not null
               ),
               count(*) filter (where begins_version$ and version.valid_from is null and is_ours$)
        from state
        left join {table} version on {version_is_state} and version.valid_from = state.seen_at
        where is_at_hand$
    $sql$ into {dimension}_starts, {dimension}_others, inserted
        using this.load_id, this.object_time, first_line;\n",
        dimension = dimension.name,
        batch_key = qualified("batch", key),
        key_is_known = key_is_known(key),
        says_something = says_something(versioned),
        brought_key = qualified("brought", key),
        seen_is_brought = same("seen", "brought", key),
        version_is_brought = same("version", "brought", key),
        version_differs = differ("version", "seen", versioned),
        seen_is_disturbed = same("seen", "disturbed", key),
        seen_key = qualified("seen_row$", key),
        seen_columns = qualified("seen_row$", versioned),
        before = before.join(", "),
        seen_is_stretch = same("seen_row$", "stretch", key),
        version_is_state = same("version", "state", key),
        known_differs = differ("version", "(state.sighting$)", versioned),
    )
}

/// Attributes of which one value is kept stand in all versions of a member.
fn overwrite_all(names: &Names<'_>, feed: &DimensionFeed, groups: &[Group<'_>]) -> String {
    let Names { dimension, table, key, .. } = names;
    let may_differ: Vec<String> = groups.iter().map(Group::may_win).collect();
    format!(
        "    -- Dimension {dimension}: what is not kept in versions, in all versions of the member.
    execute $sql$
        with {members}, written as (
            update {table} as dim set
{set}
            from member, {table} known
            where known.{surrogate} = dim.{surrogate}
              and {same_key}
              and ({may_win})
              and ({wins})
            returning {dim_key},
                      known.{time} <> '-infinity' and dim.load_id = $1 and dim.source_line >= $3 as is_changed$
        )
        select count(distinct ({written_key})) filter (where is_changed$)
        from written
    $sql$ into members using this.load_id, this.object_time, first_line;
    updated := updated + members;\n",
        dimension = dimension.name,
        members = overwrite::members(feed, groups),
        set = overwrite::assignments(groups, "member", "                "),
        surrogate = ident(&super::key_column(&dimension.name)),
        same_key = same("known", "member", key),
        may_win = may_differ.join("\n               or "),
        wins = overwrite::any_wins(groups, "member"),
        time = ident(groups.first().map_or("source_time", |group| &group.time)),
        dim_key = qualified("dim", key),
        written_key = qualified("written", key),
    )
}
