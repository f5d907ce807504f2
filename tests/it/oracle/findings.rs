//! Works out the findings that files mean: rows that refer to an unknown member, and rows of one grain
//! that differ. Rows of different batches are not compared.

use std::collections::BTreeMap;

use super::case::{Case, Fact, File, Row, Source, value};
use crate::support::TestDatabase;

type Counts = BTreeMap<String, i64>;

fn deletes(fact: &Fact, row: &Row) -> bool {
    fact.delete_when && value(row, "kind") == Some("gone")
}

/// The references of a dataset by name and key, each with the facts that have it.
fn references(case: &Case, source: Source) -> BTreeMap<(String, Vec<&str>), Vec<&Fact>> {
    let mut found: BTreeMap<_, Vec<&Fact>> = BTreeMap::new();
    for fact in case.facts.iter().filter(|fact| fact.source == source) {
        for used in &fact.uses {
            let name = used.role.unwrap_or(case.dimensions[used.dimension].name).to_owned();
            found.entry((name, used.key.clone())).or_default().push(fact);
        }
        for (column, role) in &fact.dates {
            let name = role.map_or_else(|| "date".to_owned(), |role| format!("{role}_date"));
            found.entry((name, vec![*column])).or_default().push(fact);
        }
    }
    for dimension in case.dimensions.iter().filter(|d| d.declared_by.contains(&source)) {
        if !found.keys().any(|(_, key)| *key == dimension.key) {
            found.insert((dimension.name.to_owned(), dimension.key.clone()), Vec::new());
        }
    }
    found
}

fn unknown(case: &Case, file: &File, row: &Row, counts: &mut Counts) {
    for ((name, key), facts) in references(case, file.source) {
        if !facts.is_empty() && facts.iter().all(|fact| deletes(fact, row)) {
            continue;
        }
        if let Some(column) = key.iter().find(|column| value(row, column).is_none()) {
            *counts.entry(format!("unknown_member|{name}|{column}")).or_default() += 1;
        }
    }
}

fn version(fact: &Fact, row: &Row) -> Option<i64> {
    value(row, "ver").filter(|_| fact.version).map(|version| version.parse().unwrap())
}

fn repeats(case: &Case, fact: &Fact, rows: &[Row], counts: &mut Counts) {
    let Some(grain) = &fact.grain else { return };
    let mut compared: Vec<&str> = fact.uses.iter().flat_map(|used| used.key.clone()).collect();
    compared.extend(fact.dates.iter().map(|(column, _)| *column));
    compared.push("qty");
    if fact.uses.iter().any(|used| case.dimensions[used.dimension].has_versions()) {
        compared.extend(fact.as_of);
    }
    let look = |row: &Row, columns: &[&str]| -> Vec<Option<String>> {
        columns.iter().map(|column| value(row, column).map(str::to_owned)).collect()
    };
    let mut by_grain: BTreeMap<_, Vec<(usize, &Row)>> = BTreeMap::new();
    for (line, row) in rows.iter().enumerate() {
        by_grain.entry(look(row, grain)).or_default().push((line, row));
    }
    let mut lost = 0;
    for mut rivals in by_grain.into_values() {
        rivals.sort_by_key(|(line, row)| (version(fact, row), *line));
        let winner = if fact.keep { rivals[0].1 } else { rivals[rivals.len() - 1].1 };
        let loses = |row: &Row| {
            version(fact, row) == version(fact, winner)
                && !deletes(fact, row)
                && !deletes(fact, winner)
                && look(row, &compared) != look(winner, &compared)
        };
        lost += rivals.iter().filter(|(_, row)| loses(row)).count() as i64;
    }
    if lost > 0 {
        let key = format!("repeated_grain|{}|{}", fact.name, grain.join(", "));
        *counts.entry(key).or_default() += lost;
    }
}

/// The findings of all files, without those about descriptions.
pub fn expected(case: &Case, files: &[File]) -> Vec<String> {
    let mut counts = Counts::new();
    for file in files {
        for rows in &file.batches {
            for row in rows {
                unknown(case, file, row, &mut counts);
            }
            for fact in case.facts.iter().filter(|fact| fact.source == file.source) {
                // Whether an older version has facts at all depends on the order of arrival.
                if case.replacing.contains(&fact.source) {
                    continue;
                }
                repeats(case, fact, rows, &mut counts);
            }
        }
    }
    counts.into_iter().map(|(finding, count)| format!("{finding}|{count}")).collect()
}

/// What the ledger has of them.
pub async fn actual(db: &TestDatabase, case: &Case) -> Vec<String> {
    let of_replacing = |line: &&str| {
        let mut facts = case.facts.iter().filter(|fact| case.replacing.contains(&fact.source));
        facts.any(|fact| line.starts_with(&format!("repeated_grain|{}|", fact.name)))
    };
    let sql = "select concat_ws('|', code, name, column_names, sum(occurrences)) as line
               from stardrop.load_finding join stardrop.load using (load_id)
               where state <> 'undone' and code <> 'several_descriptions'
               group by code, name, column_names";
    let mut lines: Vec<String> =
        db.rows(sql).await.lines().filter(|line| !of_replacing(line)).map(str::to_owned).collect();
    lines.sort();
    lines
}
