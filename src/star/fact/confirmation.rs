//! Confirmation: which rows of a fact other loads had as well, with the same values.
//!
//! A row of a fact that a newer file repeats is not written again. But it counts as new as that file: an older
//! one that comes late must not change it. So the newer load notes which rows it has confirmed, and only a batch
//! that would change a row looks whether a load that comes before its own has confirmed it. With
//! `conflict = "keep"` it is the older load that confirms.
//!
//! A row is named by its load and line, which change with its values, so that the confirmations of other values
//! never count. For each load whose rows are confirmed there is one note for each batch: bits of 64 lines each.
//! A million lines that follow each other take 250 kB.

use super::{FactContext, name};
use crate::dataset::{Conflict, Fact, Overwrite};
use crate::star::ident::{ident, literal};
use crate::star::table::{Column, Table};
use crate::star::{bits, load_order};

/// The condition that the row `fact` is confirmed by a load that comes before that of the batch. It needs
/// [`overruled`] and [`join`].
pub(super) const OVERRULES: &str = "overruled.of_load is not null";

/// The name of the table with a fact's confirmations, without the schema.
pub(in crate::star) fn table_name(fact: &str) -> String {
    format!("confirmed_{fact}")
}

/// The table of a fact with a grain.
pub(super) fn table(context: FactContext<'_>) -> Option<Table> {
    context.fact.grain.as_ref()?;
    let name = table_name(&context.fact.name);
    let load =
        |name: &str, comment: &str| Column::new(name, "bigint").not_null(true).comment(comment);
    Some(Table {
        schema: "star",
        unlogged: false,
        columns: [
            load("load_id", "The load that has confirmed the rows."),
            load("of_load", "The load_id of the rows."),
        ]
        .into_iter()
        .chain(bits::columns("The source_line of the rows"))
        .collect(),
        constraints: Vec::new(),
        indexes: vec![
            (format!("{name}_load_id"), "(load_id)".to_owned()),
            (format!("{name}_of_load"), "(of_load)".to_owned()),
        ],
        spare_percent: 0,
        comment: format!(
            "Rows of {} that other loads had as well: they count as new as those.",
            super::name(&context.fact.name)
        ),
        name,
    })
}

/// The statement that finds the loads whose confirmations count against the batch: with `conflict = "update"` those
/// that are newer than its load, of which there are none unless a file is late.
pub(super) fn find_overruling(context: FactContext<'_>) -> String {
    // What the loads that this one replaces have confirmed is of older versions of its file.
    let replaced = match context.dataset.policy.overwrite {
        Overwrite::Replace => "\n  and (l.load_id = any (replaced)) is not true",
        Overwrite::Merge | Overwrite::Ignore => "",
    };
    match context.fact.conflict {
        Conflict::Update => format!(
            "select array_agg(l.load_id) into overruling
from stardrop.load l
where l.dataset = {dataset}
  and {is_newer}{replaced};
",
            dataset = literal(&context.dataset.name),
            is_newer = load_order::is_newer("this.load_id", "this.object_time")
        ),
        // Of a load's own rows the first one stays.
        Conflict::Keep => format!(
            "select array_agg(distinct l.load_id) into overruling
from star.{table} confirmed
join stardrop.load l on l.load_id = confirmed.load_id
where l.load_id = this.load_id
   or l.object_time < this.object_time
   or l.object_time = this.object_time and stardrop.load_sorts_after(this.load_id, l.load_id);
",
            table = ident(&table_name(&context.fact.name))
        ),
    }
}

/// `overruled as (..)`: what the loads of the array `loads` have confirmed.
pub(super) fn overruled(context: FactContext<'_>, loads: &str) -> String {
    format!(
        "overruled as (
    select confirmed.of_load, line.word, bit_or(line.bits) as bits
    from star.{table} confirmed
    cross join {lines}
    where confirmed.load_id = any ({loads})
    group by confirmed.of_load, line.word
)",
        lines = bits::unnested("confirmed", "line"),
        table = ident(&table_name(&context.fact.name))
    )
}

/// The join of a row of a fact with [`overruled`], with these blanks before its lines.
pub(super) fn join(row: &str, indent: &str) -> String {
    format!(
        "{indent}left join overruled
{indent}  on overruled.of_load = {row}.load_id
{indent} and {has}
",
        has = bits::has("overruled", &format!("{row}.source_line"))
    )
}

/// The word of a line.
pub(super) fn word(line: &str) -> String {
    bits::word(line)
}

/// The bits of the lines of one word for which a condition holds; null where there are none.
pub(super) fn bits(line: &str, condition: &str) -> String {
    format!("{} filter (where {condition})", bits::collect(line))
}

/// `confirmed as (..)`: saves what the load `$1` has confirmed: the `bits` of the rows of `word`.
pub(super) fn save(context: FactContext<'_>) -> String {
    format!(
        "confirmed as (
    insert into star.{table} (load_id, of_load, words, bits)
    select $1, word.of_load, {arrays}
    from word
    where word.bits is not null and word.of_load <> $1
    group by word.of_load
)",
        arrays = bits::arrays("word"),
        table = ident(&table_name(&context.fact.name))
    )
}

/// The statements that delete the rows of the loads `older`, which `in_load_id` replaces, but for those that it or a
/// load of another file has as well. So are rows of loads that were replaced before, and that only these had kept.
/// `deleted` is their number.
pub(in crate::star) fn replace(fact: &Fact) -> String {
    let fact_table = ident(&name(&fact.name));
    if fact.grain.is_none() {
        return format!(
            "    delete from star.{fact_table} fact where fact.load_id = any (older);
    get diagnostics deleted = row_count;
"
        );
    }
    format!(
        "    with lost as (
        delete from star.{table} confirmed where confirmed.load_id = any (older)
        returning confirmed.of_load, confirmed.words, confirmed.bits
    ), replaced as (
        select distinct lost.of_load from lost where stardrop.has_newer_version(lost.of_load)
    ), candidate as (
        select fact.tableoid, fact.ctid, fact.load_id, fact.source_line
        from star.{fact_table} fact
        where fact.load_id = any (older)
        union all
        select fact.tableoid, fact.ctid, fact.load_id, fact.source_line
        from lost
        join replaced on replaced.of_load = lost.of_load
        cross join {lost_lines}
        join star.{fact_table} fact on fact.load_id = lost.of_load and {lost_has}
        where lost.of_load <> all (older)
    ), kept as (
        select confirmed.of_load, line.word, bit_or(line.bits) as bits
        from star.{table} confirmed
        cross join {lines}
        where confirmed.load_id <> all (older)
          and (confirmed.of_load = any (older) or confirmed.of_load in (select replaced.of_load from replaced))
        group by confirmed.of_load, line.word
    )
    delete from star.{fact_table} fact
    using candidate
    where fact.tableoid = candidate.tableoid
      and fact.ctid = candidate.ctid
      and not exists (
          select from kept
          where kept.of_load = candidate.load_id
            and {kept_has}
      );
    get diagnostics deleted = row_count;
",
        table = ident(&table_name(&fact.name)),
        lost_lines = bits::unnested("lost", "line"),
        lost_has = bits::has("line", "fact.source_line"),
        lines = bits::unnested("confirmed", "line"),
        kept_has = bits::has("kept", "candidate.source_line"),
    )
}

/// The statements of an undo: delete the load's rows, with their number as `deleted`, and the confirmations that
/// the load made and those of its rows. The loads whose confirmations are lost with rows are added to
/// `confirmed_by`, of each row the one that counted: a replay of this load alone would not restore them.
pub(in crate::star) fn undo(fact: &Fact) -> String {
    let fact_table = ident(&name(&fact.name));
    if fact.grain.is_none() {
        return format!(
            "    delete from star.{fact_table} fact where fact.load_id = in_load_id;
    get diagnostics deleted = row_count;
"
        );
    }
    let position = match fact.conflict {
        Conflict::Update => load_order::newest_first(),
        Conflict::Keep => load_order::oldest_first(),
    };
    format!(
        "    with taken as (
        delete from star.{fact_table} fact where fact.load_id = in_load_id
        returning fact.source_line
    ), confirmation as (
        select confirmed.load_id, confirmed_line.word, confirmed_line.bits
        from star.{table} confirmed
        cross join {lines}
        where confirmed.of_load = in_load_id
    ), counted as (
        select distinct on (taken.source_line) confirmation.load_id
        from taken
        join confirmation
          on {has}
        join stardrop.load l on l.load_id = confirmation.load_id
        order by taken.source_line, {position}
    )
    select (select count(*) from taken),
           confirmed_by || (select array_agg(distinct counted.load_id) from counted)
    into deleted, confirmed_by;
    delete from star.{table} confirmed
    where confirmed.load_id = in_load_id
       or confirmed.of_load = in_load_id;
",
        lines = bits::unnested("confirmed", "confirmed_line"),
        has = bits::has("confirmation", "taken.source_line"),
        table = ident(&table_name(&fact.name)),
    )
}
