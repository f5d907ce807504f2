//! Finding: the SQL that counts rows which load, although something of them is lost: rows that refer
//! to an unknown member, rows of one grain that differ, members with several descriptions.

use super::ident::{differ, equal, ident, literal};
use crate::dataset::{Dataset, Expression};

/// A finding's code in the ledger.
const UNKNOWN_MEMBER: &str = "unknown_member";
pub(super) const REPEATED_GRAIN: &str = "repeated_grain";
pub(super) const SEVERAL_DESCRIPTIONS: &str = "several_descriptions";

/// The statement that adds a finding, where there is one. `occurrences` is an array with the number
/// and the first line, or null.
pub(super) fn add(code: &str, name: &str, columns: &[String], occurrences: &str) -> String {
    format!(
        "    findings := findings || stardrop.finding({}, {}, {}, {occurrences});\n",
        literal(code),
        literal(name),
        literal(&columns.join(", "))
    )
}

/// For each column of a key: the rows of the batch whose reference is unknown because it is null. A
/// row counts for the first such column of a key.
fn unknown(dataset: &Dataset) -> Vec<(&str, &String, String)> {
    let mut found = Vec::new();
    for reference in dataset.references() {
        let mut known = String::new();
        if !reference.delete_when.is_empty() {
            let deletes = |expression: &&Expression| {
                let sql = expression.sql(|column| format!("batch.{}", ident(column)));
                format!("({sql}) is true")
            };
            let deletes: Vec<String> = reference.delete_when.iter().map(deletes).collect();
            known = format!("not ({}) and ", deletes.join(" and "));
        }
        for column in reference.key {
            // A required column is never null.
            if dataset.column(column).is_some_and(|column| column.required) {
                continue;
            }
            let name = ident(column);
            found.push((reference.name, column, format!("{known}batch.{name} is null")));
            known.push_str(&format!("batch.{name} is not null and "));
        }
    }
    found
}

/// The expression over the batch that counts such rows, each with its first line; `None` where no key
/// can be unknown.
pub(super) fn count_unknown(dataset: &Dataset) -> Option<String> {
    let counts: Vec<String> = unknown(dataset)
        .into_iter()
        .map(|(_, _, condition)| {
            format!(
                "count(*) filter (where {condition}),
               min(batch.source_line) filter (where {condition})"
            )
        })
        .collect();
    (!counts.is_empty()).then(|| {
        format!("array[\n               {}\n           ]", counts.join(",\n               "))
    })
}

/// The statements that add the findings about them.
pub(super) fn add_unknown(dataset: &Dataset) -> String {
    unknown(dataset)
        .into_iter()
        .enumerate()
        .map(|(at, (name, column, _))| {
            let occurrences = format!("unknown[{}:{}]", 2 * at + 1, 2 * at + 2);
            add(UNKNOWN_MEMBER, name, std::slice::from_ref(column), &occurrences)
        })
        .collect()
}

/// A column of a step's last query: the number of rows of the batch that differ from the one that was
/// chosen for their key, and the first line of them. They are looked for only if the batch has more
/// rows (`$4`) than `chosen`. `what` is what is counted, and `more` further conditions.
pub(super) fn count_different(
    chosen: &str,
    key: &[String],
    columns: &[impl AsRef<str>],
    what: &str,
    more: &str,
) -> String {
    if columns.is_empty() {
        return "null::bigint[]".to_owned();
    }
    format!(
        "case when $4 > (select count(*) from {chosen}) then (
                   select array[{what}, min(batch.source_line)]
                   from batch
                   join {chosen} on {same_key}
                   where {differ}{more}
               ) end",
        same_key = equal(chosen, "batch", key),
        differ = differ("batch", chosen, columns),
    )
}
