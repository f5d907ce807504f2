//! Undo: generates the function that deletes a load's facts from the star.

use super::function::{Definition, Function};
use super::ident::ident;
use super::{complete, dimension, fact};
use crate::dataset::{Catalog, Dataset, Fact};

/// `staging.undo_<dataset>(load_id)`: deletes the facts that the load inserted or was the last to
/// change. Rows that the load left unchanged are dated by their last change again. Members of
/// dimensions stay, because other facts may refer to them; the next load that has them changes them,
/// however old its file is.
pub(super) fn function(catalog: &Catalog, dataset: &Dataset) -> Function {
    let mut facts: Vec<_> = dataset.facts.iter().collect();
    facts.sort_by(|a, b| a.name.cmp(&b.name));
    let mut steps: String = facts
        .iter()
        .map(|fact| {
            let table = format!("star.{}", ident(&fact::name(&fact.name)));
            let unchanged = if fact.grain.is_some() {
                date_by_last_change(&table, "fact")
            } else {
                String::new()
            };
            let tombstones = delete_tombstones(fact);
            let audit = fact::undo_audit(fact);
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
{tombstones}{unchanged}{audit}"
            )
        })
        .collect();
    let mut sources: Vec<_> =
        dataset.dimensions.iter().filter(|source| !source.attributes.is_empty()).collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    for source in sources {
        let table = format!("star.{}", ident(&dimension::name(&source.name)));
        let Some(dimension) = catalog.dimension(&source.name) else { continue };
        if dimension.versioned().is_some() {
            // Versions and their observations stay, as members do.
            continue;
        }
        for (load, time) in dimension::positions(dimension, source) {
            let position = if time == "source_time" {
                date_by_last_change(&table, "member")
            } else {
                reset_group(&table, &load, &time)
            };
            steps.push_str(&format!("\n{position}"));
        }
    }
    let extracted = dimension::extracted(catalog.dimensions(), dataset);
    steps.extend(extracted.iter().map(|extracted| dimension::remove_extract(extracted)));
    steps.push_str(&complete::rekey(catalog, &extracted));
    if dataset.policy.keeps_staging {
        let table = ident(&dataset.name);
        steps.push_str(&format!(
            "\n    delete from staging.{table} kept where kept.load_id = in_load_id;\n"
        ));
    }
    let steps = if steps.is_empty() { "\n".to_owned() } else { steps };
    let body = format!(
        "
#variable_conflict use_variable
declare
    deleted bigint;
{variables}begin{steps}end
",
        variables =
            if extracted.is_empty() { String::new() } else { complete::variables(&extracted) },
    );
    let definition = Definition {
        name: format!("undo_{}", dataset.name),
        arguments: "in_load_id bigint",
        returns: "void",
        settings: &["jit = off"],
        tag: "undo",
        body,
        rights: String::new(),
    };
    definition.function()
}

/// Rows of which the load was the newest source get the position of the load that last changed them.
fn date_by_last_change(table: &str, row: &str) -> String {
    format!(
        "    update {table} {row}
    set source_load_id = {row}.load_id,
        source_time = coalesce((
            select last_change.object_time from stardrop.load last_change
            where last_change.load_id = {row}.load_id and last_change.load_id <> in_load_id
        ), '-infinity')
    where {row}.source_load_id = in_load_id;
"
    )
}

/// Attributes with a position of their own get that of a group without a value: any file wins.
fn reset_group(table: &str, load: &str, time: &str) -> String {
    format!(
        "    update {table} member set {1} = '-infinity' where member.{0} = in_load_id;\n",
        ident(load),
        ident(time)
    )
}

/// The load's tombstones are deleted, so that a replay can insert older rows of their grains again.
fn delete_tombstones(fact: &Fact) -> String {
    if fact.delete_when.is_none() {
        return String::new();
    }
    let table = ident(&fact::tombstone_name(&fact.name));
    format!("    delete from star.{table} tombstone where tombstone.source_load_id = in_load_id;\n")
}
