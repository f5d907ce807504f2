//! Undo: a dataset in; the function that takes a load's facts out of the star again out.

use super::ident::ident;
use super::{dimension, fact};
use crate::dataset::{Catalog, Dataset, Fact};

/// `staging.undo_<dataset>(load_id)`: deletes the facts that the load brought or changed last. What
/// it only confirmed is as new again as whoever changed it last; members stay, for other facts may
/// refer to them, and are changed by the next load that names them, however old its file.
pub(super) fn function(catalog: &Catalog, dataset: &Dataset) -> String {
    let mut facts: Vec<_> = dataset.facts.iter().collect();
    facts.sort_by(|a, b| a.name.cmp(&b.name));
    let mut steps: String = facts
        .iter()
        .map(|fact| {
            let table = format!("star.{}", ident(&fact::name(&fact.name)));
            let confirmed =
                if fact.grain.is_some() { forget(&table, "fact") } else { String::new() };
            let markers = markers(fact);
            format!(
                "
    delete from {table} fact where fact.load_id = in_load_id;
    get diagnostics deleted = row_count;
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', '{table}', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
{markers}{confirmed}"
            )
        })
        .collect();
    let mut feeds: Vec<_> =
        dataset.dimensions.iter().filter(|feed| !feed.attributes.is_empty()).collect();
    feeds.sort_by(|a, b| a.name.cmp(&b.name));
    for feed in feeds {
        let table = format!("star.{}", ident(&dimension::name(&feed.name)));
        let Some(dimension) = catalog.dimension(&feed.name) else { continue };
        if dimension.versioned().is_some() {
            // Versions stay, as members do: what was seen was seen.
            continue;
        }
        for (load, time) in dimension::positions(dimension, feed) {
            let forget = if time == "source_time" {
                forget(&table, "member")
            } else {
                never(&table, &load, &time)
            };
            steps.push_str(&format!("\n{forget}"));
        }
    }
    if dataset.policy.keeps_staging {
        let table = ident(&dataset.name);
        steps.push_str(&format!(
            "\n    delete from staging.{table} kept where kept.load_id = in_load_id;\n"
        ));
    }
    let steps = if steps.is_empty() { "\n".to_owned() } else { steps };
    format!(
        "create or replace function staging.undo_{name}(in_load_id bigint) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $undo$
#variable_conflict use_variable
declare
    deleted bigint;
begin{steps}end
$undo$;
",
        name = dataset.name,
    )
}

/// Rows do not remember the load as the newest one that named them.
fn forget(table: &str, row: &str) -> String {
    format!(
        "    update {table} {row}
    set source_load_id = {row}.load_id,
        source_time = coalesce((
            select before.object_time from stardrop.load before
            where before.load_id = {row}.load_id and before.load_id <> in_load_id
        ), '-infinity')
    where {row}.source_load_id = in_load_id;
"
    )
}

/// Attributes that stand beside the row's own are as good as never brought: whoever names them wins.
fn never(table: &str, load: &str, time: &str) -> String {
    format!(
        "    update {table} member set {1} = '-infinity' where member.{0} = in_load_id;\n",
        ident(load),
        ident(time)
    )
}

/// The load's delete markers go: older rows of their grain may come again, by a replay of theirs.
fn markers(fact: &Fact) -> String {
    if fact.delete_when.is_none() {
        return String::new();
    }
    let table = ident(&fact::deleted_name(&fact.name));
    format!("    delete from star.{table} gone where gone.source_load_id = in_load_id;\n")
}
