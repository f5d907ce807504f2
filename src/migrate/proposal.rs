//! Proposes lines for a contract: one for each column that files have and the contract does not name.

use std::collections::BTreeMap;

use crate::db::Client;
use toml::Value;

use super::session::{TABLES_AT_ONCE, refused, table_index};
use crate::dataset::{Catalog, Dataset};
use crate::error::Result;
use crate::star::ident;

/// The number of rows with unknown columns that are looked at, in each dataset.
const ROWS: i64 = 20_000;

/// Which of these tables have column `extra`.
const WITH_EXTRA: &str = "
    select w.position
    from unnest($1::text[]) with ordinality w (name, position)
    join pg_attribute a on a.attrelid = to_regclass(w.name)
    where a.attname = 'extra'
    order by 1";

/// A column that the contract could name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The dataset whose contract changes.
    pub dataset: String,
    /// A line for `[columns]`. Its type is always text: a sample does not show what a column means.
    pub line: String,
    /// How many of the sampled rows have the column.
    pub rows: i64,
}

/// Proposes the columns that column `extra` of the datasets' facts holds. Changes nothing.
///
/// # Errors
///
/// That of a query that Postgres refuses.
pub async fn proposals(client: &Client, catalog: &Catalog) -> Result<Vec<Proposal>> {
    let kept = catalog.datasets().iter().filter(|dataset| dataset.keeps_extra());
    let kept: Vec<(&Dataset, String)> = kept
        .filter_map(|dataset| {
            let fact = dataset.facts.first()?;
            Some((dataset, format!("star.{}", ident(&format!("fact_{}", fact.name)))))
        })
        .collect();
    let names: Vec<_> = kept.iter().map(|(_, table)| client.names().apply(table)).collect();
    let mut found: Vec<&(&Dataset, String)> = Vec::new();
    for row in client.query(WITH_EXTRA, &[&names]).await.map_err(refused)? {
        found.extend(kept.get(table_index(&row)?));
    }
    let mut proposals = Vec::new();
    for some in found.chunks(TABLES_AT_ONCE) {
        let queries: Vec<String> =
            (1..).zip(some).map(|(position, (_, table))| unknown(position, table)).collect();
        let query = format!(
            "select position, path, rows from ({}) leaves order by position, path collate \"C\"",
            queries.join(" union all ")
        );
        let mut taken: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for row in client.query(&query, &[&ROWS]).await.map_err(refused)? {
            let index = table_index(&row)?;
            let Some((dataset, _)) = some.get(index) else { continue };
            let header: String = row.try_get("path").map_err(refused)?;
            if is_named(dataset, &header) || is_blank(&header) {
                continue;
            }
            let names = dataset.columns.iter().map(|column| column.name.clone());
            let taken = taken.entry(index).or_insert_with(|| names.collect());
            let name = free_name(&header, taken);
            proposals.push(Proposal {
                dataset: dataset.name.clone(),
                line: line(&name, &header),
                rows: row.try_get("rows").map_err(refused)?,
            });
            taken.push(name);
        }
    }
    Ok(proposals)
}

/// The query for the unknown columns of a fact, nested ones as paths, each with its number of rows.
fn unknown(position: i64, table: &str) -> String {
    format!(
        "(with recursive leaf as (
             select e.key as path, e.value
             from (select extra from {table} where extra is not null limit $1) f
             cross join lateral jsonb_each(f.extra) e
             union all
             select leaf.path || '.' || e.key, e.value
             from leaf
             cross join lateral jsonb_each(
                 case when jsonb_typeof(leaf.value) = 'object' then leaf.value else '{{}}' end
             ) e
         )
         select {position}::bigint as position, path, count(*) as rows
         from leaf
         where jsonb_typeof(value) <> 'object'
         group by path)"
    )
}

/// Whether the contract names the column: rows loaded before it did still hold it in `extra`.
fn is_named(dataset: &Dataset, header: &str) -> bool {
    let folded = header.trim().to_lowercase();
    let mut spellings = dataset.columns.iter().flat_map(|column| column.source.names());
    spellings.any(|spelling| spelling.trim().to_lowercase() == folded)
}

/// Whether the header is empty: it is stored as `column_7`, which no contract can name.
fn is_blank(header: &str) -> bool {
    header.strip_prefix("column_").is_some_and(|number| number.parse::<u32>().is_ok())
}

/// The header as a valid column name that is not taken.
fn free_name(header: &str, taken: &[String]) -> String {
    let mut name = String::new();
    for char in header.chars().flat_map(char::to_lowercase) {
        match char {
            'a'..='z' | '0'..='9' => name.push(char),
            _ if name.ends_with('_') || name.is_empty() => {}
            _ => name.push('_'),
        }
    }
    name.truncate(36);
    let name = name.trim_end_matches('_');
    let reserved = ["load_id", "source_line", "extra", "source_load_id", "source_time"];
    let name = match name.chars().next() {
        Some('a'..='z') if !reserved.contains(&name) => name.to_owned(),
        Some(_) => format!("c_{name}"),
        None => "c".to_owned(),
    };
    let mut free = name.clone();
    let mut count = 2;
    while taken.contains(&free) {
        free = format!("{name}_{count}");
        count += 1;
    }
    free
}

/// The line for `[columns]`, with `from` where the header differs from the column's name.
fn line(name: &str, header: &str) -> String {
    if header.trim().to_lowercase() == name {
        return format!("{name} = {{ type = \"text\" }}");
    }
    format!("{name} = {{ type = \"text\", from = [{}] }}", Value::String(header.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_header_becomes_a_valid_line_of_a_contract() {
        for (header, line_of_it) in [
            ("Discount", "discount = { type = \"text\" }"),
            (
                "Unit Price (EUR)",
                "unit_price_eur = { type = \"text\", from = [\"Unit Price (EUR)\"] }",
            ),
            (
                "order.buyer.vip",
                "order_buyer_vip = { type = \"text\", from = [\"order.buyer.vip\"] }",
            ),
            ("2026", "c_2026 = { type = \"text\", from = [\"2026\"] }"),
            ("\u{1f4b6}", "c = { type = \"text\", from = [\"\u{1f4b6}\"] }"),
            ("extra", "c_extra = { type = \"text\", from = [\"extra\"] }"),
            ("say \"hi\"", "say_hi = { type = \"text\", from = ['say \"hi\"'] }"),
            ("taken", "taken_2 = { type = \"text\", from = [\"taken\"] }"),
        ] {
            let name = free_name(header, &["taken".to_owned()]);
            let proposed = line(&name, header);
            assert_eq!(proposed, line_of_it);
            let read: toml::Table = toml::from_str(&proposed).unwrap();
            let from = read[&name].get("from").map_or(header, |from| from[0].as_str().unwrap());
            assert_eq!(from, header);
        }
    }
}
