//! Columns: a fact in, its columns and the expressions that fill them out.

use super::{AS_OF, FactOf};
use crate::dataset::Measure;
use crate::star::ident::ident;
use crate::star::table::Column;
use crate::star::{date, dimension, time, view};

/// A column of a fact and the expression over `row` and the joined members that fills it.
pub(super) struct Filled {
    pub column: Column,
    pub value: String,
}

/// The fact's columns without its lineage, each once, in the order in which they stand.
pub(super) fn filled(of: FactOf<'_>) -> Vec<Filled> {
    let FactOf { dataset, fact, .. } = of;
    let mut out: Vec<Filled> = Vec::new();
    let grain = fact.grain.as_deref().unwrap_or_default();
    out.extend(grain.iter().map(|name| plain(of, name, true)));
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
    if of.finds_versions() {
        let happened = fact.happened().unwrap_or_default();
        out.push(Filled {
            column: Column::new(AS_OF, "timestamptz").not_null(true).comment(format!(
                "When the row happened ({happened}): the time of the versions that it refers to."
            )),
            value: as_of(of, "row"),
        });
    }
    let own = fact.degenerate.iter().chain(&fact.version);
    let measures = fact.measures.iter().filter_map(|measure| match measure {
        Measure::Column(name) => Some(name),
        Measure::Computed { .. } => None,
    });
    for name in own.chain(measures) {
        if !out.iter().any(|filled| filled.column.name == *name) {
            out.push(plain(of, name, false));
        }
    }
    out.extend(fact.measures.iter().filter_map(computed));
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

fn plain(of: FactOf<'_>, name: &str, not_null: bool) -> Filled {
    let column = of.dataset.column(name);
    let sql_type = column.map_or_else(String::new, |column| column.column_type.sql());
    let collate = if not_null && sql_type == "text" { " collate \"C\"" } else { "" };
    Filled {
        column: Column::new(name, format!("{sql_type}{collate}")).not_null(not_null),
        value: format!("row.{}", ident(name)),
    }
}

/// A computed measure is numeric, whatever its columns are: sums of it are exact, and a column
/// that is widened later does not change it.
fn computed(measure: &Measure) -> Option<Filled> {
    let Measure::Computed { name, expression } = measure else { return None };
    let sql = expression.sql(|column| format!("row.{}", ident(column)));
    let meaning = expression.sql(str::to_owned);
    Some(Filled {
        column: Column::new(name, "numeric").comment(format!("Computed: {meaning}.")),
        value: format!("({sql})::numeric"),
    })
}

/// When a row of the batch happened; a row without a time did before all versions.
pub(super) fn as_of(of: FactOf<'_>, row: &str) -> String {
    match of.fact.happened() {
        Some(column) => format!("coalesce({}, '-infinity')", time::of(of.dataset, column, row)),
        None => "'-infinity'::timestamptz".to_owned(),
    }
}

/// A statement by which Postgres checks the expressions of a fact, before any row meets them.
pub(in crate::star) fn check(of: FactOf<'_>) -> Option<String> {
    let row = |column: &str| format!("row.{}", ident(column));
    let mut checked: Vec<String> = of
        .fact
        .measures
        .iter()
        .filter_map(computed)
        .map(|filled| format!("{} as {}", filled.value, ident(&filled.column.name)))
        .collect();
    checked.extend(
        of.fact
            .delete_when
            .iter()
            .map(|marker| format!("({}) is true as deleted", marker.sql(row))),
    );
    if checked.is_empty() {
        return None;
    }
    let query = format!(
        "select {}\nfrom staging.{} row where false",
        checked.join(",\n       "),
        ident(&of.dataset.name)
    );
    Some(format!(
        "-- Expressions of the contract: Postgres refuses here what it could not compute later.\n{}",
        view::run(&format!("[fact.{}]", of.fact.name), &query, None)
    ))
}

pub(super) fn select_list(filled: &[Filled], indent: &str) -> String {
    let values: Vec<String> =
        filled.iter().map(|filled| format!("{indent}       {}", filled.value)).collect();
    values.join(",\n")
}

pub(super) fn names(filled: &[Filled]) -> Vec<&str> {
    filled.iter().map(|filled| filled.column.name.as_str()).collect()
}
