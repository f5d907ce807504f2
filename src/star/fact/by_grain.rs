//! By grain: the SQL step that upserts a batch into a fact with a grain.
//!
//! Takes a fact and its grain; gives the statements. One row per grain stays, chosen by
//! [`precedence`](super::precedence): first within the batch, then against the existing row.

use super::columns::{filled, names, needed, select_list};
use super::precedence::{Position, replaces_or_wins, row_order, wins};
use super::{FactContext, audit, joins, name, repeats, tombstone};
use crate::dataset::{Conflict, Overwrite};
use crate::star::counts;
use crate::star::finding::{self, REPEATED_GRAIN};
use crate::star::ident::{differ, dollar_quoted, ident, list, qualified};

pub(super) fn step(context: FactContext<'_>, grain: &[String]) -> String {
    let FactContext { dataset, fact, .. } = context;
    let table = format!("star.{}", ident(&name(&fact.name)));
    let filled = filled(context);
    let columns = names(&filled);
    let non_grain: Vec<&str> =
        columns.iter().copied().filter(|c| !grain.iter().any(|g| g == c)).collect();
    let different = repeats::count(context, grain);
    let replaces = dataset.policy.overwrite == Overwrite::Replace;
    let is_distinct = is_distinct("fact", "excluded", &non_grain);
    let set: String = non_grain
        .iter()
        .map(|c| format!("                {0} = excluded.{0},\n", ident(c)))
        .collect();
    let query = format!(
        "
        with incoming as (
            select distinct on ({batch_grain})
                   {needed}, batch.source_line{is_tombstone}
            from batch
            order by {batch_grain}, {row_order}
        ), upserted as (
            insert into {table} as fact
                ({columns}, load_id, source_line, source_load_id, source_time{audit_names})
            select
{values},
                   $1, row.source_line, $1, $2{audit_values}
            from incoming row
{joins}{without_tombstone}            order by {row_grain}
            on conflict ({grain}) do update set
{set}{lineage}{audit}                source_load_id = excluded.source_load_id,
                source_time = excluded.source_time
            where {is_newer}
            returning fact.xmax = 0 as is_new$, {returned}
        )
        {count}
    ",
        is_tombstone = tombstone::is_tombstone(fact),
        without_tombstone = tombstone::without_tombstone(fact, grain),
        batch_grain = qualified("batch", grain),
        needed = qualified("batch", &needed(context, grain)),
        row_order = row_order(fact),
        columns = list(&columns),
        values = select_list(&filled, "            "),
        joins = joins(context, "            "),
        row_grain = qualified("row", grain),
        lineage = lineage_of_change(replaces, &is_distinct),
        audit_names = audit::names(fact),
        audit_values = audit::values(fact),
        audit = audit::assignment(fact, &is_distinct),
        returned = if replaces {
            qualified("fact", &columns)
        } else {
            format!("{CHANGED} as is_changed$")
        },
        grain = list(grain),
        is_newer = if replaces {
            replaces_or_wins(fact)
        } else {
            wins(fact, &Position::of_row("excluded"), &Position::of_row("fact"))
        },
        count = if replaces {
            changed_by_comparing(&table, grain, &non_grain, &different)
        } else {
            counts::from_upserted(&format!(
                ", (select count(*) from incoming),\n               {different}"
            ))
        },
    );
    format!(
        "{repeats}{tombstones}    -- Fact {fact}: one row per {grain_words}, the {which} wins.
    execute {query} into inserted, updated, grains, occurrences
        using this.load_id, this.object_time, first_line, staged;
{counts}{finding}",
        repeats = if dataset.policy.rejects_repeated_grain {
            repeats::refuse(context, grain)
        } else {
            String::new()
        },
        finding = finding::add(REPEATED_GRAIN, &fact.name, grain, "occurrences"),
        tombstones = tombstone::step(context, grain),
        which = match fact.conflict {
            Conflict::Update => "newest",
            Conflict::Keep => "oldest",
        },
        fact = fact.name,
        grain_words = grain.join(", "),
        query = dollar_quoted("sql", &query),
        counts = if fact.delete_when.is_some() {
            counts::add_with_deleted(&table, "staged", "removed")
        } else {
            counts::add(&table, "staged")
        },
    )
}

/// Whether this batch changed a row: the row then has the batch's load and one of its lines.
const CHANGED: &str = "fact.load_id = $1 and fact.source_line >= $3";

/// Counts changed rows of a dataset that replaces. There every row takes the batch's load, so a row
/// that changed is found by comparing it with the row as it was before the statement, which is what
/// a query next to the insert sees.
fn changed_by_comparing(
    table: &str,
    grain: &[String],
    non_grain: &[&str],
    different: &str,
) -> String {
    let same: Vec<String> =
        grain.iter().map(|c| format!("before.{0} = upserted.{0}", ident(c))).collect();
    format!(
        "select count(*) filter (where is_new$),
               count(*) filter (where not is_new$ and {is_distinct}),
               (select count(*) from incoming),
               {different}
        from upserted
        left join {table} before on {same}",
        is_distinct = is_distinct("before", "upserted", non_grain),
        same = same.join(" and ")
    )
}

/// Whether two rows differ outside their grain; a fact that has only its grain never does.
fn is_distinct(a: &str, b: &str, columns: &[&str]) -> String {
    if columns.is_empty() {
        return "false".to_owned();
    }
    differ(a, b, columns)
}

/// The assignments of `load_id` and `source_line`: taken from the new row where it changes the fact.
/// In a dataset that replaces, from every new row, so that deleting the older loads' rows spares it.
fn lineage_of_change(replaces: bool, is_distinct: &str) -> String {
    let assign = |column: &str| {
        if replaces {
            format!("                {column} = excluded.{column},\n")
        } else {
            format!(
                "                {column} = case when {is_distinct}
                    then excluded.{column} else fact.{column} end,\n"
            )
        }
    };
    assign("load_id") + &assign("source_line")
}
