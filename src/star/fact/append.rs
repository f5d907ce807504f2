//! Append: the SQL step of a fact without a grain, which inserts every row of the batch.

use super::columns::{filled, names, select_list};
use super::{FactContext, audit, joins, name};
use crate::star::counts;
use crate::star::ident::{dollar_quoted, ident, list};

pub(super) fn step(context: FactContext<'_>) -> String {
    let fact = context.fact;
    let table = format!("star.{}", ident(&name(&fact.name)));
    let filled = filled(context);
    let query = format!(
        "
        insert into {table}
            ({columns}, load_id, source_line{audit_names})
        select
{values},
               $1, row.source_line{audit_values}
        from batch row
{joins}    ",
        columns = list(&names(&filled)),
        audit_names = audit::names(fact),
        audit_values = audit::values(fact),
        values = select_list(&filled, "        "),
        joins = joins(context, "        "),
    );
    format!(
        "    -- Fact {fact}: no grain, so every row is inserted.
    execute {query} using this.load_id;
    get diagnostics inserted = row_count;
    updated := 0;
{counts}",
        fact = fact.name,
        query = dollar_quoted("sql", &query),
        counts = counts::add(&table, "staged"),
    )
}
