//! Normalise: generates a dataset's trigger function, which loads each batch into the star.
//!
//! Every statement that reads `batch` runs with `execute`, because plpgsql would keep the plan of the
//! first batch: a plan for one row does not suit half a million.
//!
//! The function's settings make Postgres look rows up by index: with its default costs, a batch of 1 %
//! of a dimension's rows read the whole dimension (`docs/decisions/0008-query-plans.md`). They do not concern
//! the batch itself, which is not a table.

use super::dimension::{DimensionEffect, version_variables};
use super::fact::FactContext;
use super::function::{Definition, Function};
use super::ident::dollar_quoted;
use super::{all_facts, date, dimension, fact, facts_of, finding, layout, lock};
use crate::dataset::{Catalog, Dataset, Overwrite};

/// Takes the load's counts from the step of the dataset's first fact, else of its first dimension.
const ROW_COUNTS: &str = "    rows_inserted := inserted;\n    rows_updated := updated;\n";

/// `staging.normalise_<dataset>()`.
pub(super) fn function(catalog: &Catalog, dataset: &Dataset) -> Function {
    let effects = dimension::effects(catalog, dataset);
    let facts = facts_of(catalog, dataset);
    let months = fact::add_months(&facts);
    let steps: Vec<String> = match &dataset.normalise_sql {
        // Written by the user, instead of the steps that follow from the contract.
        Some(sql) => {
            // What locks it takes is not known.
            let own = format!(
                "    perform stardrop.wait_for_turn();\n    -- normalise.sql\n{}\n",
                sql.trim_end()
            );
            months.into_iter().chain([own]).collect()
        }
        None => generated(catalog, dataset, &effects, months)
            .iter()
            .map(|step| layout::broken(step))
            .collect(),
    };
    let month_variables: String = facts.into_iter().map(fact::month_variables).collect();
    frame(dataset, &effects, &month_variables, &steps)
}

/// The steps that follow from the contract, in the order in which all batches lock tables: dim_date,
/// dimensions by name, facts by name.
fn generated(
    catalog: &Catalog,
    dataset: &Dataset,
    effects: &[DimensionEffect<'_>],
    months: Option<String>,
) -> Vec<String> {
    let mut steps: Vec<String> = lock::step(catalog, dataset).into_iter().chain(months).collect();
    steps.extend(date::step(dataset));
    for effect in effects {
        let has_row_counts = dataset.facts.is_empty()
            && dataset.dimensions.first().is_some_and(|first| first.name == effect.dimension.name);
        steps.push(dimension::step(effect, dataset, if has_row_counts { ROW_COUNTS } else { "" }));
    }
    let changes_versions = effects.iter().any(DimensionEffect::changes_versions);
    let facts = if changes_versions { all_facts(catalog) } else { facts_of(catalog, dataset) };
    for context in facts {
        // Facts that refer to versions which this batch may have changed.
        for effect in effects.iter().filter(|effect| effect.changes_versions()) {
            let step = fact::rekey_facts(context, effect.dimension);
            steps.extend(Some(step).filter(|step| !step.is_empty()));
        }
        if context.dataset.name == dataset.name {
            steps.push(match dataset.policy.overwrite {
                Overwrite::Merge | Overwrite::Ignore => fact_step(context),
                Overwrite::Replace => format!(
                    "    if not stardrop.has_newer_version(this.load_id) then\n{}    end if;\n",
                    fact_step(context)
                ),
            });
        }
    }
    steps
}

/// The function around the steps: it finds the batch's load before them, and records the counts after.
fn frame(
    dataset: &Dataset,
    effects: &[DimensionEffect<'_>],
    months: &str,
    steps: &[String],
) -> Function {
    let keeps = dataset.policy.keeps_staging;
    let versions: String = effects
        .iter()
        .filter(|effect| effect.changes_versions())
        .map(|effect| version_variables(&effect.dimension.name))
        .collect();
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
    unknown bigint[];
    occurrences bigint[];
    findings jsonb := '[]'::jsonb;
{repeated_lines}{foreign_rows}{versions}{gone}{months}    rows_inserted bigint := 0;
    rows_updated bigint := 0;
    tables jsonb := '[]'::jsonb;
begin
    -- A contract has no column whose name ends in $: these are the queries' own.
    -- Large batches are sorted and hashed in memory where the server has it.
    perform set_config('work_mem', greatest(65536, least(262144,
        pg_size_bytes(current_setting('shared_buffers')) / 8192))::text, true);
    -- An empty COPY fires the trigger, too.
{scan}    if staged = 0 then
        return null;
    end if;
    this := stardrop.open_batch('{name}');
{kept}
{steps}
{unknown}    perform stardrop.close_batch(this.load_id, jsonb_build_object(
        'staged', staged, 'inserted', rows_inserted, 'updated', rows_updated,
        'unchanged', staged - rows_inserted - rows_updated, 'repeated', repeated,
        'tables', tables, 'findings', findings
    ));
{emptied}    return null;
end
",
        name = dataset.name,
        scan = scan(dataset),
        repeated_lines =
            if dataset.policy.rejects_repeated_grain { "    repeated_lines text;\n" } else { "" },
        unknown = finding::add_unknown(dataset),
        versions = versions,
        gone = if effects.iter().any(DimensionEffect::ends_versions) {
            "    gone bigint;\n"
        } else {
            ""
        },
        foreign_rows = if keeps { "    foreign_rows bigint;\n" } else { "" },
        kept = if keeps { only_own_rows(dataset) } else { String::new() },
        emptied = if keeps { String::new() } else { emptied(dataset) },
        steps = steps.join("\n"),
    );
    let definition = Definition {
        name: format!("normalise_{}", dataset.name),
        arguments: "",
        returns: "trigger",
        settings: &[
            "jit = off",
            "random_page_cost = 1.1",
            "enable_seqscan = off",
            "work_mem = '64MB'",
            "timezone = 'UTC'",
        ],
        tag: "normalise",
        body,
        rights: String::new(),
    };
    definition.function()
}

/// The statement that counts the batch's rows, and those that refer to unknown members.
fn scan(dataset: &Dataset) -> String {
    match finding::count_unknown(dataset) {
        None => {
            "    execute 'select count(*), min(source_line) from batch' into staged, first_line;\n"
                .to_owned()
        }
        Some(unknown) => {
            let query = format!(
                "
        select count(*), min(batch.source_line), {unknown}
        from batch
    "
            );
            format!(
                "    execute {} into staged, first_line, unknown;\n",
                dollar_quoted("sql", &query)
            )
        }
    }
}

/// The check that a batch for a staging table that keeps its rows does not set their `load_id`.
fn only_own_rows(dataset: &Dataset) -> String {
    format!(
        "    execute 'select count(*) from batch where load_id is distinct from $1' into foreign_rows using this.load_id;
    if foreign_rows > 0 then
        raise exception 'column load_id of staging.{} is set by stardrop and cannot be inserted'
            using errcode = 'invalid_parameter_value',
                  hint = 'leave load_id out of the insert';
    end if;
",
        dataset.name
    )
}

fn emptied(dataset: &Dataset) -> String {
    format!(
        "
    -- Staging does not keep rows. The loader's temporary copy is emptied by its commit.
    if tg_table_schema = 'staging'::regnamespace::text then
        delete from staging.{};
    end if;
",
        super::ident(&dataset.name)
    )
}

fn fact_step(context: FactContext<'_>) -> String {
    let mut step = fact::step(context);
    if context.dataset.facts.first().is_some_and(|first| first.name == context.fact.name) {
        step.push_str(ROW_COUNTS);
        if context.fact.grain.is_some() {
            step.push_str("    repeated := staged - grains;\n");
        }
    }
    step
}
