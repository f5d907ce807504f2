//! Marker: rows that take their grain out of a fact in; how they do it, and stay remembered, out.
//!
//! A fact has a grain's row if the newest row of that grain is no marker. So the newest marker of
//! each grain is kept, in a table beside the fact: a row that is older than it comes too late. The
//! transaction holds the fact's lock, so a marker and a row of its grain never miss each other.

use super::by_grain::{Position, row_order, wins};
use super::{FactOf, columns, name};
use crate::dataset::Fact;
use crate::star::ident::{dollar_quoted, ident, list, qualified};
use crate::star::table::{Table, lineage};

/// The table's name, without the schema.
pub(in crate::star) fn name_of(fact: &str) -> String {
    format!("deleted_{fact}")
}

/// The table of a fact's markers.
pub(super) fn table(of: FactOf<'_>) -> Option<Table> {
    let fact = of.fact;
    fact.delete_when.as_ref()?;
    let grain = fact.grain.as_deref().unwrap_or_default();
    let name = name_of(&fact.name);
    let kept: Vec<&String> = grain.iter().chain(&fact.version).collect();
    let mut table_columns: Vec<_> = columns::filled(of)
        .into_iter()
        .map(|filled| filled.column)
        .filter(|column| kept.contains(&&column.name))
        .collect();
    let [_, source_line, source_load_id, source_time] = lineage();
    table_columns.extend([source_line, source_load_id, source_time]);
    Some(Table {
        schema: "star",
        unlogged: false,
        columns: table_columns,
        constraints: vec![(format!("{name}_pkey"), format!("primary key ({})", list(grain)))],
        indexes: Vec::new(),
        spare_percent: 0,
        comment: format!(
            "The newest marker of each grain that was taken out of {}: older rows stay out.",
            super::name(&fact.name)
        ),
        name,
    })
}

/// A further column of the batch's rows: whether they are markers.
pub(super) fn is_marker(fact: &Fact) -> String {
    match &fact.delete_when {
        None => String::new(),
        Some(expression) => {
            let sql = expression.sql(|column| format!("batch.{}", ident(column)));
            format!(",\n                   ({sql}) is true as is_marker$")
        }
    }
}

/// The condition of rows that no marker keeps out.
pub(super) fn unmarked(fact: &Fact, grain: &[String]) -> String {
    if fact.delete_when.is_none() {
        return String::new();
    }
    format!(
        "            where not row.is_marker$
              and not exists (
                select from star.{} gone
                where {}
                  and ({}) is not true
            )
",
        ident(&name_of(&fact.name)),
        same("gone", "row", grain),
        wins(fact, &Position::of_batch("row"), &Position::of_marker("gone"))
    )
}

/// The statements that remember a batch's markers and take their rows out.
pub(super) fn step(of: FactOf<'_>, grain: &[String]) -> String {
    let fact = of.fact;
    if fact.delete_when.is_none() {
        return String::new();
    }
    let own: Vec<&str> = grain.iter().chain(&fact.version).map(String::as_str).collect();
    let set: String = fact
        .version
        .iter()
        .map(|version| format!("                {0} = excluded.{0},\n", ident(version)))
        .collect();
    let query = format!(
        "
        with newest as (
            select distinct on ({batch_grain})
                   {batch_own}, batch.source_line{is_marker}
            from batch
            order by {batch_grain}, {row_order}
        ), remembered as (
            insert into star.{deleted} as gone
                ({own}, source_line, source_load_id, source_time)
            select {row_own}, row.source_line, $1, $2
            from newest row
            where row.is_marker$
            order by {row_grain}
            on conflict ({grain}) do update set
{set}                source_line = excluded.source_line,
                source_load_id = excluded.source_load_id,
                source_time = excluded.source_time
            where {is_newer}
        )
        delete from star.{table} fact
        using newest row
        where row.is_marker$
          and {same_grain}
          and ({marker_wins})
    ",
        batch_grain = qualified("batch", grain),
        batch_own = qualified("batch", &own),
        is_marker = is_marker(fact),
        row_order = row_order(fact),
        deleted = ident(&name_of(&fact.name)),
        own = list(&own),
        row_own = qualified("row", &own),
        row_grain = qualified("row", grain),
        grain = list(grain),
        is_newer = wins(fact, &Position::of_marker("excluded"), &Position::of_marker("gone")),
        table = ident(&name(&fact.name)),
        same_grain = same("fact", "row", grain),
        marker_wins = wins(fact, &Position::of_batch("row"), &Position::of("fact")),
    );
    format!(
        "    -- Fact {fact}: what takes its grain out, and keeps older rows of it out.
    execute {query} using this.load_id, this.object_time;
    get diagnostics removed = row_count;

",
        fact = fact.name,
        query = dollar_quoted("sql", &query),
    )
}

fn same(a: &str, b: &str, columns: &[String]) -> String {
    columns
        .iter()
        .map(|column| format!("{a}.{0} = {b}.{0}", ident(column)))
        .collect::<Vec<_>>()
        .join(" and ")
}
