//! Chain: the times that begin a version and those that do not in; the statements that make the
//! dimension's versions follow from them out.
//!
//! The order matters: Postgres checks at once that no member has two versions with one beginning
//! or one end, and at the commit that each ends where another begins.

use super::versions::{Names, moved};
use super::{differ, key_column, same, table};
use crate::star::ident::{ident, list, qualified};

/// The statements, for where there is anything to do.
pub(super) fn rebuild(names: &Names<'_>) -> String {
    let steps = [heal(names), take_out(names), correct(names), link(names), put_in(names)];
    steps.join("\n")
}

/// An inferred member takes its first version's place, so that facts that refer to it stay.
fn heal(names: &Names<'_>) -> String {
    let Names { dimension, table, key, versioned, .. } = names;
    format!(
        "        -- A member that was inferred from its key becomes its first version.
        execute $sql$
            update {table} dim
            set valid_from = start.seen_at, {set}load_id = start.source_load_id,
                source_line = start.source_line{position}
            from (
                select distinct on ({key}) *
                from unnest($1)
                order by {key}, seen_at
            ) start
            where {same_key} and dim.valid_from = '-infinity'
        $sql$ using {dimension}_starts;
",
        dimension = dimension.name,
        key = list(key),
        set = assignments(versioned),
        position = own_position(names, "start"),
        same_key = same("dim", "start", key),
    )
}

fn assignments(versioned: &[String]) -> String {
    versioned.iter().map(|column| format!("{0} = start.{0}, ", ident(column))).collect()
}

/// Without attributes that are overwritten a version's position is that of what began it.
fn own_position(names: &Names<'_>, from: &str) -> String {
    if has_overwritten(names) {
        return String::new();
    }
    format!(
        ",\n                source_load_id = {from}.source_load_id, source_time = {from}.source_time"
    )
}

fn has_overwritten(names: &Names<'_>) -> bool {
    !table::positions(names.dimension).is_empty()
}

fn take_out(names: &Names<'_>) -> String {
    let Names { dimension, table, key, .. } = names;
    format!(
        "        -- What looks like the version before it is none any more.
        execute $sql$
            with gone as (
                delete from {table} dim_row$
                using unnest($1) other
                where {same_key} and dim_row$.valid_from = other.seen_at
                returning dim_row$ as version$
            )
            select array_agg(gone.version$), count(*) from gone
        $sql$ into {moved}, removed using {dimension}_others;
",
        dimension = dimension.name,
        same_key = same("dim_row$", "other", key),
        moved = moved(&dimension.name),
    )
}

fn correct(names: &Names<'_>) -> String {
    let Names { dimension, table, key, versioned, .. } = names;
    format!(
        "        -- Of two rows of one time the newer one counts.
        execute $sql$
            update {table} dim
            set {set}load_id = start.source_load_id, source_line = start.source_line{position}
            from unnest($1) start
            where {same_key} and dim.valid_from = start.seen_at
              and {differs}
        $sql$ using {dimension}_starts;
        get diagnostics updated = row_count;
",
        dimension = dimension.name,
        set = assignments(versioned),
        position = own_position(names, "start"),
        same_key = same("dim", "start", key),
        differs = differ("dim", "start", versioned),
    )
}

/// `chain as (..)`: the versions of the members at hand, known and new ones, each with its end.
fn chain(names: &Names<'_>) -> String {
    let Names { dimension, table, key, .. } = names;
    format!(
        "member as (
                select {key} from unnest($1)
                union
                select {key} from unnest($2)
            ), known as (
                select dim_row$ as version$, dim_row$.{surrogate}, {dim_key}, dim_row$.valid_from
                from {table} dim_row$
                join member using ({key})
            ), link as (
                select {key}, valid_from from known
                union
                select {key}, seen_at from unnest($1)
            ), chain as (
                select link.*,
                       lead(valid_from) over this_member as valid_to,
                       lag(valid_from) over this_member is null as is_first
                from link
                window this_member as (partition by {key} order by valid_from)
            )",
        key = list(key),
        surrogate = ident(&key_column(&dimension.name)),
        dim_key = qualified("dim_row$", key),
    )
}

fn link(names: &Names<'_>) -> String {
    let Names { dimension, table, key, .. } = names;
    format!(
        "        -- Each version ends where the next one begins.
        execute $sql$
            with {chain}, linked as (
                update {table} dim
                set valid_to = chain.valid_to, is_first = chain.is_first
                from chain
                join known using ({key}, valid_from)
                where dim.{surrogate} = known.{surrogate}
                  and (dim.valid_to, dim.is_first) is distinct from (chain.valid_to, chain.is_first)
                returning known.version$
            )
            select $3 || array_agg(linked.version$) from linked
        $sql$ into {moved} using {dimension}_starts, {dimension}_others, {moved};
",
        dimension = dimension.name,
        chain = chain(names),
        key = list(key),
        surrogate = ident(&key_column(&dimension.name)),
        moved = moved(&dimension.name),
    )
}

fn put_in(names: &Names<'_>) -> String {
    let Names { dimension, table, key, versioned, .. } = names;
    let positions = table::positions(dimension);
    let overwritten: Vec<String> = dimension
        .attributes
        .iter()
        .map(|column| column.name.clone())
        .filter(|name| !versioned.contains(name))
        .collect();
    // What is overwritten is the same in all versions of a member; one that has just been taken
    // out may have been the last to know it.
    let (columns, values, kin) = if has_overwritten(names) {
        let columns: Vec<String> = overwritten.iter().chain(&positions).cloned().collect();
        let values: String = overwritten
            .iter()
            .map(|column| format!("kin.{}, ", ident(column)))
            .chain(positions.iter().map(|column| {
                let unknown = if column.ends_with("_time") { "'-infinity'" } else { "0" };
                format!("coalesce(kin.{}, {unknown}), ", ident(column))
            }))
            .collect();
        let kin = format!(
            "
            left join lateral (
                select dim.* from {table} dim where {dim_is_start}
                union all
                select gone.* from unnest($3) gone where {gone_is_start}
                limit 1
            ) kin on true",
            dim_is_start = same("dim", "start", key),
            gone_is_start = same("gone", "start", key),
        );
        (columns, values, kin)
    } else {
        (
            vec!["source_load_id".to_owned(), "source_time".to_owned()],
            "start.source_load_id, start.source_time, ".to_owned(),
            String::new(),
        )
    };
    format!(
        "        execute $sql$
            with {chain}
            insert into {table}
                ({key}, {versioned}, valid_from, valid_to, is_first, {columns}, load_id, source_line)
            select {start_key}, {start_versioned}, chain.valid_from, chain.valid_to, chain.is_first,
                   {values}start.source_load_id, start.source_line
            from chain
            join unnest($1) start on {same_key} and start.seen_at = chain.valid_from{kin}
            where not exists (
                select from known where {known_is_chain} and known.valid_from = chain.valid_from
            )
            order by {start_key}, chain.valid_from
        $sql$ using {dimension}_starts, {dimension}_others, {moved};
        get diagnostics added = row_count;
",
        dimension = dimension.name,
        chain = chain(names),
        versioned = list(versioned),
        columns = list(&columns),
        key = list(key),
        start_key = qualified("start", key),
        start_versioned = qualified("start", versioned),
        same_key = same("start", "chain", key),
        known_is_chain = same("known", "chain", key),
        moved = moved(&dimension.name),
    )
}
