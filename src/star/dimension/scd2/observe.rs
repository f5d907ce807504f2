//! Observe: the SQL statement that writes to the history table when each member of the batch was
//! observed, and what its versioned attributes were then.

use super::super::key_is_known;
use super::names::Names;
use crate::dataset::{Dataset, DimensionSource};
use crate::star::counts;
use crate::star::finding::{self, SEVERAL_DESCRIPTIONS};
use crate::star::ident::{differ, equal, ident, list, qualified};
use crate::star::time;

/// The time of a row's observation: its `valid_from` column, else its object's time (`$2`).
pub(super) fn observed_at(source: &DimensionSource, dataset: &Dataset) -> String {
    match &source.valid_from {
        Some(column) => format!("coalesce({}, $2)", time::of(dataset, column, "batch")),
        None => "$2".to_owned(),
    }
}

/// The condition of rows that are an observation: the key is complete, and an attribute has a value. A full
/// extract has all members, so each of its rows is one.
pub(super) fn is_observation(names: &Names<'_>) -> String {
    if names.closes() {
        return key_is_known(&names.key);
    }
    format!(
        "{} and not (({}) is null)",
        key_is_known(&names.key),
        qualified("batch", names.versioned)
    )
}

/// Members that several rows of the batch describe differently at the same time.
fn described(names: &Names<'_>, observed_at: &str) -> String {
    let what = format!("count(distinct ({}))", qualified("batch", &names.key));
    let more = format!(
        "\n                     and incoming.observed_at = {observed_at}\n                     and {}",
        is_observation(names)
    );
    finding::count_different("incoming", &names.key, names.versioned, &what, &more)
}

pub(super) fn step(names: &Names<'_>, observed_at: &str) -> String {
    let Names { dimension, history, key, versioned, .. } = names;
    let set: String = versioned
        .iter()
        .map(|column| format!("            {0} = excluded.{0},\n", ident(column)))
        .collect();
    format!(
        "    -- Dimension {dimension}: when each member was observed, and how it looked then.
    execute $sql$
        with incoming as (
            select distinct on ({batch_key}, observed_at)
                   {batch_key}, {observed_at} as observed_at, {batch_columns}, batch.source_line
            from batch
            where {is_observation}
            order by {batch_key}, observed_at, batch.source_line desc
        ), observed as (
        insert into {history} as history
            ({key}, observed_at, {columns}, source_line, source_load_id, source_time)
        select {incoming_key}, incoming.observed_at, {incoming_columns}, incoming.source_line, $1, $2
        from incoming
        left join {history} existing on {same_key} and existing.observed_at = incoming.observed_at
        where existing.source_load_id is null
           or existing.source_load_id <> $1
           or {differs}
        order by {incoming_key}, incoming.observed_at
        on conflict ({key}, observed_at) do update set
{set}            source_line = excluded.source_line,
            source_load_id = excluded.source_load_id,
            source_time = excluded.source_time
        where excluded.source_time > history.source_time
           or excluded.source_time = history.source_time
          and (excluded.source_load_id = history.source_load_id
              and excluded.source_line >= history.source_line
               or stardrop.load_sorts_after(excluded.source_load_id, history.source_load_id))
        returning history.xmax = 0 as is_new$
        )
        select count(*) filter (where is_new$),
               count(*) filter (where not is_new$),
               (select count(*) from incoming),
               {described}
        from observed
    $sql$ into inserted, updated, members, occurrences using this.load_id, this.object_time, first_line, staged;
{finding}{counts}",
        counts = counts::add(history, "members"),
        described = described(names, observed_at),
        finding = finding::add(SEVERAL_DESCRIPTIONS, &dimension.name, key, "occurrences"),
        dimension = dimension.name,
        batch_key = qualified("batch", key),
        batch_columns = qualified("batch", versioned),
        is_observation = is_observation(names),
        key = list(key),
        columns = list(versioned),
        incoming_key = qualified("incoming", key),
        incoming_columns = qualified("incoming", versioned),
        same_key = equal("existing", "incoming", key),
        differs = differ("existing", "incoming", versioned),
    )
}
