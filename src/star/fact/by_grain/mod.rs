//! By grain: the SQL step that loads a batch into a fact with a grain.
//!
//! Takes a fact and its grain; gives the statements. One row per grain stays, chosen by
//! [`precedence`](super::precedence): first within the batch, then against the row that the fact has. Rows of new
//! grains are inserted ([`insert`]); the others are compared, and only those that change are written ([`compare`]).
//!
//! A batch that has known grains holds the fact's lock: two batches that compare the same row at the same time
//! would not see what the other one writes or confirms. A batch of new grains alone runs next to others. It finds
//! by the primary key that another one has just inserted some of them; then it rolls its own rows back before it
//! waits, so that no two batches wait for each other.

mod compare;
mod insert;

use super::columns::needed;
use super::precedence::row_order;
use super::{FactContext, confirmation, name, repeats, tombstone};
use crate::dataset::Conflict;
use crate::star::counts;
use crate::star::finding::{self, REPEATED_GRAIN};
use crate::star::ident::{dollar_quoted, equal, ident, indented, literal, qualified};

/// How many of the batch's rows are looked up to decide what comes first: to compare, or to insert. It matters only
/// for the speed.
const SAMPLE_ROWS: u32 = 100;

/// The size of a batch from which on it takes less time to find out that it is sorted than to sort it.
const MANY_ROWS: u32 = 10_000;

/// How often a batch inserts its rows again because others have inserted some of their grains meanwhile.
const MOST_CONFLICTS: u32 = 5;

/// Raised to roll back what was inserted, and caught right away.
const WOULD_WAIT: &str = "SD004";

pub(super) fn step(context: FactContext<'_>, grain: &[String]) -> String {
    let FactContext { dataset, fact, .. } = context;
    let table = format!("star.{}", ident(&name(&fact.name)));
    let repeats = if dataset.policy.rejects_repeated_grain {
        repeats::refuse(context, grain)
    } else {
        String::new()
    };
    let overruling =
        if confirmation::is_kept(context) { "        overruling bigint[];\n" } else { "" };
    format!(
        "{repeats}{tombstones}    -- Fact {fact}: one row per {grain_words}, the {which} wins.
    declare
        has_known boolean;
        absent bigint := staged;
        is_sorted boolean := false;
        is_reversed boolean := false;
        written bigint;
        conflicts integer := 0;
{overruling}    begin
        inserted := 0;
        updated := 0;
        grains := staged;
        occurrences := null;
        execute {sample} into has_known;
        -- Files are often in the order of their grains: then each has one row, and none need be sorted.
        if staged >= {MANY_ROWS} then
            for pass in 1..2 loop
                execute {order} into is_sorted, is_reversed
                    using case pass when 1 then {SAMPLE_ROWS} end;
                exit when not (is_sorted or is_reversed);
            end loop;
        end if;
        loop
            if has_known then
                perform pg_advisory_xact_lock({lock});
{compare}                exit when absent = 0;
            end if;
            begin
                execute {insert} using this.load_id, this.object_time, is_sorted;
                get diagnostics written = row_count;
                -- A batch with rows that others may wait for does not wait for the lock itself.
                if written < absent and not has_known and not pg_try_advisory_xact_lock({lock}) then
                    raise exception using errcode = '{WOULD_WAIT}';
                end if;
                inserted := inserted + written;
                exit when written = absent;
            exception when unique_violation or sqlstate '{WOULD_WAIT}' then
                conflicts := conflicts + 1;
                if conflicts > {MOST_CONFLICTS} then
                    raise;
                end if;
            end;
            has_known := true;
        end loop;
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
        sample = dollar_quoted("sql", &sample(&table, grain)),
        repeated = dollar_quoted("sql", &format!("\n{}", indented(&repeated(context, grain), 16))),
        order = dollar_quoted("sql", &order(grain)),
        compare = indented(&compare::statements(context, grain), 16),
        insert = dollar_quoted("sql", &query_text(&insert::query(context, grain))),
        lock = lock(context),
        counts = if fact.delete_when.is_some() {
            counts::add_with_deleted(&table, "staged", "removed")
        } else {
            counts::add(&table, "staged")
        },
        finding = finding::add(REPEATED_GRAIN, &fact.name, grain, "occurrences"),
    )
}

/// A query as the text between two dollar quotes.
fn query_text(query: &str) -> String {
    format!("\n{}{:16}", indented(query, 20), "")
}

/// Whether the fact has one of the batch's first grains.
fn sample(table: &str, grain: &[String]) -> String {
    format!(
        "
            select exists (
                select
                from (select {batch_grain} from batch limit {SAMPLE_ROWS}) row
                join {table} fact on {same_grain}
            )
        ",
        batch_grain = qualified("batch", grain),
        same_grain = equal("fact", "row", grain),
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

/// The number of the fact's lock.
fn lock(context: FactContext<'_>) -> String {
    format!("stardrop.table_lock({})", literal(&name(&context.fact.name)))
}
