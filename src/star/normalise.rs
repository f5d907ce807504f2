//! Normalise: a dataset in, the trigger function that takes each batch of it into the star out.
//!
//! Every statement that reads `batch` runs by `execute`: plpgsql would keep the plan that it made
//! for the first batch, and a batch of one row teaches it nothing about one of half a million.

use super::{date, dimension, fact};
use crate::dataset::Dataset;

/// The books of a load are kept on the dataset's first fact, else on its first dimension.
const BOOKS: &str = "    books_inserted := inserted;\n    books_updated := updated;\n";

/// `staging.normalise_<dataset>()`.
pub(super) fn function(dataset: &Dataset) -> String {
    // The global order of locks: dim_date, dimensions by name, facts by name.
    let mut steps: Vec<String> = date::step(dataset).into_iter().collect();
    let mut feeds: Vec<_> = dataset.dimensions.iter().collect();
    feeds.sort_by(|a, b| a.name.cmp(&b.name));
    for feed in feeds {
        let mut step = dimension::step(feed);
        let keeps_books = dataset.facts.is_empty()
            && dataset.dimensions.first().is_some_and(|first| first.name == feed.name);
        if keeps_books {
            step.push_str(BOOKS);
        }
        steps.push(step);
    }
    let mut facts: Vec<_> = dataset.facts.iter().collect();
    facts.sort_by(|a, b| a.name.cmp(&b.name));
    for fact in facts {
        let mut step = fact::step(dataset, fact);
        if dataset.facts.first().is_some_and(|first| first.name == fact.name) {
            step.push_str(BOOKS);
            if fact.grain.is_some() {
                step.push_str("    repeated := staged - grains;\n");
            }
        }
        steps.push(step);
    }
    format!(
        "create or replace function staging.normalise_{name}() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
    set work_mem = '64MB'
    set timezone = 'UTC'
as $normalise$
declare
    this stardrop.batch;
    staged bigint;
    first_line bigint;
    inserted bigint := 0;
    updated bigint := 0;
    members bigint;
    grains bigint;
    repeated bigint := 0;
    books_inserted bigint := 0;
    books_updated bigint := 0;
    tables jsonb := '[]'::jsonb;
begin
    -- An empty COPY fires the trigger too.
    execute 'select count(*), min(source_line) from batch' into staged, first_line;
    if staged = 0 then
        return null;
    end if;
    this := stardrop.open_batch('{name}');

{steps}
    perform stardrop.close_batch(this.load_id, jsonb_build_object(
        'staged', staged, 'inserted', books_inserted, 'updated', books_updated,
        'unchanged', staged - books_inserted - books_updated, 'repeated', repeated,
        'tables', tables
    ));

    -- Staging is a door, not a store; the loader's own copy empties itself.
    if tg_table_schema = 'staging' then
        delete from staging.{table};
    end if;
    return null;
end
$normalise$;
",
        name = dataset.name,
        table = super::ident(&dataset.name),
        steps = steps.join("\n"),
    )
}
