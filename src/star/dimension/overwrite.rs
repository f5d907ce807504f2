//! Overwrite (type 1): a member looks as the newest row that names it says.
//!
//! Newest is decided by the object's time, then its key and version, then the line: never by which
//! load came first. So a member remembers the newest load that named it, even one that changed
//! nothing. New and known members go through one sorted insert, so that two batches lock the
//! members they share in the same order; a known member brings its own key along, so that the
//! sequence counts new members only.

use super::super::counts;
use super::super::ident::{ident, list, qualified};
use super::{key_column, key_is_known, key_order, name, same_key, sequence};
use crate::dataset::DimensionFeed;

pub(super) fn step(feed: &DimensionFeed) -> String {
    let table = format!("star.{}", ident(&name(&feed.name)));
    let key = ident(&key_column(&feed.name));
    let set: Vec<String> = feed
        .attributes
        .iter()
        .map(|column| format!("                {0} = excluded.{0},\n", ident(column)))
        .collect();
    let stored = qualified("dim", &feed.attributes);
    let brought = qualified("excluded", &feed.attributes);
    let member_columns: Vec<String> = feed.key.iter().chain(&feed.attributes).cloned().collect();
    format!(
        "    -- Dimension {dimension}: the newest row that names a member says what it looks like.
    execute $sql$
        with member as (
            select distinct on ({batch_key})
                   {batch_columns}, batch.source_line
            from batch
            where {key_is_known}
            order by {batch_key}, batch.source_line desc
        ), wanted as (
            select known.{key}, {member_columns}, member.source_line
            from member
            left join {table} known on {same_key}
            where known.{key} is null
               or known.source_load_id <> $1
               or ({known_attributes}) is distinct from ({member_attributes})
        ), written as (
            insert into {table} as dim
                ({key}, {columns}, load_id, source_line, source_load_id, source_time)
            select coalesce(member.{key}, nextval('{table_sequence}')), {member_columns},
                   $1, member.source_line, $1, $2
            from wanted member
            order by {key_order}
            on conflict ({key_columns}) do update set
{set}                load_id = case when ({stored}) is distinct from ({brought})
                    then excluded.load_id else dim.load_id end,
                source_line = case when ({stored}) is distinct from ({brought})
                    then excluded.source_line else dim.source_line end,
                source_load_id = excluded.source_load_id,
                source_time = excluded.source_time
            where excluded.source_time > dim.source_time
               or excluded.source_time = dim.source_time
              and (excluded.source_load_id = dim.source_load_id
                   or stardrop.comes_later(excluded.source_load_id, dim.source_load_id))
            returning dim.xmax = 0 as is_new, dim.load_id = $1 and dim.source_line >= $3 as is_changed
        )
        {count}
    $sql$ into inserted, updated, members using this.load_id, this.object_time, first_line;
{note}",
        dimension = feed.name,
        batch_key = qualified("batch", &feed.key),
        batch_columns = qualified("batch", &member_columns),
        key_is_known = key_is_known(feed),
        member_columns = qualified("member", &member_columns),
        same_key = same_key(feed),
        known_attributes = qualified("known", &feed.attributes),
        member_attributes = qualified("member", &feed.attributes),
        columns = list(&member_columns),
        table_sequence = format_args!("star.{}", sequence(&feed.name)),
        key_order = key_order(feed),
        key_columns = list(&feed.key),
        set = set.concat(),
        count = counts::from_written(", (select count(*) from member)"),
        note = counts::note(&table, "members"),
    )
}
