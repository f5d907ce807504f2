//! Undo: generates the function that takes a load back from the star: its facts, and what it has said of members.

use std::collections::BTreeSet;

use super::dimension::DimensionEffect;
use super::function::{Definition, Function};
use super::ident::{ident, literal};
use super::{all_facts, dimension, fact};
use crate::dataset::{Catalog, Dataset, Dimension, Fact};

/// `staging.undo_<dataset>(load_id, replays)`: deletes the facts that the load inserted or was the last to change, its
/// observations with the versions that followed from them, and the values of members that are its own. Rows that
/// it left unchanged are dated by their last change again. Members that only it has described, and to which no
/// fact refers, are deleted. So are those that only loads undone before had, unless the load is to be loaded again
/// right away: then the loads that it names are not replayed.
///
/// Returns an object: the tables in which any other load may have had the same values, as `unsure`; of others the
/// ledger knows more. The loads that had confirmed deleted facts, as `confirmed_by`. And for each dimension the number of versions that are deleted, and of rows that stay without
/// values.
pub(super) fn function(catalog: &Catalog, dataset: &Dataset) -> Function {
    let mut facts: Vec<_> = dataset.facts.iter().collect();
    facts.sort_by(|a, b| a.name.cmp(&b.name));
    let mut steps: String = facts.iter().map(|fact| take_back_fact(fact)).collect();
    let effects = dimension::effects(catalog, dataset);
    let extracted = dimension::extracted(catalog.dimensions(), dataset);
    for effect in &effects {
        let dimension = effect.dimension;
        let rekey = rekey(catalog, effect);
        steps.push_str(&dimension::take_back(effect, &rekey));
        if extracted.iter().any(|extracted| extracted.name == dimension.name) {
            steps.push_str(&dimension::remove_extract(dimension));
            steps.push_str(&rekey);
        }
        steps.push_str(&dimension::delete_unknown(dimension, &references(catalog, effect)));
    }
    if dataset.policy.keeps_staging {
        let table = ident(&dataset.name);
        steps.push_str(&format!(
            "\n    delete from staging.{table} kept where kept.load_id = in_load_id;\n"
        ));
    }
    let body = format!(
        "
#variable_conflict use_variable
declare
    deleted bigint;
    confirmed_by bigint[] := array[]::bigint[];
    unsure text[] := array[{unsure}]::text[];
    report jsonb := '{{}}'::jsonb;
{variables}begin{steps}    return report || jsonb_build_object('unsure', unsure, 'confirmed_by', confirmed_by);
end
",
        variables = variables(&effects, &extracted),
        unsure = unsure(&effects),
    );
    let definition = Definition {
        name: format!("undo_{}", dataset.name),
        arguments: "in_load_id bigint, in_replays boolean default false",
        returns: "jsonb",
        settings: &["jit = off", "timezone = 'UTC'"],
        tag: "undo",
        body,
        rights: String::new(),
    };
    definition.function()
}

fn take_back_fact(fact: &Fact) -> String {
    let table = format!("star.{}", ident(&fact::name(&fact.name)));
    let tombstones = delete_tombstones(fact, &table);
    let audit = fact::undo_audit(fact);
    let delete = fact::undo_rows(fact);
    format!(
        "
{delete}    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', '{table}', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
{tombstones}{audit}"
    )
}

/// What the statements about dimensions use.
fn variables(effects: &[DimensionEffect<'_>], extracted: &[&Dimension]) -> String {
    let mut variables = String::new();
    if !effects.is_empty() {
        variables.push_str(dimension::TAKE_BACK_VARIABLES);
    }
    let versioned: Vec<_> = effects.iter().filter(|effect| effect.changes_versions()).collect();
    if !versioned.is_empty() || !extracted.is_empty() {
        variables.push_str(dimension::EXTRACT_VARIABLES);
    }
    for effect in versioned {
        variables.push_str(&dimension::version_variables(&effect.dimension.name));
        variables.push_str(&dimension::taken_variable(effect.dimension));
    }
    variables
}

/// The statements that give facts the versions of their time.
fn rekey(catalog: &Catalog, effect: &DimensionEffect<'_>) -> String {
    if !effect.changes_versions() {
        return String::new();
    }
    let facts = all_facts(catalog).into_iter();
    facts.map(|context| fact::rekey_facts(context, effect.dimension)).collect()
}

/// The facts' columns that refer to the dimension.
fn references(catalog: &Catalog, effect: &DimensionEffect<'_>) -> Vec<(String, String)> {
    let mut columns = BTreeSet::new();
    for context in all_facts(catalog) {
        let table = format!("star.{}", ident(&fact::name(&context.fact.name)));
        let references = context.fact.dimensions.iter();
        let own = references.filter(|reference| reference.dimension == effect.dimension.name);
        columns.extend(own.map(|reference| (table.clone(), reference.column.clone())));
    }
    columns.into_iter().collect()
}

/// The dimensions of which one cannot say which loads have had a value that is taken back.
fn unsure(effects: &[DimensionEffect<'_>]) -> String {
    let has_values = |effect: &&DimensionEffect<'_>| {
        effect.source.is_some() && dimension::has_single_values(effect.dimension)
    };
    let unsure = effects.iter().filter(has_values).filter(|e| !dimension::is_sure(e.dimension));
    let names: Vec<String> = unsure
        .map(|effect| literal(&format!("star.{}", ident(&dimension::name(&effect.dimension.name)))))
        .collect();
    names.join(", ")
}

/// The load's tombstones are deleted, so that a replay can insert older rows of their grains again. Which loads
/// have such rows is not known.
fn delete_tombstones(fact: &Fact, fact_table: &str) -> String {
    if fact.delete_when.is_none() {
        return String::new();
    }
    let table = ident(&fact::tombstone_name(&fact.name));
    format!(
        "    delete from star.{table} tombstone where tombstone.source_load_id = in_load_id;
    if found then
        unsure := unsure || {}::text;
    end if;
",
        literal(fact_table)
    )
}
