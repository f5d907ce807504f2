//! Normalise: a dataset in, the trigger function that takes each batch of it into the star out.
//!
//! Every statement that reads `batch` runs by `execute`: plpgsql would keep the plan that it made
//! for the first batch, and a batch of one row teaches it nothing about one of half a million.
//!
//! Lookups go by index: with the costs of a disk that turns, a batch of a hundredth of a dimension's
//! rows had it scanned whole (`docs/decisions/0008-query-plans.md`). The batch itself is no table to the planner,
//! and is read as ever.

use super::dimension::{Touch, moved};
use super::fact::FactOf;
use super::ident::dollar_quoted;
use super::{all_facts, date, dimension, fact, lock};
use crate::dataset::{Catalog, Dataset};

/// The books of a load are kept on the dataset's first fact, else on its first dimension.
const BOOKS: &str = "    rows_inserted := inserted;\n    rows_updated := updated;\n";

/// `staging.normalise_<dataset>()`.
pub(super) fn function(catalog: &Catalog, dataset: &Dataset) -> String {
    let touches = dimension::touches(catalog, dataset);
    let steps = match &dataset.normalise_sql {
        // What the contract cannot say, in the place of what follows from it.
        Some(sql) => vec![format!("    -- normalise.sql\n{}\n", sql.trim_end())],
        None => generated(catalog, dataset, &touches),
    };
    frame(dataset, &touches, &steps)
}

/// The steps that follow from the contract, in the global order of locks: dim_date, dimensions by
/// name, facts by name.
fn generated(catalog: &Catalog, dataset: &Dataset, touches: &[Touch<'_>]) -> Vec<String> {
    let mut steps: Vec<String> = lock::step(catalog, dataset).into_iter().collect();
    steps.extend(date::step(dataset));
    for touch in touches {
        let keeps_books = dataset.facts.is_empty()
            && dataset.dimensions.first().is_some_and(|first| first.name == touch.dimension.name);
        steps.push(dimension::step(touch, dataset, if keeps_books { BOOKS } else { "" }));
    }
    for of in all_facts(catalog) {
        // Rows of a fact that refer to versions which this batch may have moved.
        for touch in touches.iter().filter(|touch| touch.changes_versions()) {
            let step = fact::repoint(of, touch.dimension);
            steps.extend(Some(step).filter(|step| !step.is_empty()));
        }
        if of.dataset.name == dataset.name {
            steps.push(fact_step(of));
        }
    }
    steps
}

/// The function around the steps: whose rows they are before, the books and the door after.
fn frame(dataset: &Dataset, touches: &[Touch<'_>], steps: &[String]) -> String {
    let keeps = dataset.policy.keeps_staging;
    let body = format!(
        "
declare
    this stardrop.batch;
    staged bigint;
    first_line bigint;
    inserted bigint := 0;
    updated bigint := 0;
    members bigint;
    inferred bigint;
    grains bigint;
    added bigint := 0;
    removed bigint := 0;
    repeated bigint := 0;
{others}{versions}    rows_inserted bigint := 0;
    rows_updated bigint := 0;
    tables jsonb := '[]'::jsonb;
begin
    -- An empty COPY fires the trigger too.
    execute 'select count(*), min(source_line) from batch' into staged, first_line;
    if staged = 0 then
        return null;
    end if;
    this := stardrop.open_batch('{name}');
{kept}
{steps}
    perform stardrop.close_batch(this.load_id, jsonb_build_object(
        'staged', staged, 'inserted', rows_inserted, 'updated', rows_updated,
        'unchanged', staged - rows_inserted - rows_updated, 'repeated', repeated,
        'tables', tables
    ));
{emptied}    return null;
end
",
        name = dataset.name,
        versions = version_variables(touches),
        others = if keeps { "    others bigint;\n" } else { "" },
        kept = if keeps { only_own_rows(dataset) } else { String::new() },
        emptied = if keeps { String::new() } else { emptied(dataset) },
        steps = steps.join("\n"),
    );
    format!(
        "create or replace function staging.normalise_{name}() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
    set random_page_cost = 1.1
    set enable_seqscan = off
    set work_mem = '64MB'
    set timezone = 'UTC'
as {body};
",
        name = dataset.name,
        body = dollar_quoted("normalise", &body),
    )
}

/// Rows that stay say which load brought them, and nobody else may.
fn only_own_rows(dataset: &Dataset) -> String {
    format!(
        "    execute 'select count(*) from batch where load_id is distinct from $1' into others using this.load_id;
    if others > 0 then
        raise exception 'load_id of staging.{} is not to be given'
            using errcode = 'invalid_parameter_value',
                  hint = 'leave the column out';
    end if;
",
        dataset.name
    )
}

fn emptied(dataset: &Dataset) -> String {
    format!(
        "
    -- Staging is a door, not a store; the loader's own copy empties itself.
    if tg_table_schema = 'staging' then
        delete from staging.{};
    end if;
",
        super::ident(&dataset.name)
    )
}

fn fact_step(of: FactOf<'_>) -> String {
    let mut step = fact::step(of);
    if of.dataset.facts.first().is_some_and(|first| first.name == of.fact.name) {
        step.push_str(BOOKS);
        if of.fact.grain.is_some() {
            step.push_str("    repeated := staged - grains;\n");
        }
    }
    step
}

/// What the steps of a dimension with versions hand to each other and to those of the facts.
fn version_variables(touches: &[Touch<'_>]) -> String {
    touches
        .iter()
        .filter(|touch| touch.changes_versions())
        .map(|touch| {
            let name = &touch.dimension.name;
            let seen = super::ident(&dimension::seen_name(name));
            let table = super::ident(&dimension::name(name));
            format!(
                "    {name}_starts star.{seen}[];\n    {name}_others star.{seen}[];\n    {} star.{table}[];\n",
                moved(name)
            )
        })
        .collect()
}
