//! Repoint: versions that begin, end or are gone since the batch's members came in; the statement
//! by which facts that were loaded before refer to the version of their own time again, out.
//!
//! So a version that comes late has the facts of its time, as if it had come in time. Only the
//! facts in the stretch of time that a version lost are looked at, by an index on member and time.
//! The transaction holds the locks of all dimensions with versions that the fact refers to.

use super::{AS_OF, FactOf, name};
use crate::dataset::{Dimension, DimensionUse};
use crate::star::dimension::{self, holds_at, key_column, moved};
use crate::star::ident::{ident, qualified};

/// The statements for one fact and one dimension, in each of its roles.
pub(in crate::star) fn step(of: FactOf<'_>, dimension: &Dimension) -> String {
    of.fact
        .dimensions
        .iter()
        .filter(|used| used.dimension == dimension.name)
        .map(|used| statement(of, dimension, used))
        .collect()
}

fn statement(of: FactOf<'_>, dimension: &Dimension, used: &DimensionUse) -> String {
    let key = dimension.key_names();
    let same_key: Vec<String> =
        key.iter().map(|column| format!("version.{0} = lost.{0}", ident(column))).collect();
    format!(
        "    -- Fact {fact}: rows whose {column} was another version, before this batch.
    if {moved} is not null then
        execute $sql$
            with lost as (
                select was.{surrogate}, {was_key}, timestamptz '-infinity' as since$, timestamptz 'infinity' as until$
                from unnest($1) was
                where not exists (
                    select from {table} now where now.{surrogate} = was.{surrogate}
                )
                union all
                select was.{surrogate}, {was_key}, now.valid_to, 'infinity'
                from unnest($1) was
                join {table} now using ({surrogate})
                where now.valid_to < was.valid_to or now.valid_to is not null and was.valid_to is null
                union all
                select was.{surrogate}, {was_key}, '-infinity', now.valid_from
                from unnest($1) was
                join {table} now using ({surrogate})
                where was.is_first and not now.is_first
            )
            update star.{fact_table} fact
            set {role} = version.{surrogate}
            from lost, {table} version
            where fact.{role} = lost.{surrogate}
              and fact.{AS_OF} between lost.since$ and lost.until$
              and {same_key}
              and {holds}
              and version.{surrogate} <> lost.{surrogate}
        $sql$ using {moved};
    end if;
",
        fact = of.fact.name,
        column = used.column,
        moved = moved(&dimension.name),
        surrogate = ident(&key_column(&dimension.name)),
        was_key = qualified("was", &key),
        table = format_args!("star.{}", ident(&dimension::name(&dimension.name))),
        fact_table = ident(&name(&of.fact.name)),
        role = ident(&used.column),
        same_key = same_key.join(" and "),
        holds = holds_at("version", &format!("fact.{AS_OF}")),
    )
}
