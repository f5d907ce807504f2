//! Columns: the columns of a fact table, each with the SQL expression for its value.

use super::{AS_OF, FactContext};
use crate::dataset::{Dataset, Fact, Measure};
use crate::star::ident::ident;
use crate::star::table::Column;
use crate::star::{date, dimension, time, view};
use crate::types::SqlType;

/// What the comment of a computed measure begins with; its formula follows.
pub(crate) const COMPUTED: &str = "Computed: ";

/// A column of a fact, and the expression for its value over `row` and the joined dimensions.
pub(super) struct Filled {
    pub column: Column,
    pub value: String,
}

/// The fact's columns without its lineage, each once, in the table's order.
pub(super) fn filled(context: FactContext<'_>) -> Vec<Filled> {
    let FactContext { dataset, fact, .. } = context;
    let mut out: Vec<Filled> = Vec::new();
    let grain = fact.grain.as_deref().unwrap_or_default();
    out.extend(grain.iter().map(|name| plain(context, name, true)));
    out.extend(fact.dimensions.iter().map(|reference| {
        Filled {
            column: Column::new(&reference.column, "bigint")
                .not_null(true)
                .key_of(dimension::name(&reference.dimension), "."),
            value: dimension::key(reference, "row"),
        }
    }));
    out.extend(fact.dates.iter().map(|reference| {
        let source = &reference.source;
        let details = format!("; the date of {source}{}.", in_zone(dataset, source));
        Filled {
            column: Column::new(&reference.column, "date")
                .not_null(true)
                .key_of(date::NAME, &details),
            value: date::key(dataset, reference, "row"),
        }
    }));
    if context.finds_versions() {
        let happened = fact.happened().unwrap_or_default();
        out.push(Filled {
            column: Column::new(AS_OF, "timestamptz").not_null(true).comment(format!(
                "When the row's event happened ({happened}): its keys refer to the versions of that time."
            )),
            value: as_of(context, "row"),
        });
    }
    let own = fact.degenerate.iter().chain(&fact.version);
    let measures = fact.measures.iter().filter_map(|measure| match measure {
        Measure::Column(name) => Some(name),
        Measure::Computed { .. } => None,
    });
    for name in own.chain(measures) {
        if !out.iter().any(|filled| filled.column.name == *name) {
            out.push(plain(context, name, false));
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

/// ` in Europe/Berlin`, where the column has a time zone.
fn in_zone(dataset: &Dataset, column: &str) -> String {
    let zone = dataset.column(column).and_then(|column| column.options.time_zone.as_ref());
    zone.map_or_else(String::new, |zone| format!(" in {zone}"))
}

fn plain(context: FactContext<'_>, name: &str, not_null: bool) -> Filled {
    let column = context.dataset.column(name);
    let sql_type = column.map(|column| column.column_type.sql_type());
    let collate = if not_null && sql_type == Some(SqlType::Text) { " collate \"C\"" } else { "" };
    let sql_type = sql_type.map_or_else(String::new, |sql_type| sql_type.to_string());
    Filled {
        column: Column::new(name, format!("{sql_type}{collate}")).not_null(not_null),
        value: format!("row.{}", ident(name)),
    }
}

/// A computed measure is always numeric, so that its sums are exact, and so that widening one of its
/// columns later does not change its type.
fn computed(measure: &Measure) -> Option<Filled> {
    let Measure::Computed { name, expression } = measure else { return None };
    let sql = expression.sql(|column| format!("row.{}", ident(column)));
    let meaning = expression.sql(str::to_owned);
    Some(Filled {
        column: Column::new(name, "numeric").comment(format!("{COMPUTED}{meaning}.")),
        value: format!("({sql})::numeric"),
    })
}

/// The time of a row's event; a row without a time counts as before all versions.
pub(super) fn as_of(context: FactContext<'_>, row: &str) -> String {
    match context.fact.happened() {
        Some(column) => {
            format!("coalesce({}, '-infinity')", time::of(context.dataset, column, row))
        }
        None => "'-infinity'::timestamptz".to_owned(),
    }
}

/// A statement that makes Postgres check a fact's expressions before any row is loaded.
pub(in crate::star) fn check(context: FactContext<'_>) -> Option<String> {
    let row = |column: &str| format!("row.{}", ident(column));
    let mut checked: Vec<String> = context
        .fact
        .measures
        .iter()
        .filter_map(computed)
        .map(|filled| format!("{} as {}", filled.value, ident(&filled.column.name)))
        .collect();
    checked.extend(
        context
            .fact
            .delete_when
            .iter()
            .map(|delete_when| format!("({}) is true as deleted", delete_when.sql(row))),
    );
    if checked.is_empty() {
        return None;
    }
    let query = format!(
        "select {}\nfrom staging.{} row where false",
        checked.join(",\n       "),
        ident(&context.dataset.name)
    );
    Some(format!(
        "-- Checks the expressions of the contract, before a row needs them.\n{}",
        view::run(&format!("[fact.{}]", context.fact.name), &query, None)
    ))
}

/// A fact's expressions, as the contract says them.
pub(in crate::star) fn expressions(fact: &Fact) -> impl Iterator<Item = String> {
    let measures = fact.measures.iter().filter_map(|measure| match measure {
        Measure::Computed { expression, .. } => Some(expression),
        _ => None,
    });
    measures.chain(&fact.delete_when).map(|expression| expression.sql(str::to_owned))
}

pub(super) fn select_list(filled: &[Filled], indent: &str) -> String {
    let values: Vec<String> =
        filled.iter().map(|filled| format!("{indent}       {}", filled.value)).collect();
    values.join(",\n")
}

/// The same, each with its column's name.
pub(super) fn named_select_list(filled: &[Filled], indent: &str) -> String {
    let values: Vec<String> = filled
        .iter()
        .map(|filled| format!("{indent}{} as {}", filled.value, ident(&filled.column.name)))
        .collect();
    values.join(",\n")
}

pub(super) fn names(filled: &[Filled]) -> Vec<&str> {
    filled.iter().map(|filled| filled.column.name.as_str()).collect()
}

/// The batch's columns that the fact needs, each once. Sorting only these keeps the sort narrow:
/// names and descriptions are the widest columns, and no fact uses them.
pub(super) fn needed<'d>(context: FactContext<'d>, grain: &'d [String]) -> Vec<&'d str> {
    let FactContext { dataset, fact, .. } = context;
    let keys = fact.dimensions.iter().flat_map(|reference| &reference.key);
    let dates = fact.dates.iter().map(|date| &date.source);
    let measures = fact.measures.iter().flat_map(|measure| measure.columns());
    let own = fact.degenerate.iter().chain(&fact.version).chain(measures);
    let as_of = fact.as_of.iter().filter(|_| context.finds_versions());
    let mut columns: Vec<&str> = Vec::new();
    for column in grain.iter().chain(keys).chain(dates).chain(own).chain(as_of) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    if dataset.keeps_extra() {
        columns.push("extra");
    }
    columns
}
