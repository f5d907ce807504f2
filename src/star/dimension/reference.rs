//! Reference: members that a dataset only refers to. One that is not there yet is inferred: a row
//! with nothing but its key, older than any file, so that whoever brings its attributes heals it.

use super::super::counts;
use super::super::ident::{ident, list};
use super::{key_is_known, name, same_key};
use crate::dataset::Dimension;
use crate::star::ident::qualified;

/// For a dataset that brings no attributes: `references` are the columns of natural keys.
pub(super) fn step(dimension: &Dimension, references: &[&[String]]) -> String {
    let written = counts::from_written("");
    format!(
        "{}        {written}\n    $sql$ into inserted, updated using this.load_id;\n",
        infer(dimension, references)
    )
}

/// For one that does, after its own members.
pub(super) fn step_beside(dimension: &Dimension, references: &[&[String]]) -> String {
    format!(
        "{}        select count(*) from written\n    $sql$ into inferred using this.load_id;\n",
        infer(dimension, references)
    )
}

fn infer(dimension: &Dimension, references: &[&[String]]) -> String {
    let table = format!("star.{}", ident(&name(&dimension.name)));
    let key = dimension.key_names();
    let mut named: Vec<String> = Vec::new();
    for columns in references {
        let keys: Vec<String> = key
            .iter()
            .zip(*columns)
            .map(|(theirs, ours)| match theirs == ours {
                true => format!("batch.{}", ident(ours)),
                false => format!("batch.{} as {}", ident(ours), ident(theirs)),
            })
            .collect();
        named.push(format!(
            "            select {}, batch.source_line
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
    format!(
        "    -- Dimension {dimension}: members that are not there yet are inferred from their key.
    execute $sql$
        with named as (
{named}
        ), member as (
            select distinct on ({named_key}) {named_key}, named.source_line
            from named
            order by {named_key}, named.source_line
        ), written as (
            insert into {table}
                ({key}, {more}load_id, source_line, source_load_id, source_time)
            select {member_key}, {values}$1, member.source_line, 0, '-infinity'
            from member
            where not exists (select from {table} known where {same_key})
            order by {member_key}
            on conflict{arbiter} do nothing
            returning true as is_new$, false as is_changed$
        )
",
        dimension = dimension.name,
        named = named.join("\n            union all\n"),
        named_key = qualified("named", &key),
        key = list(&key),
        member_key = qualified("member", &key),
        same_key = same_key(&key),
    )
}
