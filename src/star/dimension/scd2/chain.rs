//! Chain: the SQL statements that change a dimension's versions to match its observations.
//!
//! They read the arrays that `compare` filled. Their order matters: Postgres checks at once that no
//! two versions of a member start or end at the same time, and at the commit that each version ends
//! where the next one starts.

use super::super::presence::{IS_DELETED, NEXT_FROM};
use super::super::{key_column, table, version_end};
use super::names::Names;
use crate::star::ident::{differ, equal, ident, list, qualified};

/// The statements that delete, change, link and insert versions.
pub(super) fn rebuild(names: &Names<'_>) -> String {
    let steps = [
        complete_inferred(names),
        delete_redundant(names),
        correct(names),
        link(names),
        insert_missing(names),
    ];
    steps.join("\n")
}

/// The row of an inferred member becomes the member's first version, so that facts that refer to it
/// keep their key.
fn complete_inferred(names: &Names<'_>) -> String {
    let Names { table, key, versioned, .. } = names;
    format!(
        "        -- The row of an inferred member becomes its first version.
        execute $sql$
            update {table} dim
            set valid_from = version_start.observed_at, {set}load_id = version_start.source_load_id,
                source_line = version_start.source_line{position}
            from (
                select distinct on ({key}) *
                from unnest($1)
                order by {key}, observed_at
            ) version_start
            where {same_key} and dim.valid_from = '-infinity'
        $sql$ using {version_starts};
",
        version_starts = names.version_starts(),
        key = list(key),
        set = assignments(versioned),
        position = own_position(names),
        same_key = equal("dim", "version_start", key),
    )
}

fn assignments(versioned: &[String]) -> String {
    versioned.iter().map(|column| format!("{0} = version_start.{0}, ", ident(column))).collect()
}

/// A version's position is that of the observation that starts it, unless the dimension also has
/// attributes with a single value: then the position is theirs.
fn own_position(names: &Names<'_>) -> &'static str {
    if names.has_single_values() {
        return "";
    }
    ",
                source_load_id = version_start.source_load_id, source_time = version_start.source_time"
}

fn delete_redundant(names: &Names<'_>) -> String {
    let Names { table, key, .. } = names;
    format!(
        "        -- A version that looks like the one before it is deleted.
        execute $sql$
            with deleted as (
                delete from {table} dim_row$
                using unnest($1) redundant
                where {same_key} and dim_row$.valid_from = redundant.observed_at
                returning dim_row$ as version$
            )
            select array_agg(deleted.version$), count(*) from deleted
        $sql$ into {changed_versions}, removed using {redundant_versions};
",
        redundant_versions = names.redundant_versions(),
        same_key = equal("dim_row$", "redundant", key),
        changed_versions = names.changed_versions(),
    )
}

fn correct(names: &Names<'_>) -> String {
    let Names { table, key, versioned, .. } = names;
    format!(
        "        -- Of two observations at one time the newer one counts.
        execute $sql$
            update {table} dim
            set {set}load_id = version_start.source_load_id, source_line = version_start.source_line{position}
            from unnest($1) version_start
            where {same_key} and dim.valid_from = version_start.observed_at
              and {differs}
        $sql$ using {version_starts};
        get diagnostics updated = row_count;
",
        version_starts = names.version_starts(),
        set = assignments(versioned),
        position = own_position(names),
        same_key = equal("dim", "version_start", key),
        differs = differ("dim", "version_start", versioned),
    )
}

/// CTEs up to `version_chain`: the existing and the missing versions of the affected members, each
/// with its end.
fn version_chain(names: &Names<'_>) -> String {
    let Names { dimension, table, key, .. } = names;
    format!(
        "member as (
                select {key} from unnest($1)
                union
                select {key} from unnest($2)
            ), existing as (
                select dim_row$ as version$, dim_row$.{surrogate}, {dim_key}, dim_row$.valid_from
                from {table} dim_row$
                join member using ({key})
            ), boundary as (
                select {key}, valid_from from existing
                union
                select {key}, observed_at from unnest($1)
            ), version_chain as (
                select boundary.*,
                       lead(valid_from) over this_member as valid_to,
                       lag(valid_from) over this_member is null as is_first
                from boundary
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
        "        -- Each version ends where the next one starts.
        execute $sql$
            with {version_chain}, linked as (
                update {table} dim
                set valid_to = version_chain.valid_to, {next_from}is_first = version_chain.is_first
                from version_chain
                join existing using ({key}, valid_from)
                where dim.{surrogate} = existing.{surrogate}
                  and (dim.{end}, dim.is_first) is distinct from (version_chain.valid_to, version_chain.is_first)
                returning existing.version$
            )
            select $3 || array_agg(linked.version$) from linked
        $sql$ into {changed_versions} using {version_starts}, {redundant_versions}, {changed_versions};
",
        version_starts = names.version_starts(),
        redundant_versions = names.redundant_versions(),
        version_chain = version_chain(names),
        // A version that ends before that gets its end afterwards.
        next_from = if names.closes() {
            format!("{NEXT_FROM} = version_chain.valid_to, ")
        } else {
            String::new()
        },
        end = version_end(dimension),
        key = list(key),
        surrogate = ident(&key_column(&dimension.name)),
        changed_versions = names.changed_versions(),
    )
}

fn insert_missing(names: &Names<'_>) -> String {
    let Names { dimension, table, key, versioned, .. } = names;
    let positions = table::positions(dimension);
    let single_valued: Vec<String> = dimension
        .attributes
        .iter()
        .map(|column| column.name.clone())
        .filter(|name| !versioned.contains(name))
        .collect();
    // Attributes without versions are copied from another version of the member: one that exists, or
    // else one that `delete_redundant` has just deleted.
    let (mut columns, mut values) = if names.has_single_values() {
        let columns: Vec<String> = single_valued.iter().chain(&positions).cloned().collect();
        let values: String = single_valued
            .iter()
            .map(|column| format!("sibling.{}, ", ident(column)))
            .chain(positions.iter().map(|column| {
                let default = if column.ends_with("_time") { "'-infinity'" } else { "0" };
                format!("coalesce(sibling.{}, {default}), ", ident(column))
            }))
            .collect();
        (columns, values)
    } else {
        (
            vec!["source_load_id".to_owned(), "source_time".to_owned()],
            "version_start.source_load_id, version_start.source_time, ".to_owned(),
        )
    };
    if names.flags() {
        columns.push(IS_DELETED.to_owned());
        values.push_str(&format!("coalesce(sibling.{IS_DELETED}, false), "));
    }
    if names.closes() {
        columns.push(NEXT_FROM.to_owned());
        values.push_str("version_chain.valid_to, ");
    }
    let sibling = if names.has_single_values() || names.flags() {
        format!(
            "
            left join lateral (
                select dim.* from {table} dim where {dim_is_member}
                union all
                select deleted.* from unnest($3) deleted where {deleted_is_member}
                limit 1
            ) sibling on true",
            dim_is_member = equal("dim", "version_start", key),
            deleted_is_member = equal("deleted", "version_start", key),
        )
    } else {
        String::new()
    };
    format!(
        "        -- Versions that are missing.
        execute $sql$
            with {version_chain}
            insert into {table}
                ({key}, {versioned}, valid_from, valid_to, is_first, {columns}, load_id, source_line)
            select {version_start_key}, {version_start_columns}, version_chain.valid_from, version_chain.valid_to, version_chain.is_first,
                   {values}version_start.source_load_id, version_start.source_line
            from version_chain
            join unnest($1) version_start on {same_key} and version_start.observed_at = version_chain.valid_from{sibling}
            where not exists (
                select from existing where {existing_is_member} and existing.valid_from = version_chain.valid_from
            )
            order by {version_start_key}, version_chain.valid_from
        $sql$ using {version_starts}, {redundant_versions}, {changed_versions};
        get diagnostics added = row_count;
",
        version_starts = names.version_starts(),
        redundant_versions = names.redundant_versions(),
        version_chain = version_chain(names),
        versioned = list(versioned),
        columns = list(&columns),
        key = list(key),
        version_start_key = qualified("version_start", key),
        version_start_columns = qualified("version_start", versioned),
        same_key = equal("version_start", "version_chain", key),
        existing_is_member = equal("existing", "version_chain", key),
        changed_versions = names.changed_versions(),
    )
}
