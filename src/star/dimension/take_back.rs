//! Take back: the SQL statements of an undo that take back what a load has said of a dimension's members, and
//! delete members that nobody else has described and no fact refers to.
//!
//! A value that the load had overwritten is not known any more: the member has none until the other load is
//! replayed. A member that stays without anything that its last load has said is of load 0, like one that no load
//! has had: a later undo deletes it once no fact refers to it, and the replay of its load counts it only if a value
//! changes.

use super::group::{self, Group, Kept};
use super::{DimensionEffect, UNKNOWN, key_column, name, presence, repetition, scd2};
use crate::dataset::{Dimension, Missing};
use crate::star::ident::{equal, ident, literal};

/// The variables of these statements: the keys of the rows that had something of the load, those of them that have
/// lost values, and the number of versions that are deleted.
pub(in crate::star) const VARIABLES: &str = "    touched bigint[];
    cleared bigint[];
    removed_versions bigint;
    left_without bigint;
";

/// The statements. `rekey` is those that give facts the versions of their time.
pub(in crate::star) fn take_back(effect: &DimensionEffect<'_>, rekey: &str) -> String {
    let dimension = effect.dimension;
    let table = table(dimension);
    let surrogate = ident(&key_column(&dimension.name));
    let mut steps = format!(
        "
    -- Dimension {name}: what this load has said of its members.
    cleared := '{{}}';
    removed_versions := 0;
    select coalesce(array_agg(member.{surrogate}), '{{}}') into touched
    from {table} member
    where member.load_id = in_load_id
       or member.load_id = 0 and not in_replays and member.{surrogate} <> {UNKNOWN};
",
        name = dimension.name
    );
    let Some(source) = effect.source else { return steps };
    let is_versioned =
        |attribute| dimension.versioned().is_some_and(|group| group.attributes.contains(attribute));
    if source.attributes.iter().any(is_versioned) {
        steps.push_str(&scd2::take_back(dimension, rekey));
    }
    for group in group::of_source(dimension, source) {
        let is_noted = repetition::is_kept(dimension) && group.kept == Kept::Newest;
        if is_noted {
            steps.push_str(&repetition::pass_on(dimension, &group));
        }
        if is_sure(dimension) {
            steps.push_str(&date_by_last_change(&table, &group));
            steps.push_str(&of_undone(&table));
        }
        let forget = if is_noted { repetition::forget(dimension, &group) } else { String::new() };
        steps.push_str(&reset(&table, &surrogate, &group, &forget));
    }
    if repetition::is_kept(dimension) {
        steps.push_str(&repetition::delete(dimension));
    }
    steps
}

fn table(dimension: &Dimension) -> String {
    format!("star.{}", ident(&name(&dimension.name)))
}

/// Whether a row's `load_id` is that of the load which has changed its values last, and only newer files can
/// overwrite them: so one knows whether a load has changed them, and which other loads may have them, too.
pub(in crate::star) fn is_sure(dimension: &Dimension) -> bool {
    let groups = group::all(dimension);
    dimension.versioned().is_none()
        && matches!(groups.as_slice(), [only] if only.kept == Kept::Newest)
}

/// Rows of which the load is the source, though it has not changed them, get the position of the load that did, unless
/// that is undone, too. Where all values are null, that load may only have referred to the member, and said
/// nothing of it.
fn date_by_last_change(table: &str, group: &Group<'_>) -> String {
    let has_value =
        group.attributes.iter().map(|name| format!("member.{} is not null", ident(name)));
    let has_value: Vec<String> = has_value.collect();
    format!(
        "    update {table} member
    set source_load_id = member.load_id,
        source_time = last_change.object_time
    from stardrop.load last_change
    where member.source_load_id = in_load_id
      and ({has_value})
      and last_change.load_id = member.load_id
      and last_change.load_id <> in_load_id
      and last_change.state <> 'undone';
",
        has_value = has_value.join(" or "),
    )
}

/// Notes that a row has a value of which the load is the source without having changed it, and of which one does not
/// know who else has had it: its own load is undone already, or may have said nothing. The counts of loads do not tell which others
/// had a value before that one.
fn of_undone(table: &str) -> String {
    format!(
        "    perform from {table} member where member.source_load_id = in_load_id and member.load_id <> in_load_id;
    if found then
        unsure := unsure || {}::text;
    end if;
",
        literal(table)
    )
}

/// Attributes whose values are the load's have none any more, and the position of such a group: any file wins.
/// `forget` is a further part of the statement, about the rows of `reset`.
fn reset(table: &str, surrogate: &str, group: &Group<'_>, forget: &str) -> String {
    let values: String =
        group.attributes.iter().map(|name| format!("{} = null, ", ident(name))).collect();
    let (load, time) = (ident(&group.load), ident(&group.time));
    format!(
        "    with reset as (
        update {table} member
        set {values}{load} = 0, {time} = '-infinity'
        where member.{load} = in_load_id
        returning member.{surrogate}
    ){separator}{forget}
    select touched || array_agg(reset.{surrogate}), cleared || array_agg(reset.{surrogate})
    into touched, cleared
    from reset;
",
        separator = if forget.is_empty() { "" } else { ", " },
    )
}

/// The statements that delete members of `touched` that are only known by their key, and to which none of these
/// columns of facts refers. `deleted` is their number.
pub(in crate::star) fn delete_unknown(
    dimension: &Dimension,
    references: &[(String, String)],
) -> String {
    let surrogate = ident(&key_column(&dimension.name));
    let mut conditions = without_values(dimension);
    if dimension.missing != Missing::Keep {
        let presence::Names { presence, key, .. } = presence::Names::of(dimension);
        conditions.push(format!(
            "not exists (select from {presence} presence where {})",
            equal("presence", "dim", &key)
        ));
    }
    conditions.extend(references.iter().map(|(fact, column)| {
        format!(
            "not exists (select from {fact} fact where fact.{} = dim.{surrogate})",
            ident(column)
        )
    }));
    let conditions: String =
        conditions.iter().map(|condition| format!("\n      and {condition}")).collect();
    let table = table(dimension);
    let is_empty = match without_values(dimension) {
        conditions if conditions.is_empty() => "true".to_owned(),
        conditions => conditions.join(" and "),
    };
    // Where one knows which load changed a value, that load stays in a row that another one has had, too.
    let of_nobody = match is_sure(dimension) {
        true => is_empty,
        false => format!("(dim.load_id = in_load_id or {is_empty})"),
    };
    format!(
        "    delete from {table} dim
    where dim.{surrogate} = any (touched)
      and dim.{surrogate} <> {UNKNOWN}{conditions};
    get diagnostics deleted = row_count;
    update {table} dim
    set load_id = 0, source_line = 0
    where dim.{surrogate} = any (touched)
      and dim.load_id <> 0
      and {of_nobody};
    select count(*) into left_without from {table} dim where dim.{surrogate} = any (cleared);
    report := report || jsonb_build_object('{table}', jsonb_build_object(
        'versions_deleted', removed_versions, 'without_values', left_without
    ));
    perform stardrop.add_row_counts(in_load_id, jsonb_build_object(
        'tables', jsonb_build_array(jsonb_build_object(
            'table_name', '{table}', 'inserted', 0, 'updated', 0, 'unchanged', 0,
            'deleted', deleted
        ))
    ), 0, 0, 0);
"
    )
}

/// The conditions of rows `dim` that are only known by their key.
fn without_values(dimension: &Dimension) -> Vec<String> {
    let mut conditions: Vec<String> = group::all(dimension)
        .iter()
        .map(|group| format!("dim.{} = '-infinity'", ident(&group.time)))
        .collect();
    if dimension.versioned().is_some() {
        conditions.push("dim.valid_from = '-infinity'".to_owned());
    }
    conditions
}
