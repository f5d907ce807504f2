//! Rekey facts: the SQL step that corrects the version keys of facts that were loaded earlier.
//!
//! A batch that changes the versions of a dimension's members leaves facts behind that refer to a
//! version which no longer covers the time of their event. This step gives them the key of the
//! version that does, so a version that arrives late has the same facts as one that arrived in time.
//! It reads only facts in the time that a version lost, by an index on member and time. The
//! transaction holds the locks of all dimensions with versions that the fact refers to.

use super::{AS_OF, FactContext, name, partition};
use crate::dataset::{Dimension, DimensionRef};
use crate::star::dimension::{self, changed_versions, holds_at, key_column, version_end};
use crate::star::ident::{equal, ident, qualified};

/// The statements for one fact and one dimension, in each of its roles.
pub(in crate::star) fn step(context: FactContext<'_>, dimension: &Dimension) -> String {
    context
        .fact
        .dimensions
        .iter()
        .filter(|reference| reference.dimension == dimension.name)
        .map(|reference| statement(context, dimension, reference))
        .collect()
}

fn statement(context: FactContext<'_>, dimension: &Dimension, reference: &DimensionRef) -> String {
    let key = dimension.key_names();
    let mut lost = vec![key_column(&dimension.name)];
    lost.extend(key.iter().cloned());
    lost.extend(["since$", "until$"].map(str::to_owned));
    format!(
        "    -- Fact {fact}: rows whose {column} is no longer the version of their time.
    if {changed_versions} is not null then
        execute $sql$
            with lost_span as (
                select old_version.{surrogate}, {old_key}, timestamptz '-infinity' as since$, timestamptz 'infinity' as until$
                from unnest($1) old_version
                where not exists (
                    select from {table} current_version where current_version.{surrogate} = old_version.{surrogate}
                )
                union all
                select old_version.{surrogate}, {old_key}, current_version.{end}, 'infinity'
                from unnest($1) old_version
                join {table} current_version using ({surrogate})
                where current_version.{end} < old_version.{end} or current_version.{end} is not null and old_version.{end} is null
                union all
                select old_version.{surrogate}, {old_key}, '-infinity', current_version.valid_from
                from unnest($1) old_version
                join {table} current_version using ({surrogate})
                where old_version.is_first and not current_version.is_first
            )
            update star.{fact_table} fact
            set {role} = version.{surrogate}
            from {lost_span}, {table} version
            where fact.{role} = lost_span.{surrogate}
              and fact.{AS_OF} between lost_span.since$ and lost_span.until$
{in_months}              and {same_key}
              and {holds}
              and version.{surrogate} <> lost_span.{surrogate}
        $sql$ using {changed_versions};
    end if;
",
        fact = context.fact.name,
        column = reference.column,
        changed_versions = changed_versions(&dimension.name),
        surrogate = ident(&key_column(&dimension.name)),
        old_key = qualified("old_version", &key),
        table = format_args!("star.{}", ident(&dimension::name(&dimension.name))),
        fact_table = ident(&name(&context.fact.name)),
        role = ident(&reference.column),
        lost_span = partition::few(context, "lost_span", &lost),
        in_months = partition::in_time(context, "lost_span.since$", "lost_span.until$"),
        same_key = equal("version", "lost_span", &key),
        end = version_end(dimension),
        holds = holds_at(dimension, "version", &format!("fact.{AS_OF}")),
    )
}
