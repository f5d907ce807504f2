//! Insert: the SQL query that inserts the batch's rows of new grains.
//!
//! They are inserted in the order of the grain: the rows of the batch either come in that order, or are sorted to
//! find the one that wins. So of two batches that insert the same grains only one waits for the other.

use super::super::columns::{filled, names, select_list};
use super::super::{FactContext, audit, joins, name, partition, tombstone};
use super::incoming;
use crate::star::ident::{ident, list};

pub(super) fn query(context: FactContext<'_>, grain: &[String]) -> String {
    let fact = context.fact;
    let filled = filled(context);
    format!(
        "with {incoming}
insert into star.{table}
    ({columns}, load_id, source_line{audit_names})
select
{values},
       $1, row.source_line{audit_values}
from incoming row
{joins}where {absent}
{tombstones}",
        incoming = incoming(context, grain, "$3"),
        table = ident(&name(&fact.name)),
        columns = list(&names(&filled)),
        audit_names = audit::names(fact),
        audit_values = audit::values(fact),
        values = select_list(&filled, ""),
        joins = joins(context, ""),
        absent = partition::absent(context, "row", grain, 4),
        tombstones = tombstone::without_tombstone(fact, grain, "  and "),
    )
}
