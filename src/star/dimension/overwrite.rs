//! Overwrite: the SQL step for dimensions without versions. Each attribute of a member keeps one
//! value: the newest (type 1), or the first (type 0).
//!
//! Attributes from different datasets have a position each, so that a newer file that lacks some of
//! them leaves those unchanged. Members that stay as they are are not written: that a newer file has them, too, is
//! noted ([`repetition`]).
//!
//! Batches that insert members, and repeat others, run next to each other: they hold the dimension's lock together.
//! One that changes members holds it alone, since it must see who has repeated them. Which of the two a batch does
//! is known once it has compared its members. Where it must change some, it rolls back and starts again, so that
//! it holds nothing of the dimension while it waits.

use super::compared::Compared;
use super::group::{self, Group, Kept};
use super::{DimensionEffect, described, key_column, name, repetition};
use crate::dataset::{Dimension, DimensionSource};
use crate::star::ident::{dollar_quoted, equal, ident, indented, list, literal, qualified};

/// How many of a large batch's rows are looked up to decide which lock to take. It matters only for the speed.
const SAMPLE_ROWS: u32 = 1_000;

/// Raised to roll back what was written under the wrong lock, and caught right away.
const WRONG_LOCK: &str = "SD006";

/// The statements. They give the number of the batch's members as `members`, and add no counts.
pub(super) fn step(effect: &DimensionEffect<'_>, source: &DimensionSource) -> String {
    let dimension = effect.dimension;
    let groups = group::of_source(dimension, source);
    let (newer_variable, newer, parameter) = match repetition::is_kept(dimension) {
        true => (
            "        newer_loads bigint[];\n",
            repetition::find_newer(&effect.described_by),
            "newer_loads",
        ),
        false => ("", String::new(), "null::bigint[]"),
    };
    format!(
        "    -- Dimension {dimension}: {what}.
    declare
        is_alone boolean := false;
        may_insert boolean := not stardrop.has_to_wait(staged);
        has_new boolean;
        absent bigint;
        written bigint;
        to_change bigint;
        changed bigint;
{newer_variable}    begin
        inserted := 0;
        updated := 0;
        if staged > {SAMPLE_ROWS} then
            execute {sample} into is_alone, has_new;
        end if;
        loop
            begin
                if is_alone or has_new and not may_insert then
                    perform stardrop.wait_for_turn();
                    may_insert := true;
                end if;
                if is_alone then
                    perform pg_advisory_xact_lock({lock});
{newer}                else
                    perform pg_advisory_xact_lock_shared({lock});
                end if;
                execute {query} into absent, written, to_change, changed, members, occurrences
                    using this.load_id, this.object_time, first_line, is_alone, {parameter}, may_insert;
                if absent > 0 and not may_insert then
                    has_new := true;
                    raise exception using errcode = '{WRONG_LOCK}';
                end if;
                -- Members that another batch has inserted meanwhile are compared, too.
                if not is_alone and (to_change > 0 or written < absent) then
                    is_alone := true;
                    raise exception using errcode = '{WRONG_LOCK}';
                end if;
                inserted := inserted + written;
                updated := updated + changed;
                exit when written = absent;
            exception when sqlstate '{WRONG_LOCK}' then
                -- What it needs is noted.
                null;
            end;
        end loop;
    end;
{finding}",
        finding = described::add(source),
        dimension = source.name,
        what = summary(&groups),
        sample = dollar_quoted("sql", &sample(dimension, source, &groups)),
        lock = format_args!("stardrop.table_lock({})", literal(&name(&source.name))),
        newer = indented(&newer, 20),
        query = dollar_quoted(
            "sql",
            &format!("\n{}{:16}", indented(&query(dimension, source, &groups), 20), "")
        ),
    )
}

/// The query that inserts the new members, notes those that the batch repeats, and changes others if `$4` says that no
/// other batch runs. `$5` is the loads that are newer than this one; `$6` says that it is the batch's turn.
fn query(dimension: &Dimension, source: &DimensionSource, groups: &[Group<'_>]) -> String {
    let table = format!("star.{}", ident(&name(&source.name)));
    let key = ident(&key_column(&source.name));
    let compared: Vec<Compared<'_, '_>> = groups
        .iter()
        .enumerate()
        .map(|(at, group)| Compared {
            group,
            suffix: if at == 0 { String::new() } else { format!("_{}", at + 1) },
        })
        .collect();
    let noted = || compared.iter().filter(|of_group| of_group.group.kept == Kept::Newest);
    let repeated = match repetition::is_kept(dimension) {
        true => repetition::repeated(dimension, "$5") + ", ",
        false => String::new(),
    };
    let joins: String = noted()
        .map(|of| repetition::join(dimension, of.group, &format!("repeated{}", of.suffix)))
        .collect();
    let notes: String = noted()
        .map(|of| {
            let note = repetition::save(dimension, of.group, &of.repeats());
            format!(", noted{} as (\n{note}\n)", of.suffix)
        })
        .collect();
    let columns: Vec<&String> = source.key.iter().chain(&source.attributes).collect();
    let (positions, position_values) = positions(dimension, groups);
    format!(
        "with {member}, {repeated}known as (
    select member.*, dim.{key} as known_key$,
{facts}
    from member
    left join {table} dim on {same_key}
{joins}), compared as (
    select known.*,
{changes}
    from known
), inserted as (
    insert into {table}
        ({columns}, load_id, source_line, {positions})
    select {member_columns},
           $1, compared.source_line, {position_values}
    from compared
    where compared.known_key$ is null and $6
    order by {key_order}
    on conflict ({key_columns}) do nothing
    returning true
), updated as (
    update {table} dim set
{set}
    from compared
    where dim.{key} = compared.known_key$
      and ({any_changes})
      and $4
){notes}
select count(*) filter (where compared.known_key$ is null),
       (select count(*) from inserted),
       count(*) filter (where {any_changes}),
       count(*) filter (where $4 and ({any_value_changes})),
       count(*),
       {described}
from compared
",
        member = described::members(dimension, source, groups),
        facts = each(&compared, ",\n", Compared::facts),
        same_key = equal("dim", "member", &source.key),
        changes = each(&compared, ",\n", Compared::changes),
        columns = list(&columns),
        member_columns = qualified("compared", &columns),
        key_order = qualified("compared", &source.key),
        key_columns = list(&source.key),
        set = assignments(&compared),
        any_changes = each(&compared, " or ", |of| of.column("changes")),
        any_value_changes = any_value_changes(&compared),
        described = described::count(source, groups),
    )
}

/// Whether the values of any group change, and not their position alone.
fn any_value_changes(compared: &[Compared<'_, '_>]) -> String {
    each(compared, " or ", |of| format!("{} and {}", of.column("changes"), of.column("differs")))
}

/// The columns of the positions of all groups, and what a new member gets there. A group of which this dataset has no
/// attribute gets the position of a group without a value.
fn positions(dimension: &Dimension, groups: &[Group<'_>]) -> (String, String) {
    let mut columns = Vec::new();
    let mut values = Vec::new();
    for group in group::all(dimension) {
        let is_incoming = groups.iter().any(|incoming| incoming.load == group.load);
        columns.extend(group.position());
        values.extend(if is_incoming { ["$1", "$2"] } else { ["0", "'-infinity'"] });
    }
    (list(&columns), values.join(", "))
}

/// The assignments of the update: each group takes its values from the batch where these win.
fn assignments(compared: &[Compared<'_, '_>]) -> String {
    let is_only_group = compared.len() == 1;
    let mut lines = Vec::new();
    for of in compared {
        let mut set = |column: &str, value: &str| {
            let column = ident(column);
            lines.push(match is_only_group {
                true => format!("        {column} = {value}"),
                false => format!(
                    "        {column} = case when {} then {value} else dim.{column} end",
                    of.column("changes")
                ),
            });
        };
        for attribute in of.group.attributes {
            set(attribute, &format!("compared.{}", ident(attribute)));
        }
        set(&of.group.load, "$1");
        set(&of.group.time, "$2");
    }
    let changes = any_value_changes(compared);
    lines.push(format!("        load_id = case when {changes} then $1 else dim.load_id end"));
    lines.push(format!(
        "        source_line = case when {changes} then compared.source_line else dim.source_line end"
    ));
    lines.join(",\n")
}

fn each<T>(items: &[T], separator: &str, text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(separator)
}

/// Whether the batch's first rows change a member, and whether they have a new one.
fn sample(dimension: &Dimension, source: &DimensionSource, groups: &[Group<'_>]) -> String {
    let columns: Vec<&String> = source.key.iter().chain(&source.attributes).collect();
    let changes = each(groups, " or ", |group| {
        format!("dim.{} = '-infinity' or {}", ident(&group.time), group.differs("member"))
    });
    format!(
        "
            select coalesce(bool_or(dim.{key} is not null and ({changes})), false),
                   coalesce(bool_or(dim.{key} is null), false)
            from (select {columns} from batch limit {SAMPLE_ROWS}) member
            left join star.{table} dim on {same_key}
            where {known}
        ",
        key = ident(&key_column(&dimension.name)),
        known =
            each(&source.key, " and ", |column| format!("member.{} is not null", ident(column))),
        columns = qualified("batch", &columns),
        table = ident(&name(&dimension.name)),
        same_key = equal("dim", "member", &source.key),
    )
}

fn summary(groups: &[Group<'_>]) -> &'static str {
    match (described::has(groups, Kept::Newest), described::has(groups, Kept::Oldest)) {
        (true, true) => "the newest value of some attributes, the oldest of others",
        (false, true) => "the oldest value of each attribute",
        (_, false) => "the newest value of each attribute",
    }
}
