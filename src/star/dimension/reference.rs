//! Reference: members that a dataset only refers to. One that is not there yet is inferred: a row
//! with nothing but its key, older than any file, so that whoever brings its attributes heals it.

use super::super::counts;
use super::super::ident::{ident, list, qualified};
use super::{key_is_known, key_order, name, same_key};
use crate::dataset::DimensionFeed;

pub(super) fn step(feed: &DimensionFeed) -> String {
    let table = format!("star.{}", ident(&name(&feed.name)));
    format!(
        "    -- Dimension {dimension}: members that are not there yet are inferred from their key.
    execute $sql$
        with member as (
            select distinct on ({batch_key}) {batch_key}, batch.source_line
            from batch
            where {key_is_known}
            order by {batch_key}, batch.source_line
        ), written as (
            insert into {table}
                ({key}, load_id, source_line, source_load_id, source_time)
            select {member_key}, $1, member.source_line, $1, '-infinity'
            from member
            where not exists (select from {table} known where {same_key})
            order by {key_order}
            on conflict ({key}) do nothing
            returning true as is_new, false as is_changed
        )
        {count}
    $sql$ into inserted, updated using this.load_id;
{note}",
        dimension = feed.name,
        batch_key = qualified("batch", &feed.key),
        key_is_known = key_is_known(feed),
        key = list(&feed.key),
        member_key = qualified("member", &feed.key),
        same_key = same_key(feed),
        key_order = key_order(feed),
        count = counts::from_written(""),
        note = counts::note_inserted_only(&table),
    )
}
