//! Inferred members: the SQL step that inserts members which a batch refers to and which the dimension
//! does not have yet. Such a row has only its key, and a position older than any file, so that the
//! first file with its attributes fills them in.

use super::{key_is_known, name, same_key};
use crate::dataset::Dimension;
use crate::star::ident::{ident, indented, list, qualified};
use crate::star::{counts, turn};

/// The step for a dataset that has no attributes of the dimension. Each of `references` is a list of
/// columns that hold a natural key.
pub(super) fn step(dimension: &Dimension, references: &[&[String]]) -> String {
    infer(dimension, references, &counts::from_upserted(""), "inserted, updated")
}

/// The step for a dataset that has some, after its own members.
pub(super) fn step_after_members(dimension: &Dimension, references: &[&[String]]) -> String {
    infer(dimension, references, "select count(*) from upserted", "inferred")
}

fn infer(dimension: &Dimension, references: &[&[String]], count: &str, into: &str) -> String {
    let table = format!("star.{}", ident(&name(&dimension.name)));
    let key = dimension.key_names();
    let mut referenced: Vec<String> = Vec::new();
    for columns in references {
        let keys: Vec<String> = key
            .iter()
            .zip(*columns)
            .map(|(theirs, ours)| match theirs == ours {
                true => format!("batch.{}", ident(ours)),
                false => format!("batch.{} as {}", ident(ours), ident(theirs)),
            })
            .collect();
        referenced.push(format!(
            "select {}, batch.source_line
from batch
where {}",
            keys.join(", "),
            key_is_known(columns)
        ));
    }
    let (more, values, arbiter) = if dimension.versioned().is_some() {
        ("valid_from, is_first, ", "'-infinity', true, ", String::new())
    } else {
        ("", "", format!(" ({})", list(&key)))
    };
    let referenced = referenced.join("\nunion all\n");
    let query = format!(
        "with referenced as (
{referenced}
), member as (
    select distinct on ({referenced_key}) {referenced_key}, referenced.source_line
    from referenced
    order by {referenced_key}, referenced.source_line
), upserted as (
    insert into {table}
        ({key}, {more}load_id, source_line, source_load_id, source_time)
    select {member_key}, {values}$1, member.source_line, 0, '-infinity'
    from member
    where not exists (select from {table} existing where {same_key})
    order by {member_key}
    on conflict{arbiter} do nothing
    returning true as is_new$, false as is_changed$
)
{count}",
        referenced = indented(&referenced, 4),
        referenced_key = qualified("referenced", &key),
        key = list(&key),
        member_key = qualified("member", &key),
        same_key = same_key(&key),
    );
    let is_any_new = format!(
        "select count(*) > 0
from (
{referenced}
) member
where not exists (select from {table} existing where {same_key})",
        referenced = indented(&referenced, 4),
        same_key = same_key(&key),
    );
    format!(
        "    -- Dimension {dimension}: members that do not exist yet are inferred from their key.
{insert}",
        dimension = dimension.name,
        insert = turn::insert(&is_any_new, &query, into, " using this.load_id"),
    )
}
