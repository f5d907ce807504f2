//! Tombstone: rows that delete their grain from a fact (`delete_when`). Takes a fact; gives the
//! tombstones' table and the SQL that writes tombstones and deletes rows.
//!
//! A fact has a row for a grain if the newest row of that grain is not a tombstone. So the newest
//! tombstone of each grain is kept in a table next to the fact, and a row that is older than it is
//! not inserted. The transaction holds the fact's lock, so a tombstone and a row of its grain that
//! two batches load at once always see each other.

use super::precedence::{Position, row_order, wins, wins_over_fact};
use super::{FactContext, columns, confirmation, name, partition};
use crate::dataset::Fact;
use crate::star::ident::{dollar_quoted, equal, ident, indented, list, qualified};
use crate::star::table::{Table, lineage};

/// The name of a fact's tombstone table, without the schema.
pub(in crate::star) fn table_name(fact: &str) -> String {
    format!("tombstone_{fact}")
}

/// The table of a fact's tombstones, if the contract has `delete_when`.
pub(super) fn table(context: FactContext<'_>) -> Option<Table> {
    let fact = context.fact;
    fact.delete_when.as_ref()?;
    let grain = fact.grain.as_deref().unwrap_or_default();
    let name = table_name(&fact.name);
    let kept: Vec<&String> = grain.iter().chain(&fact.version).collect();
    let mut table_columns: Vec<_> = columns::filled(context)
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
            "The newest tombstone of each grain deleted from {}: older rows of that grain are not inserted.",
            super::name(&fact.name)
        ),
        name,
    })
}

/// A column for the batch's rows: whether they are tombstones.
pub(super) fn is_tombstone(fact: &Fact) -> String {
    match &fact.delete_when {
        None => String::new(),
        Some(expression) => {
            let sql = expression.sql(|column| format!("batch.{}", ident(column)));
            format!(",\n                   ({sql}) is true as is_tombstone$")
        }
    }
}

/// The condition of rows that are not tombstones and not older than one of their grain, after `word`.
pub(super) fn without_tombstone(fact: &Fact, grain: &[String], word: &str) -> String {
    if fact.delete_when.is_none() {
        return String::new();
    }
    format!(
        "{word}not row.is_tombstone$
      and not exists (
        select from star.{} tombstone
        where {}
          and ({}) is not true
      )
",
        ident(&table_name(&fact.name)),
        equal("tombstone", "row", grain),
        wins(fact, &Position::of_batch("row"), &Position::of_tombstone("tombstone"))
    )
}

/// The statements that save a batch's tombstones and delete the rows of their grains.
pub(super) fn step(context: FactContext<'_>, grain: &[String]) -> String {
    let fact = context.fact;
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
        with incoming as (
            select distinct on ({batch_grain})
                   {batch_own}, batch.source_line{is_tombstone}
            from batch
            order by {batch_grain}, {row_order}
        ), {overruled}, deleted as (
            select {row_grain}
            from incoming row
            {known}
            join stardrop.load known on known.load_id = fact.load_id
{join}            where row.is_tombstone$
              and ({tombstone_wins})
        ), saved_tombstone as (
            insert into star.{tombstones} as tombstone
                ({own}, source_line, source_load_id, source_time)
            select {row_own}, row.source_line, $1, $2
            from incoming row
            where row.is_tombstone$
            order by {row_grain}
            on conflict ({grain}) do update set
{set}                source_line = excluded.source_line,
                source_load_id = excluded.source_load_id,
                source_time = excluded.source_time
            where {is_newer}
        )
        delete from star.{table} fact
        using {deleted}
        where {same_as_deleted}{in_span}
    ",
        batch_grain = qualified("batch", grain),
        batch_own = qualified("batch", &own),
        is_tombstone = is_tombstone(fact),
        row_order = row_order(fact),
        tombstones = ident(&table_name(&fact.name)),
        own = list(&own),
        row_own = qualified("row", &own),
        row_grain = qualified("row", grain),
        grain = list(grain),
        is_newer =
            wins(fact, &Position::of_tombstone("excluded"), &Position::of_tombstone("tombstone")),
        table = ident(&name(&fact.name)),
        known = partition::join(context, "join", "fact", "row", grain, 4),
        deleted = partition::few(context, "deleted", grain),
        same_as_deleted = equal("fact", "deleted", grain),
        in_span = partition::in_span(context, "fact", 4),
        overruled = indented(&confirmation::overruled(context, "$3"), 8).trim().to_owned(),
        join = confirmation::join("fact", "            "),
        tombstone_wins = wins_over_fact(context, "row"),
    );
    format!(
        "    -- Fact {fact}: tombstones delete the row of their grain, and are kept.
    declare
        overruling bigint[];
    begin
{overruling}        execute {query} using this.load_id, this.object_time, overruling{span};
        get diagnostics removed = row_count;
    end;

",
        fact = fact.name,
        span = partition::parameters(context),
        overruling = indented(&confirmation::find_overruling(context), 8),
        query = dollar_quoted("sql", &query),
    )
}
