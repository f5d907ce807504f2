//! By grain: the step of a fact with a grain. The newest row of each grain wins: within the batch by
//! version and line, against what is there by version, object time, object and line.

use super::super::counts;
use super::super::ident::{ident, list, qualified};
use super::{filled, joins, name, names, select_list};
use crate::dataset::{Dataset, Fact, Overwrite};

pub(super) fn step(dataset: &Dataset, fact: &Fact, grain: &[String]) -> String {
    let table = format!("star.{}", ident(&name(&fact.name)));
    let filled = filled(dataset, fact);
    let columns = names(&filled);
    let own: Vec<&str> =
        columns.iter().copied().filter(|c| !grain.iter().any(|g| g == c)).collect();
    let replaces = dataset.policy.overwrite == Overwrite::Replace;
    let is_distinct = if own.is_empty() {
        "false".to_owned()
    } else {
        format!("({}) is distinct from ({})", qualified("fact", &own), qualified("excluded", &own))
    };
    let set: String =
        own.iter().map(|c| format!("                {0} = excluded.{0},\n", ident(c))).collect();
    format!(
        "    -- Fact {fact}: one row per {grain_words}, the newest wins.
    execute $sql$
        with newest as (
            select distinct on ({batch_grain})
                   {needed}, batch.source_line
            from batch
            order by {batch_grain}, {version_order}batch.source_line desc
        ), written as (
            insert into {table} as fact
                ({columns}, load_id, source_line, source_load_id, source_time)
            select
{values},
                   $1, row.source_line, $1, $2
            from newest row
{joins}            order by {row_grain}
            on conflict ({grain}) do update set
{set}{lineage}                source_load_id = excluded.source_load_id,
                source_time = excluded.source_time
            where {is_newer}
            returning fact.xmax = 0 as is_new, {returned}
        )
        {count}
    $sql$ into inserted, updated, grains using this.load_id, this.object_time, first_line;
{note}",
        fact = fact.name,
        grain_words = grain.join(", "),
        batch_grain = qualified("batch", grain),
        needed = qualified("batch", &needed(dataset, fact, grain)),
        version_order = fact
            .version
            .iter()
            .map(|version| format!("batch.{} desc nulls last, ", ident(version)))
            .collect::<String>(),
        columns = list(&columns),
        values = select_list(&filled, "            "),
        joins = joins(dataset, fact, "            "),
        row_grain = qualified("row", grain),
        lineage = lineage_of_change(replaces, &is_distinct),
        returned =
            if replaces { qualified("fact", &columns) } else { format!("{CHANGED} as is_changed") },
        grain = list(grain),
        is_newer = if replaces { replaces_or_is_newer(fact) } else { is_newer(fact) },
        count = if replaces {
            changed_by_comparing(&table, grain, &own)
        } else {
            counts::from_written(", (select count(*) from newest)")
        },
        note = counts::note(&table, "staged"),
    )
}

/// How a row tells that this batch changed it: it took the batch's load and one of its lines.
const CHANGED: &str = "fact.load_id = $1 and fact.source_line >= $3";

/// Where every row takes the load's mark, only the row as it was before the statement tells
/// whether it changed: a query beside the insert still sees that one.
fn changed_by_comparing(table: &str, grain: &[String], own: &[&str]) -> String {
    let same: Vec<String> =
        grain.iter().map(|c| format!("before.{0} = written.{0}", ident(c))).collect();
    let is_distinct = if own.is_empty() {
        "false".to_owned()
    } else {
        format!("({}) is distinct from ({})", qualified("before", own), qualified("written", own))
    };
    format!(
        "select count(*) filter (where is_new),
               count(*) filter (where not is_new and {is_distinct}),
               (select count(*) from newest)
        from written
        left join {table} before on {}",
        same.join(" and ")
    )
}

/// In a dataset that replaces, a row takes the load that brought it even if that changed nothing.
fn lineage_of_change(replaces: bool, is_distinct: &str) -> String {
    let newest = |column: &str| {
        if replaces {
            format!("                {column} = excluded.{column},\n")
        } else {
            format!(
                "                {column} = case when {is_distinct}
                    then excluded.{column} else fact.{column} end,\n"
            )
        }
    };
    newest("load_id") + &newest("source_line")
}

/// Whether the row that comes is as new as the one that is there, or newer.
fn is_newer(fact: &Fact) -> String {
    let by_object = "excluded.source_time > fact.source_time
               or excluded.source_time = fact.source_time
              and (excluded.source_load_id = fact.source_load_id
                   or stardrop.comes_later(excluded.source_load_id, fact.source_load_id))";
    match &fact.version {
        None => by_object.to_owned(),
        Some(version) => format!(
            "excluded.{v} > fact.{v}
               or excluded.{v} is not null and fact.{v} is null
               or excluded.{v} is not distinct from fact.{v} and ({by_object})",
            v = ident(version)
        ),
    }
}

/// Of two versions of one file the one that replaces wins, whatever the clocks of S3 said: the other
/// one's rows are deleted, and those that both have would be lost with them.
fn replaces_or_is_newer(fact: &Fact) -> String {
    format!(
        "coalesce(stardrop.gives_way(fact.load_id, excluded.source_load_id),
                  {})",
        is_newer(fact)
    )
}

/// The columns of the batch that the fact's own are made from, each once: what is sorted is kept
/// narrow, for names and descriptions are the widest columns and no fact needs them.
fn needed<'d>(dataset: &'d Dataset, fact: &'d Fact, grain: &'d [String]) -> Vec<&'d str> {
    let keys = fact.dimensions.iter().flat_map(|used| &used.key);
    let dates = fact.dates.iter().map(|date| &date.source);
    let own = fact.degenerate.iter().chain(&fact.version).chain(&fact.measures);
    let mut columns: Vec<&str> = Vec::new();
    for column in grain.iter().chain(keys).chain(dates).chain(own) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    if dataset.keeps_extra() {
        columns.push("extra");
    }
    columns
}
