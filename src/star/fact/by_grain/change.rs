//! Change: the SQL query that changes rows of the fact to what the batch says of them.

use super::super::columns::{filled, named_select_list, needed};
use super::super::precedence::{row_order, wins_over_fact};
use super::super::{FactContext, audit, confirmation, joins, name, tombstone};
use super::compare::{differs, outside_of_grain};
use crate::star::ident::{equal, ident, qualified};

/// The query, which gives the number of rows whose values have changed. It looks only at the rows of the batch with one
/// of the lines `$4`, which [`compare`](super::compare) has found.
pub(super) fn query(context: FactContext<'_>, grain: &[String]) -> String {
    let fact = context.fact;
    let filled = filled(context);
    let set: String = outside_of_grain(&filled, grain)
        .iter()
        .map(|c| format!("        {0} = compared.{0},\n", ident(c)))
        .collect();
    format!(
        "with {overruled}, compared as (
    select arrived.*,
           fact.load_id is not null and ({wins}) as wins$,
           {differs} as differs$
    from (
        select
{values},
               row.source_line
        from (
            select distinct on ({batch_grain})
                   {needed}, batch.source_line{is_tombstone}
            from batch
            join unnest($4) changed (line) on changed.line = batch.source_line
            order by {batch_grain}, {row_order}
        ) row
{joins}{without_tombstone}    ) arrived
    join star.{table} fact on {same_grain}
    left join stardrop.load known on known.load_id = fact.load_id
{join}), changed as (
    update star.{table} fact set
{set}        load_id = $1,
        source_line = compared.source_line{audit}
    from compared
    where {same_as_compared}
      and compared.wins$
      and compared.differs$
)
select count(*) filter (where compared.wins$ and compared.differs$)
from compared
",
        overruled = confirmation::overruled(context, "$3"),
        wins = wins_over_fact(context, "arrived"),
        differs = differs(context, grain, "arrived"),
        values = named_select_list(&filled, "               "),
        batch_grain = qualified("batch", grain),
        needed = qualified("batch", &needed(context, grain)),
        is_tombstone = tombstone::is_tombstone(fact),
        row_order = row_order(fact),
        joins = joins(context, "        "),
        without_tombstone = tombstone::without_tombstone(fact, grain, "        where "),
        table = ident(&name(&fact.name)),
        same_grain = equal("fact", "arrived", grain),
        join = confirmation::join("fact", "    "),
        audit = audit::assignment(fact, "compared.differs$"),
        same_as_compared = equal("fact", "compared", grain),
    )
}
