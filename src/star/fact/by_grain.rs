//! By grain: the step of a fact with a grain. The newest row of each grain wins, or, where rows are
//! kept, the oldest: within the batch by version and line, against what is there by version, object
//! time, object and line.

use super::super::counts;
use super::super::ident::{dollar_quoted, ident, list, qualified};
use super::columns::{filled, names, select_list};
use super::marker;
use super::{FactOf, joins, name};
use crate::dataset::{Conflict, Fact, Overwrite};

pub(super) fn step(of: FactOf<'_>, grain: &[String]) -> String {
    let FactOf { dataset, fact, .. } = of;
    let table = format!("star.{}", ident(&name(&fact.name)));
    let filled = filled(of);
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
    let query = format!(
        "
        with newest as (
            select distinct on ({batch_grain})
                   {needed}, batch.source_line{is_marker}
            from batch
            order by {batch_grain}, {row_order}
        ), written as (
            insert into {table} as fact
                ({columns}, load_id, source_line, source_load_id, source_time)
            select
{values},
                   $1, row.source_line, $1, $2
            from newest row
{joins}{unmarked}            order by {row_grain}
            on conflict ({grain}) do update set
{set}{lineage}                source_load_id = excluded.source_load_id,
                source_time = excluded.source_time
            where {is_newer}
            returning fact.xmax = 0 as is_new$, {returned}
        )
        {count}
    ",
        is_marker = marker::is_marker(fact),
        unmarked = marker::unmarked(fact, grain),
        batch_grain = qualified("batch", grain),
        needed = qualified("batch", &needed(of, grain)),
        row_order = row_order(fact),
        columns = list(&columns),
        values = select_list(&filled, "            "),
        joins = joins(of, "            "),
        row_grain = qualified("row", grain),
        lineage = lineage_of_change(replaces, &is_distinct),
        returned = if replaces {
            qualified("fact", &columns)
        } else {
            format!("{CHANGED} as is_changed$")
        },
        grain = list(grain),
        is_newer = if replaces {
            replaces_or_is_newer(fact)
        } else {
            wins(fact, &Position::of("excluded"), &Position::of("fact"))
        },
        count = if replaces {
            changed_by_comparing(&table, grain, &own)
        } else {
            counts::from_written(", (select count(*) from newest)")
        },
    );
    format!(
        "{markers}    -- Fact {fact}: one row per {grain_words}, the {which} wins.
    execute {query} into inserted, updated, grains using this.load_id, this.object_time, first_line;
{note}",
        markers = marker::step(of, grain),
        which = if fact.conflict == Conflict::Keep { "oldest" } else { "newest" },
        fact = fact.name,
        grain_words = grain.join(", "),
        query = dollar_quoted("sql", &query),
        note = if fact.delete_when.is_some() {
            counts::note_deleting(&table, "staged", "removed")
        } else {
            counts::note(&table, "staged")
        },
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
        "select count(*) filter (where is_new$),
               count(*) filter (where not is_new$ and {is_distinct}),
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

/// The rows of one batch and grain, the one that counts first.
pub(super) fn row_order(fact: &Fact) -> String {
    let (version, line) = match fact.conflict {
        Conflict::Update => ("desc nulls last", " desc"),
        Conflict::Keep => ("asc nulls first", ""),
    };
    let version = fact.version.iter().map(|v| format!("batch.{} {version}, ", ident(v)));
    format!("{}batch.source_line{line}", version.collect::<String>())
}

/// Where a row stands in time.
pub(super) struct Position {
    pub alias: String,
    pub time: String,
    pub load: String,
    /// The load whose line the row's `source_line` is: the one that changed it last.
    pub line_of: String,
}

impl Position {
    /// That of a row with columns of its own for it.
    pub(super) fn of(alias: &str) -> Position {
        Position {
            alias: alias.to_owned(),
            time: format!("{alias}.source_time"),
            load: format!("{alias}.source_load_id"),
            line_of: format!("{alias}.load_id"),
        }
    }

    fn line(&self) -> String {
        format!("{}.source_line", self.alias)
    }

    /// That of a delete marker, whose line is always that of the load that brought it.
    pub(super) fn of_marker(alias: &str) -> Position {
        let place = Position::of(alias);
        Position { line_of: place.load.clone(), ..place }
    }

    /// That of a row of the batch.
    pub(super) fn of_batch(alias: &str) -> Position {
        Position {
            alias: alias.to_owned(),
            time: "$2".to_owned(),
            load: "$1".to_owned(),
            line_of: "$1".to_owned(),
        }
    }
}

/// Whether the row that comes stands in the place of the one that is there: it is as new or newer;
/// where rows are kept, it is older.
pub(super) fn wins(fact: &Fact, new: &Position, old: &Position) -> String {
    let keeps = fact.conflict == Conflict::Keep;
    // Rows of one load come in the order of their lines, but for those that were rejected first.
    let by_object = if keeps {
        format!(
            "{0} < {1}
               or {0} = {1}
              and ({2} = {3} and {4} = {2} and {5} < {6}
                   or stardrop.load_sorts_after({3}, {2}))",
            new.time,
            old.time,
            new.load,
            old.load,
            old.line_of,
            new.line(),
            old.line()
        )
    } else {
        format!(
            "{0} > {1}
               or {0} = {1}
              and ({2} = {3} and ({4} <> {2} or {5} >= {6})
                   or stardrop.load_sorts_after({2}, {3}))",
            new.time,
            old.time,
            new.load,
            old.load,
            old.line_of,
            new.line(),
            old.line()
        )
    };
    let Some(version) = &fact.version else { return by_object };
    let version = ident(version);
    let (after, before) = if keeps { (&old.alias, &new.alias) } else { (&new.alias, &old.alias) };
    format!(
        "{after}.{version} > {before}.{version}
               or {after}.{version} is not null and {before}.{version} is null
               or {new}.{version} is not distinct from {old}.{version} and ({by_object})",
        new = new.alias,
        old = old.alias,
    )
}

/// Of two versions of one file the one that replaces wins, whatever the clocks of S3 said: the other
/// one's rows are deleted, and those that both have would be lost with them.
fn replaces_or_is_newer(fact: &Fact) -> String {
    format!(
        "coalesce(stardrop.is_replaced_by(fact.load_id, excluded.source_load_id),
                  {})",
        wins(fact, &Position::of("excluded"), &Position::of("fact"))
    )
}

/// The columns of the batch that the fact's own are made from, each once: what is sorted is kept
/// narrow, for names and descriptions are the widest columns and no fact needs them.
fn needed<'d>(of: FactOf<'d>, grain: &'d [String]) -> Vec<&'d str> {
    let FactOf { dataset, fact, .. } = of;
    let keys = fact.dimensions.iter().flat_map(|used| &used.key);
    let dates = fact.dates.iter().map(|date| &date.source);
    let measures = fact.measures.iter().flat_map(|measure| measure.columns());
    let own = fact.degenerate.iter().chain(&fact.version).chain(measures);
    let happened = fact.as_of.iter().filter(|_| of.finds_versions());
    let mut columns: Vec<&str> = Vec::new();
    for column in grain.iter().chain(keys).chain(dates).chain(own).chain(happened) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    if dataset.keeps_extra() {
        columns.push("extra");
    }
    columns
}
