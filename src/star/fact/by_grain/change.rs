//! Change: the SQL query that changes rows of the fact to what the batch says of them.

use super::super::columns::{filled, named_select_list, needed};
use super::super::precedence::{row_order, wins_over_fact};
use super::super::{FactContext, audit, confirmation, joins, name, partition, tombstone};
use super::compare::{differs, outside_of_grain};
use super::first_further_parameter;
use crate::star::ident::{equal, ident, list, qualified};

/// The query, which gives the number of rows whose values have changed. It looks only at the rows of the batch with one
/// of the lines `$4`, which [`compare`](super::compare) has found.
pub(super) fn query(context: FactContext<'_>, grain: &[String]) -> String {
    let fact = context.fact;
    let filled = filled(context);
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
    {known}
    left join stardrop.load known on known.load_id = fact.load_id
{join}), changed as (
{change}
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
        known = partition::join(
            context,
            "join",
            "fact",
            "arrived",
            grain,
            first_further_parameter(context),
        ),
        join = confirmation::join("fact", "    "),
        change = change(context, grain, &outside_of_grain(&filled, grain)),
    )
}

/// The statement that writes the rows. A fact that is split into months is not joined, see [`partition`]: Postgres finds
/// the row by its primary key.
fn change(context: FactContext<'_>, grain: &[String], others: &[&str]) -> String {
    let fact = context.fact;
    let table = ident(&name(&fact.name));
    let set = |new: &str| -> String {
        others.iter().map(|c| format!("        {0} = {new}.{0},\n", ident(c))).collect()
    };
    let audit = audit::assignment(fact, "true");
    if fact.partition.is_none() {
        return format!(
            "    update star.{table} fact set
{set}        load_id = $1,
        source_line = compared.source_line{audit}
    from compared
    where {same_as_compared}
      and compared.wins$
      and compared.differs$",
            set = set("compared"),
            same_as_compared = equal("fact", "compared", grain),
        );
    }
    let own: Vec<&str> = grain.iter().map(String::as_str).chain(others.iter().copied()).collect();
    format!(
        "    insert into star.{table} as fact
        ({own}, load_id, source_line)
    select {values}, $1, compared.source_line
    from compared
    where compared.wins$ and compared.differs$
    on conflict ({grain}) do update set
{set}        load_id = $1,
        source_line = excluded.source_line{audit}",
        own = list(&own),
        values = qualified("compared", &own),
        grain = list(grain),
        set = set("excluded"),
    )
}
