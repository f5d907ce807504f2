//! Repetition: which members other files had as well, with the same values.
//!
//! A member that a newer file repeats is not written again. But its values count as new as that file: an older
//! one that comes late must not change them. So the newer load notes the members that it has repeated, and only a
//! batch that would change members looks whether a load that is newer than its own has repeated them.
//!
//! Notes are for each [`Group`] of attributes of which the newest value stays. A note about values that have been
//! replaced since does not count: whatever replaced them was newer than all who repeated them. Facts have the same
//! (`fact/confirmation.rs`), but their rows have no surrogate key.

use super::group::{self, Group, Kept};
use super::{key_column, name};
use crate::dataset::Dimension;
use crate::star::ident::{ident, literal};
use crate::star::table::{Column, Table};
use crate::star::{bits, load_order};

/// The name of the table, without the schema.
pub(in crate::star) fn table_name(dimension: &str) -> String {
    format!("repeated_{dimension}")
}

/// Whether it is noted which members a file repeats.
pub(super) fn is_kept(dimension: &Dimension) -> bool {
    dimension.versioned().is_none()
        && group::all(dimension).iter().any(|group| group.kept == Kept::Newest)
}

/// The table of a dimension.
pub(super) fn table(dimension: &Dimension) -> Option<Table> {
    if !is_kept(dimension) {
        return None;
    }
    let name = table_name(&dimension.name);
    let columns = [
        Column::new("load_id", "bigint")
            .not_null(true)
            .comment("The load that repeated the values."),
        Column::new("position", "text")
            .not_null(true)
            .comment("Which values: those whose origin is in this column of the dimension."),
    ];
    let [mut words, bits] = bits::columns("The surrogate keys of the members");
    // Where the members get other keys, the notes go with the old ones.
    words.refers_to = Some(format!("star.{}", super::name(&dimension.name)));
    Some(Table {
        schema: "star",
        unlogged: false,
        columns: columns.into_iter().chain([words, bits]).collect(),
        constraints: Vec::new(),
        indexes: vec![(format!("{name}_load_id"), "(load_id)".to_owned())],
        spare_percent: 0,
        comment: format!(
            "Members of {} that other loads had as well: they count as new as those.",
            super::name(&dimension.name)
        ),
        name,
    })
}

/// The statement that finds the loads of these datasets that are newer than the batch's: none unless the file is late.
pub(super) fn find_newer(datasets: &[&str]) -> String {
    let datasets: Vec<String> = datasets.iter().map(|dataset| literal(dataset)).collect();
    format!(
        "select array_agg(l.load_id) into newer_loads
from stardrop.load l
where l.dataset in ({datasets})
  and {is_newer};
",
        datasets = datasets.join(", "),
        is_newer = load_order::is_newer("this.load_id", "this.object_time")
    )
}

/// `repeated as (..)`: what the loads of the array `loads` have repeated.
pub(super) fn repeated(dimension: &Dimension, loads: &str) -> String {
    format!(
        "repeated as (
    select repeated.position, line.word, bit_or(line.bits) as bits
    from star.{table} repeated
    cross join {lines}
    where repeated.load_id = any ({loads})
    group by repeated.position, line.word
)",
        table = ident(&table_name(&dimension.name)),
        lines = bits::unnested("repeated", "line"),
    )
}

/// The join of the row `dim` with what [`repeated`] has of its values, as `alias`.
pub(super) fn join(dimension: &Dimension, group: &Group<'_>, alias: &str) -> String {
    format!(
        "    left join repeated {alias}
      on {alias}.position = {}
     and {}
",
        literal(&group.load),
        bits::has(alias, &surrogate(dimension, "dim")),
    )
}

/// The query that saves that the load `$1` has repeated members: those rows of `compared` with `known_key$` for which
/// `condition` holds.
pub(super) fn save(dimension: &Dimension, group: &Group<'_>, condition: &str) -> String {
    format!(
        "    insert into star.{table} (load_id, position, words, bits)
    select $1, {position}, {arrays}
    from (
        select {word} as word, {collected} as bits
        from compared
        where {condition}
        group by {word}
    ) line
    having count(*) > 0",
        table = ident(&table_name(&dimension.name)),
        position = literal(&group.load),
        arrays = bits::arrays("line"),
        word = bits::word("compared.known_key$"),
        collected = bits::collect("compared.known_key$"),
    )
}

/// The statement of an undo that gives the load's values to the oldest of the loads that have repeated them. It has
/// repeated them first; those after it still do.
pub(super) fn pass_on(dimension: &Dimension, group: &Group<'_>) -> String {
    let key = surrogate(dimension, "member");
    let (load, time) = (ident(&group.load), ident(&group.time));
    format!(
        "    with repetition as (
        select l.*, line.word, line.bits
        from star.{repeated} repeated
        join stardrop.load l on l.load_id = repeated.load_id
        join stardrop.load undone on undone.load_id = in_load_id
        cross join {lines}
        where repeated.position = {position}
          and l.load_id <> in_load_id
          and {is_newer}
    ), heir as (
        select distinct on ({key}) {key} as known_key, l.load_id, l.object_time
        from star.{table} member
        join repetition l on {has}
        where member.{load} = in_load_id
        order by {key}, {oldest_first}
    )
    update star.{table} member
    set {load} = heir.load_id, {time} = heir.object_time
    from heir
    where {key} = heir.known_key;
",
        repeated = ident(&table_name(&dimension.name)),
        lines = bits::unnested("repeated", "line"),
        position = literal(&group.load),
        is_newer = load_order::is_newer("in_load_id", "undone.object_time"),
        table = ident(&name(&dimension.name)),
        has = bits::has("l", &key),
        oldest_first = load_order::oldest_first(),
    )
}

/// `forgotten as (..)`: deletes the notes about the members of `reset`, which have no values any more.
pub(super) fn forget(dimension: &Dimension, group: &Group<'_>) -> String {
    let key = surrogate(dimension, "reset");
    format!(
        "lost as (
        select {word} as word, {collected} as bits from reset group by {word}
    ), forgotten as (
        update star.{table} repeated
        set bits = (
            select array_agg(line.bits & ~ coalesce(lost.bits, 0) order by line.place)
            from unnest(repeated.words, repeated.bits) with ordinality line (word, bits, place)
            left join lost on lost.word = line.word
        )
        where repeated.position = {position}
          and exists (select from lost where lost.word = any (repeated.words))
    )",
        word = bits::word(&key),
        collected = bits::collect(&key),
        table = ident(&table_name(&dimension.name)),
        position = literal(&group.load),
    )
}

/// The statement of an undo that deletes what the load has repeated.
pub(super) fn delete(dimension: &Dimension) -> String {
    format!(
        "    delete from star.{} repeated where repeated.load_id = in_load_id;\n",
        ident(&table_name(&dimension.name))
    )
}

fn surrogate(dimension: &Dimension, row: &str) -> String {
    format!("{row}.{}", ident(&key_column(&dimension.name)))
}
