//! Extract: the SQL statements that add a full extract to those of its key, or take it away, and change the
//! dimension to match.
//!
//! A member of which two neighbors say different things is saved with the later one. So where one extract says
//! something else than before, the member is added to, or deleted from, what is saved of that extract and of
//! the next.

mod flag;

use super::presence::{LOAD_ORDER, Names};
use super::scd2;
use crate::dataset::{Dimension, Missing};
use crate::star::ident::{equal, list, qualified};

/// The variables that the statements need.
pub(in crate::star) const VARIABLES: &str = "    extract_time timestamptz;
    up_to_this bigint[];
    next_extract bigint;
    is_new boolean;
    gone bigint := 0;
    back bigint := 0;
    inserted bigint := 0;
    updated bigint := 0;
    added bigint := 0;
    removed bigint := 0;
";

/// The statements that add the load, or more of its members once its rejected rows are reloaded.
pub(in crate::star) fn add(dimension: &Dimension) -> String {
    let names = Names::of(dimension);
    let Names { extract, seen, presence, key, table, .. } = &names;
    let affected = format!(
        "    -- Members without a row in this extract whose version no extract has ended: their rows are those of a
    -- load that failed, or were inserted by hand.
    execute $sql$
        insert into {seen} (load_id, {key})
        select distinct $1, {version_key}
        from {table} version
        join (
            select {presence_key}
            from {presence} presence
            join stardrop.load l on l.load_id = presence.load_id
            join stardrop.load this on this.dataset = l.dataset and this.bucket = l.bucket and this.key = l.key
            where this.load_id = $1
            group by {presence_key}
            having count(*) filter (where presence.load_id = any ($2)) % 2 = 0
        ) absent on {version_is_absent}
        where version.valid_from < $3
          and (version.valid_to > $3 or version.valid_to is null)
        on conflict do nothing
    $sql$ using in_load_id, up_to_this, extract_time;
",
        version_key = qualified("version", key),
        presence_key = qualified("presence", key),
        version_is_absent = equal("version", "absent", key),
        key = list(key),
    );
    format!(
        "{neighbors}    -- From here on the members that are seen are those of which the extract says something else than the
    -- one before. Rejected rows that are reloaded can only add members.
    execute $sql$
        with before as (
            select {key}
            from {presence}
            where load_id = any ($2)
            group by {key}
            having count(*) % 2 = 1
        ), unchanged as (
            delete from {seen} seen
            using before
            where seen.load_id = $1 and {seen_is_before}
        )
        insert into {seen} (load_id, {key})
        select $1, {before_key}
        from before
        where $3
          and not exists (select from {seen} seen where seen.load_id = $1 and {seen_is_before})
    $sql$ using in_load_id, up_to_this, is_new;
    insert into {extract} (load_id) values (in_load_id) on conflict do nothing;
{toggle_this}{toggle_next}{change}    delete from {seen} seen where seen.load_id = in_load_id;
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', '{table}', 'inserted', added, 'updated', back, 'unchanged', 0, 'deleted', gone
        ))
    ), 0, 0, 0);
",
        neighbors = neighbors(&names),
        seen_is_before = equal("seen", "before", key),
        before_key = qualified("before", key),
        toggle_this = toggle(&names, "in_load_id"),
        toggle_next = toggle(&names, "next_extract"),
        change = change(&names, &affected),
        key = list(key),
    )
}

/// The statements that take the load away.
pub(in crate::star) fn remove(dimension: &Dimension) -> String {
    let names = Names::of(dimension);
    let Names { extract, seen, presence, key, table, .. } = &names;
    let affected = format!(
        "        -- Members that this extract was the first not to have.
        insert into {seen} (load_id, {key})
        select distinct in_load_id, {version_key}
        from {table} version
        where version.valid_to = extract_time
        on conflict do nothing;
",
        version_key = qualified("version", key),
        key = list(key),
    );
    format!(
        "{neighbors}    delete from {seen} seen where seen.load_id = in_load_id;
    if not is_new then
        insert into {seen} (load_id, {key})
        select presence.load_id, {presence_key}
        from {presence} presence
        where presence.load_id = in_load_id;
        delete from {presence} presence where presence.load_id = in_load_id;
{toggle_next}        delete from {extract} known where known.load_id = in_load_id;
{change}        delete from {seen} seen where seen.load_id = in_load_id;
    end if;
",
        neighbors = neighbors(&names),
        presence_key = qualified("presence", key),
        toggle_next = toggle(&names, "next_extract"),
        change = change(&names, &affected),
        key = list(key),
    )
}

/// Finds the extracts of the key up to this one, in their order, and the one that follows.
fn neighbors(names: &Names<'_>) -> String {
    let Names { dimension, extract, .. } = names;
    format!(
        "
    -- Dimension {dimension}: the extracts of this key.
    is_new := not exists (select from {extract} known where known.load_id = in_load_id);
    select this.object_time,
           neighbors.loads[:array_position(neighbors.loads, in_load_id)],
           neighbors.loads[array_position(neighbors.loads, in_load_id) + 1]
    into extract_time, up_to_this, next_extract
    from stardrop.load this
    cross join lateral (
        select array_agg(l.load_id order by {LOAD_ORDER}) as loads
        from stardrop.load l
        where l.dataset = this.dataset
          and l.bucket = this.bucket
          and l.key = this.key
          and (l.load_id = in_load_id
               or exists (select from {extract} known where known.load_id = l.load_id))
    ) neighbors
    where this.load_id = in_load_id;
",
        dimension = dimension.name,
    )
}

/// Changes for each member that is seen whether it is saved with an extract; nothing if that is null.
fn toggle(names: &Names<'_>, extract: &str) -> String {
    let Names { seen, presence, key, .. } = names;
    format!(
        "    execute $sql$
        with deleted as (
            delete from {presence} presence
            using {seen} seen
            where seen.load_id = $1 and presence.load_id = $2 and {same_key}
        )
        insert into {presence} ({key}, load_id)
        select {seen_key}, $2
        from {seen} seen
        where seen.load_id = $1
          and $2 is not null
          and not exists (select from {presence} presence where presence.load_id = $2 and {same_key})
    $sql$ using in_load_id, {extract};
",
        same_key = equal("presence", "seen", key),
        key = list(key),
        seen_key = qualified("seen", key),
    )
}

/// Changes the dimension's rows of the members that are seen; for versions, `affected` first adds members to
/// them.
fn change(names: &Names<'_>, affected: &str) -> String {
    match names.dimension.missing {
        Missing::Keep => String::new(),
        Missing::Flag => flag::step(names),
        Missing::Close => format!(
            "{affected}{}",
            scd2::change_presence(
                names.dimension,
                &format!("select {} from {} where load_id = $1", list(&names.key), names.seen)
            )
        ),
    }
}
