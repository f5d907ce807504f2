//! Fact: a fact in, its table and the step that brings a batch's rows out.

mod append;
mod by_grain;

use super::ident::{ident, list};
use super::table::{Column, Table, lineage};
use super::{date, dimension};
use crate::dataset::{Dataset, Fact};

/// The table's name, without the schema.
pub(super) fn name(fact: &str) -> String {
    format!("fact_{fact}")
}

/// A column of a fact and the expression over `row` and the joined members that fills it.
struct Filled {
    column: Column,
    value: String,
}

/// The table of a fact.
pub(super) fn table(dataset: &Dataset, fact: &Fact) -> Table {
    let name = name(&fact.name);
    let mut columns: Vec<Column> =
        filled(dataset, fact).into_iter().map(|filled| filled.column).collect();
    let [load_id, source_line, source_load_id, source_time] = lineage();
    columns.extend([load_id, source_line]);
    let mut constraints = Vec::new();
    if let Some(grain) = &fact.grain {
        columns.extend([source_load_id, source_time]);
        constraints.push((format!("{name}_grain"), format!("primary key ({})", list(grain))));
    }
    let grain = match &fact.grain {
        Some(grain) => format!("one row per {}", grain.join(", ")),
        None => "append only, a row for every row received".to_owned(),
    };
    Table {
        schema: "star",
        unlogged: false,
        columns,
        constraints,
        indexes: vec![(format!("{name}_load_id"), "(load_id)".to_owned())],
        spare_percent: 0,
        comment: format!("Fact {}: {grain}.", fact.name),
        name,
    }
}

/// The fact's columns without its lineage, each once, in the order in which they stand.
fn filled(dataset: &Dataset, fact: &Fact) -> Vec<Filled> {
    let mut out: Vec<Filled> = Vec::new();
    let grain = fact.grain.as_deref().unwrap_or_default();
    let plain = |name: &String, not_null: bool| {
        let sql_type = dataset.column(name).map_or_else(String::new, |c| c.column_type.sql());
        let collate = if not_null && sql_type == "text" { " collate \"C\"" } else { "" };
        Filled {
            column: Column::new(name, format!("{sql_type}{collate}")).not_null(not_null),
            value: format!("row.{}", ident(name)),
        }
    };
    out.extend(grain.iter().map(|name| plain(name, true)));
    out.extend(fact.dimensions.iter().map(|used| {
        Filled {
            column: Column::new(&used.column, "bigint")
                .not_null(true)
                .comment(format!("Refers to star.{}.", dimension::name(&used.dimension))),
            value: dimension::key(used, "row"),
        }
    }));
    out.extend(fact.dates.iter().map(|used| Filled {
        column: Column::new(&used.column, "date").not_null(true).comment(format!(
            "Refers to star.{}; the date of {}.",
            date::NAME,
            used.source
        )),
        value: date::key(dataset, used, "row"),
    }));
    let own = fact.degenerate.iter().chain(&fact.version).chain(&fact.measures);
    for name in own {
        if !out.iter().any(|filled| filled.column.name == *name) {
            out.push(plain(name, false));
        }
    }
    let is_first = dataset.facts.first().is_some_and(|first| first.name == fact.name);
    if dataset.keeps_extra() && is_first {
        out.push(Filled {
            column: Column::new("extra", "jsonb")
                .comment("Columns of the file that the contract does not name."),
            value: "row.extra".to_owned(),
        });
    }
    out
}

/// The statement that brings the rows of a batch.
pub(super) fn step(dataset: &Dataset, fact: &Fact) -> String {
    match &fact.grain {
        Some(grain) => by_grain::step(dataset, fact, grain),
        None => append::step(dataset, fact),
    }
}

/// The joins of all dimensions that the fact uses.
fn joins(dataset: &Dataset, fact: &Fact, indent: &str) -> String {
    fact.dimensions
        .iter()
        .filter_map(|used| {
            let feed = dataset.dimensions.iter().find(|feed| feed.name == used.dimension)?;
            Some(format!("{indent}{}\n", dimension::join(used, &feed.key, "row")))
        })
        .collect()
}

fn select_list(filled: &[Filled], indent: &str) -> String {
    let values: Vec<String> =
        filled.iter().map(|filled| format!("{indent}       {}", filled.value)).collect();
    values.join(",\n")
}

fn names(filled: &[Filled]) -> Vec<&str> {
    filled.iter().map(|filled| filled.column.name.as_str()).collect()
}
