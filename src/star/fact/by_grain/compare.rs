//! Compare: the SQL statements that compare the batch with the rows that the fact has, and change those that lose.
//!
//! Rows that stay as they are, although the batch's row is newer, are confirmed instead of written.

use super::super::columns::{filled, named_select_list, names};
use super::super::precedence::wins_over_fact;
use super::super::{FactContext, audit, confirmation, joins, name, tombstone};
use super::incoming;
use crate::dataset::Overwrite;
use crate::star::ident::{differ, dollar_quoted, equal, ident, indented};

/// The statements. They give the number of rows that were changed as `written`, that of grains which the fact does
/// not have and could have as `absent`, and that of the batch's grains as `grains`.
pub(super) fn statements(context: FactContext<'_>, grain: &[String]) -> String {
    let (overruling, parameter) = match confirmation::is_kept(context) {
        true => (confirmation::find_overruling(context), "overruling"),
        false => (String::new(), "null::bigint[]"),
    };
    format!(
        "{overruling}execute {} into written, absent, grains
    using this.load_id, this.object_time, {parameter}, is_sorted or is_reversed;
{grains}updated := updated + written;
",
        dollar_quoted("sql", &format!("\n{}", indented(&query(context, grain), 4))),
        grains = if context.fact.delete_when.is_some() {
            ""
        } else {
            "-- Those that are written already were not compared.\ngrains := grains + inserted + updated;\n"
        },
    )
}

fn query(context: FactContext<'_>, grain: &[String]) -> String {
    let FactContext { dataset, fact, .. } = context;
    let keeps_confirmations = confirmation::is_kept(context);
    let replaces = dataset.policy.overwrite == Overwrite::Replace;
    let filled = filled(context);
    let columns = names(&filled);
    let non_grain: Vec<&str> =
        columns.iter().copied().filter(|c| !grain.iter().any(|g| g == c)).collect();
    let set: String =
        non_grain.iter().map(|c| format!("        {0} = compared.{0},\n", ident(c))).collect();
    let (overruled, join, is_overruled, confirmed) = if keeps_confirmations {
        (
            confirmation::overruled(context, "$3") + ", ",
            confirmation::join("fact"),
            format!(", {} as is_overruled$", confirmation::OVERRULES),
            format!(", {}", confirmation::save(context)),
        )
    } else {
        Default::default()
    };
    format!(
        "with {incoming}, {overruled}compared as (
    select arrived.*, fact.load_id as known_load$, fact.source_line as known_line$,
           fact.load_id is not null and ({wins}) as wins$,
           {differs} as differs${is_overruled}
    from (
        select
{values},
               row.source_line
        from incoming row
{joins}{without_tombstone}    ) arrived
    left join star.{table} fact on {same_grain}
    left join stardrop.load known on known.load_id = fact.load_id
{join}    -- Rows that this batch has written already are as they should be.
    where (fact.load_id = $1 and fact.source_line = arrived.source_line) is not true
), changed as (
    update star.{table} fact set
{set}        load_id = $1,
        source_line = compared.source_line{audit}
    from compared
    where {same_as_compared}
      and compared.wins${only_changed}
){confirmed}
select count(*) filter (where compared.wins$ and compared.differs$),
       count(*) filter (where compared.known_load$ is null),
       {grains}
from compared
",
        incoming = incoming(context, grain, "$4"),
        values = named_select_list(&filled, "               "),
        joins = joins(context, "        "),
        without_tombstone = tombstone::without_tombstone(fact, grain, "        where "),
        wins = wins_over_fact(context, "arrived"),
        differs = is_distinct("fact", "arrived", &non_grain),
        table = ident(&name(&fact.name)),
        same_grain = equal("fact", "arrived", grain),
        same_as_compared = equal("fact", "compared", grain),
        audit = audit::assignment(fact, "compared.differs$"),
        // In a dataset that replaces, every row takes the load of the newest file.
        only_changed = if replaces { "" } else { "\n      and compared.differs$" },
        // Rows that a tombstone deletes or keeps out are grains, too.
        grains =
            if fact.delete_when.is_some() { "(select count(*) from incoming)" } else { "count(*)" },
    )
}

/// Whether two rows differ outside their grain; a fact that has only its grain never does.
fn is_distinct(a: &str, b: &str, columns: &[&str]) -> String {
    if columns.is_empty() {
        return "false".to_owned();
    }
    differ(a, b, columns)
}
