//! Append: the step of a fact without a grain. Every row received is a new row.

use super::super::counts;
use super::super::ident::{dollar_quoted, ident, list};
use super::columns::{filled, names, select_list};
use super::{FactOf, joins, name};

pub(super) fn step(of: FactOf<'_>) -> String {
    let fact = of.fact;
    let table = format!("star.{}", ident(&name(&fact.name)));
    let filled = filled(of);
    let query = format!(
        "
        insert into {table}
            ({columns}, load_id, source_line)
        select
{values},
               $1, row.source_line
        from batch row
{joins}    ",
        columns = list(&names(&filled)),
        values = select_list(&filled, "        "),
        joins = joins(of, "        "),
    );
    format!(
        "    -- Fact {fact}: no grain, so every row is a new one.
    execute {query} using this.load_id;
    get diagnostics inserted = row_count;
    updated := 0;
{note}",
        fact = fact.name,
        query = dollar_quoted("sql", &query),
        note = counts::note(&table, "staged"),
    )
}
