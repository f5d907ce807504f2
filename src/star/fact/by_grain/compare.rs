//! Compare: the SQL query that compares the batch with the rows that the fact has, and writes none of them.
//!
//! It notes which rows the batch confirms, and finds the lines of those that it changes.

use super::super::columns::{Filled, filled, named_select_list, names};
use super::super::precedence::wins_over_fact;
use super::super::{FactContext, confirmation, joins, partition, tombstone};
use super::{first_further_parameter, incoming};
use crate::star::ident::differ;

/// The query. It gives the number of the batch's grains, of those that the fact does not have and could have, and of
/// those that the batch changes, with their lines. `$3` is the loads that overrule this one; `$4` says that the batch has
/// one row of each grain.
pub(super) fn query(context: FactContext<'_>, grain: &[String]) -> String {
    let fact = context.fact;
    // Rows that a tombstone deletes or keeps out are grains, too.
    let grains = match fact.delete_when {
        Some(_) => "(select count(*) from incoming)",
        None => "sum(word.grains)",
    };
    format!(
        "with {incoming}, {overruled}, word as (
    select compared.known_load$ as of_load, {word} as word,
           {confirmed_bits} as bits,
           count(*) as grains,
           count(*) filter (where compared.changes$) as changed,
           array_agg(compared.source_line) filter (where compared.changes$) as lines
    from (
        select decided.source_line, decided.known_load$, decided.known_line$,
               decided.wins$ and decided.differs$ as changes$,
               (decided.wins$ or decided.is_overruled$) and not decided.differs$ as confirms$
        from (
            select arrived.source_line, fact.load_id as known_load$, fact.source_line as known_line$,
                   fact.load_id is not null and ({wins}) as wins$,
                   {differs} as differs$,
                   {is_overruled} as is_overruled$
            from (
                select
{values},
                       row.source_line
                from incoming row
{joins}{without_tombstone}            ) arrived
            {known}
            left join stardrop.load known on known.load_id = fact.load_id
{join}            -- Each row is compared once.
            offset 0
        ) decided
    ) compared
    group by 1, 2
), {confirmed}
select coalesce({grains}, 0),
       coalesce(sum(word.grains) filter (where word.of_load is null), 0),
       coalesce(sum(word.changed), 0),
       (select array_agg(line) from word cross join unnest(word.lines) line)
from word
",
        incoming = incoming(context, grain, "$4"),
        overruled = confirmation::overruled(context, "$3"),
        word = confirmation::word("compared.known_line$"),
        confirmed_bits = confirmation::bits("compared.known_line$", "compared.confirms$"),
        wins = wins_over_fact(context, "arrived"),
        differs = differs(context, grain, "arrived"),
        is_overruled = confirmation::OVERRULES,
        values = named_select_list(&filled(context), "                       "),
        joins = joins(context, "                "),
        without_tombstone = tombstone::without_tombstone(fact, grain, "                where "),
        known = partition::join(
            context,
            "left join",
            "fact",
            "arrived",
            grain,
            first_further_parameter(context),
        ),
        join = confirmation::join("fact", "            "),
        confirmed = confirmation::save(context),
    )
}

/// Whether the fact's row differs from this one outside their grain; one that has only its grain never does.
pub(super) fn differs(context: FactContext<'_>, grain: &[String], row: &str) -> String {
    let filled = filled(context);
    match outside_of_grain(&filled, grain).as_slice() {
        [] => "false".to_owned(),
        columns => differ("fact", row, columns),
    }
}

/// The fact's columns that are not of its grain.
pub(super) fn outside_of_grain<'f>(filled: &'f [Filled], grain: &[String]) -> Vec<&'f str> {
    names(filled).into_iter().filter(|name| !grain.iter().any(|g| g == name)).collect()
}
