//! By grain: the SQL step that loads a batch into a fact with a grain.
//!
//! Takes a fact and its grain; gives the statements. One row per grain stays, chosen by
//! [`precedence`](super::precedence): first within the batch, then against the row that the fact has. Rows of new
//! grains are inserted ([`insert`]); the others are compared, and only those that change are written ([`compare`]).
//!
//! A batch with known grains holds the fact's lock: together with others as long as it changes none of them, and alone
//! where it does, because it must see which rows others have confirmed. What it needs is known once it has compared its
//! rows; where that is the other one, it rolls back what it has written, and holds nothing of the fact while it waits.
//! A batch of new grains takes no lock. It finds by the primary key that another one has just inserted some of them;
//! then it rolls back, too, before it waits, so that no two batches wait for each other.

mod change;
mod compare;
mod insert;

use super::columns::{Filled, filled, needed};
use super::precedence::row_order;
use super::{FactContext, confirmation, name, partition, repeats, tombstone};
use crate::dataset::{Conflict, Overwrite};
use crate::star::counts;
use crate::star::finding::{self, REPEATED_GRAIN};
use crate::star::ident::{differ, dollar_quoted, ident, indented, literal, qualified};

/// How many of the batch's rows are looked up to decide what comes first, to compare or to insert, and which lock to
/// take. It matters only for the speed.
const SAMPLE_ROWS: u32 = 1_000;

/// How many of a large batch's rows tell whether it may be sorted.
const ORDER_ROWS: u32 = 100;

/// The size of a batch from which on it takes less time to find out that it is sorted than to sort it.
const MANY_ROWS: u32 = 10_000;

/// How often a batch inserts its rows again because others have inserted some of their grains meanwhile.
const MOST_CONFLICTS: u32 = 5;

/// The statement that finds the loads of the key whose rows the batch's load replaces, and the others.
const FIND_REPLACED: &str = "        select array_agg(l.load_id) filter (where l.is_replaced),
               array_agg(l.load_id) filter (where not l.is_replaced)
        into replaced, unreplaced
        from (
            select other.load_id, stardrop.is_replaced_by(other.load_id, this.load_id) as is_replaced
            from stardrop.load own
            join stardrop.load other on other.bucket = own.bucket and other.key = own.key
            where own.load_id = this.load_id
        ) l;
";

/// Raised to roll back what was inserted, and caught right away.
const WOULD_WAIT: &str = "SD004";

pub(super) fn step(context: FactContext<'_>, grain: &[String]) -> String {
    let FactContext { dataset, fact, .. } = context;
    let table = format!("star.{}", ident(&name(&fact.name)));
    let span = partition::parameters(context);
    let repeats = if dataset.policy.rejects_repeated_grain {
        repeats::refuse(context, grain)
    } else {
        String::new()
    };
    let (replaced_variables, replaced, replaced_parameters) = match dataset.policy.overwrite {
        Overwrite::Replace => (
            "        replaced bigint[];\n        unreplaced bigint[];\n",
            FIND_REPLACED,
            ", replaced, unreplaced",
        ),
        Overwrite::Merge | Overwrite::Ignore => ("", "", ""),
    };
    let overruling = confirmation::find_overruling(context);
    format!(
        "{repeats}{tombstones}    -- Fact {fact}: one row per {grain_words}, the {which} wins.
    declare
        has_known boolean;
        is_alone boolean;
        is_sorted boolean := false;
        is_reversed boolean := false;
        is_unique boolean;
        absent bigint;
        written bigint;
        to_change bigint;
        lines bigint[];
        overruling bigint[];
        conflicts integer := 0;
{replaced_variables}    begin
{replaced}        execute {sample} into has_known, is_alone{using_span};
        -- Files are often in the order of their grains: then each has one row, and none need be sorted.
        if staged >= {MANY_ROWS} then
            for pass in 1..2 loop
                execute {order} into is_sorted, is_reversed
                    using case pass when 1 then {ORDER_ROWS} end;
                exit when not (is_sorted or is_reversed);
            end loop;
        end if;
        is_unique := is_sorted or is_reversed;
        loop
            begin
                inserted := 0;
                updated := 0;
                absent := staged;
                grains := staged;
                if has_known and is_alone then
                    perform stardrop.wait_for_turn();
                    perform pg_advisory_xact_lock({lock});
{overruling}                elsif has_known then
                    perform pg_advisory_xact_lock_shared({lock});
                end if;
                loop
                    if has_known then
                        execute {compare} into grains, absent, to_change, lines
                            using this.load_id, this.object_time, overruling, is_unique{replaced_parameters}{span};
                        if to_change > 0 then
                            if not is_alone then
                                raise exception using errcode = '{WOULD_WAIT}';
                            end if;
                            execute {change} into written
                                using this.load_id, this.object_time, overruling, lines{replaced_parameters}{span};
                            updated := updated + written;
                        end if;
                        exit when absent = 0;
                    end if;
                    -- Of a sorted file, the batch before this one has other grains.
                    if not is_unique or stardrop.has_to_wait(staged) then
                        perform stardrop.wait_for_turn();
                    end if;
                    execute {insert} using this.load_id, this.object_time, is_sorted{span};
                    get diagnostics written = row_count;
                    inserted := inserted + written;
                    exit when written = absent;
                    -- A batch with rows that others may wait for does not wait for the lock itself.
                    if not has_known and not pg_try_advisory_xact_lock_shared({lock}) then
                        raise exception using errcode = '{WOULD_WAIT}';
                    end if;
                    has_known := true;
                end loop;
                exit;
            exception when unique_violation or sqlstate '{WOULD_WAIT}' then
                conflicts := conflicts + 1;
                if conflicts > {MOST_CONFLICTS} then
                    raise;
                end if;
                is_alone := has_known;
                has_known := true;
            end;
        end loop;
        occurrences := null;
        if staged > grains then
            execute {repeated} into occurrences
                using this.load_id, this.object_time, first_line, staged;
        end if;
    end;
{counts}{finding}",
        tombstones = tombstone::step(context, grain),
        fact = fact.name,
        grain_words = grain.join(", "),
        which = match fact.conflict {
            Conflict::Update => "newest",
            Conflict::Keep => "oldest",
        },
        sample = dollar_quoted("sql", &sample(context, grain)),
        using_span = span.strip_prefix(',').map_or_else(String::new, |span| format!(" using{span}")),
        repeated = dollar_quoted("sql", &format!("\n{}", indented(&repeated(context, grain), 16))),
        order = dollar_quoted("sql", &order(grain)),
        overruling = indented(&overruling, 20),
        compare = query_text(&compare::query(context, grain), 28),
        change = query_text(&change::query(context, grain), 32),
        insert = query_text(&insert::query(context, grain), 24),
        lock = lock(context),
        counts = if fact.delete_when.is_some() {
            counts::add_with_deleted(&table, "staged", "removed")
        } else {
            counts::add(&table, "staged")
        },
        finding = finding::add(REPEATED_GRAIN, &fact.name, grain, "occurrences"),
    )
}

/// A query between two dollar quotes, with this number of spaces before its lines.
fn query_text(query: &str, spaces: usize) -> String {
    let end = spaces - 4;
    dollar_quoted("sql", &format!("\n{}{:end$}", indented(query, spaces), ""))
}

/// Whether the fact has one of the batch's first grains, and whether it has other values in a row of one.
fn sample(context: FactContext<'_>, grain: &[String]) -> String {
    let needed = needed(context, grain);
    let filled = filled(context);
    // What is the column of the batch, so that no member is looked up.
    let is_as_in_batch =
        |filled: &&Filled| filled.value == qualified("row", &[&filled.column.name]);
    let compared: Vec<&str> = filled
        .iter()
        .filter(is_as_in_batch)
        .map(|filled| filled.column.name.as_str())
        .filter(|name| !grain.iter().any(|g| g == name) && needed.contains(name))
        .collect();
    let differs = match compared.as_slice() {
        [] => "false".to_owned(),
        columns => differ("fact", "row", columns),
    };
    format!(
        "
            select count(*) > 0, coalesce(bool_or({differs}), false)
            from (select {batch_columns} from batch limit {SAMPLE_ROWS}) row
            {known}
        ",
        batch_columns = qualified("batch", &needed),
        known = partition::join(context, "join", "fact", "row", grain, 1),
    )
}

/// How many rows of the batch differ from the one of their grain that wins.
fn repeated(context: FactContext<'_>, grain: &[String]) -> String {
    format!(
        "with {incoming}
select {count}
",
        incoming = incoming(context, grain, "false"),
        count = repeats::count(context, grain),
    )
}

/// Whether each of the batch's rows, or of its first `$1`, has a higher grain than the one before; and whether each has
/// a lower one.
fn order(grain: &[String]) -> String {
    let follows = |sign: &str| {
        let mut equal = String::new();
        let mut cases = Vec::new();
        for column in grain {
            let column = ident(column);
            let before = format!("lag(batch.{column}) over ()");
            cases.push(format!("{equal}batch.{column} {sign} {before}"));
            equal.push_str(&format!("batch.{column} = {before} and "));
        }
        cases.join("\n                    or ")
    };
    format!(
        "
            select coalesce(bool_and(row.is_after), true), coalesce(bool_and(row.is_before), true)
            from (
                select {after} as is_after,
                       {before} as is_before
                from (select {batch_grain} from batch limit $1) batch
            ) row
        ",
        after = follows(">"),
        before = follows("<"),
        batch_grain = qualified("batch", grain),
    )
}

/// `incoming as (..)`: the row of each grain that wins within the batch. `is_unique` is the parameter that says that
/// there is one row of each.
fn incoming(context: FactContext<'_>, grain: &[String], is_unique: &str) -> String {
    format!(
        "incoming as (
    select {needed}, batch.source_line{is_tombstone}
    from batch
    where {is_unique}
    union all
    (select distinct on ({batch_grain})
            {needed}, batch.source_line{is_tombstone}
     from batch
     where not {is_unique}
     order by {batch_grain}, {row_order})
)",
        batch_grain = qualified("batch", grain),
        needed = qualified("batch", &needed(context, grain)),
        is_tombstone = tombstone::is_tombstone(context.fact),
        row_order = row_order(context.fact),
    )
}

/// The first parameter behind those that the queries [`compare`] and [`change`] have in any fact.
fn first_further_parameter(context: FactContext<'_>) -> usize {
    match context.dataset.policy.overwrite {
        Overwrite::Replace => 7,
        Overwrite::Merge | Overwrite::Ignore => 5,
    }
}

/// The number of the fact's lock.
fn lock(context: FactContext<'_>) -> String {
    format!("stardrop.table_lock({})", literal(&name(&context.fact.name)))
}
