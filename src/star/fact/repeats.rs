//! Repeats: the SQL that finds rows whose grain other rows of the same file have as well, and that
//! differ from them, so that something is lost when one of them wins.
//!
//! Rows with different values of the version column are no repeats: the contract says which is newer.
//! Neither are tombstones.

use super::columns::{filled, needed};
use super::{FactContext, confirmation, joins, partition};
use crate::star::finding;
use crate::star::ident::{differ, dollar_quoted, equal, ident, indented, literal, qualified};

/// The most lines that one error names. Others are found when the batch is staged without these.
const MAX_LINES: usize = 10_000;

/// A column of the step's last query: how many rows of the batch differ from the winning row.
pub(super) fn count(context: FactContext<'_>, grain: &[String]) -> String {
    let more = conditions(context, "incoming", "\n                     and ");
    finding::count_different("incoming", grain, &compared(context, grain), "count(*)", &more)
}

/// The columns whose values are lost with a row that does not win.
fn compared<'d>(context: FactContext<'d>, grain: &'d [String]) -> Vec<&'d str> {
    let is_compared = |column: &&str| {
        !grain.iter().any(|g| g == column) && context.fact.version.as_deref() != Some(*column)
    };
    needed(context, grain).into_iter().filter(is_compared).collect()
}

/// The conditions that the batch's row and the one of `other` are of one version and no tombstones.
fn conditions(context: FactContext<'_>, other: &str, separator: &str) -> String {
    let mut conditions = String::new();
    for version in context.fact.version.iter().map(|version| ident(version)) {
        conditions.push_str(&format!(
            "{separator}batch.{version} is not distinct from {other}.{version}"
        ));
    }
    if let Some(sql) = deletes(context, "batch") {
        conditions.push_str(&format!("{separator}({sql}) is not true"));
        conditions.push_str(&format!("{separator}not {other}.is_tombstone$"));
    }
    conditions
}

fn deletes(context: FactContext<'_>, row: &str) -> Option<String> {
    let expression = context.fact.delete_when.as_ref()?;
    Some(expression.sql(|column| format!("{row}.{}", ident(column))))
}

/// The statements that refuse the rows which repeat a grain of an earlier row of the file, in this
/// batch or in one that is loaded, and differ from it. The error names their lines, and the loader
/// rejects them.
pub(super) fn refuse(context: FactContext<'_>, grain: &[String]) -> String {
    let fact = context.fact;
    let compared = compared(context, grain);
    let filled = filled(context);
    let own: Vec<_> = filled
        .iter()
        .filter(|f| {
            !grain.contains(&f.column.name) && fact.version.as_ref() != Some(&f.column.name)
        })
        .collect();
    if compared.is_empty() || own.is_empty() {
        return String::new();
    }
    let mut key: Vec<String> = grain.to_vec();
    key.extend(fact.version.clone());
    let without_tombstones = |row: &str, word: &str| {
        deletes(context, row).map_or_else(String::new, |sql| format!("{word} ({sql}) is not true"))
    };
    let own_columns: Vec<&str> = own.iter().map(|f| f.column.name.as_str()).collect();
    let own_values: Vec<&str> = own.iter().map(|f| f.value.as_str()).collect();
    let same_version = fact.version.iter().map(|version| {
        format!("\n              and loaded.{0} is not distinct from row.{0}", ident(version))
    });
    // This load has confirmed rows that it had before with the same values.
    let own = indented(&confirmation::overruled(context, "array[$1]"), 8);
    let query = format!(
        "
        with {own}, earliest as (
            select distinct on ({batch_key})
                   {batch_key}, {batch_columns}, batch.source_line
            from batch
            {batch_is_row}
            order by {batch_key}, batch.source_line
        ), repeated as (
            select batch.source_line
            from batch
            join earliest on {same_grain}{same_earliest_version}
            where {differs}{and_batch_is_row}
            union
            select row.source_line
            from batch row
{joins}            {loaded}
{join}            where (loaded.load_id = $1 or {is_confirmed}){same_version}
              and ({own_values}) is distinct from ({own_columns}){and_row_is_row}
            order by source_line
            limit {MAX_LINES}
        )
        select string_agg(repeated.source_line::text, ', ' order by repeated.source_line)
        from repeated
    ",
        own = own.trim(),
        join = confirmation::join("loaded", "            "),
        is_confirmed = confirmation::OVERRULES,
        batch_key = qualified("batch", &key),
        batch_columns = qualified("batch", &compared),
        batch_is_row = without_tombstones("batch", "where"),
        same_grain = equal("earliest", "batch", grain),
        same_earliest_version = fact
            .version
            .iter()
            .map(|version| {
                format!(" and earliest.{0} is not distinct from batch.{0}", ident(version))
            })
            .collect::<String>(),
        differs = differ("batch", "earliest", &compared),
        and_batch_is_row = without_tombstones("batch", "\n              and"),
        joins = joins(context, "            "),
        loaded = partition::join(context, "join", "loaded", "row", grain, 2),
        same_version = same_version.collect::<String>(),
        own_values = own_values.join(", "),
        own_columns = qualified("loaded", &own_columns),
        and_row_is_row = without_tombstones("row", "\n              and"),
    );
    let message = format!(
        "the grain ({}) is that of an earlier row of the file, and the rows differ (policy repeated_grain)",
        grain.join(", ")
    );
    format!(
        "    -- Fact {fact}: rows that repeat a grain of their file and differ are refused.
    perform stardrop.wait_for_turn();
    execute {query} into repeated_lines using this.load_id{span};
    if repeated_lines is not null then
        raise exception using errcode = 'SD003', message = {message}, detail = repeated_lines;
    end if;

",
        fact = fact.name,
        query = dollar_quoted("sql", &query),
        span = partition::parameters(context),
        message = literal(&message),
    )
}
