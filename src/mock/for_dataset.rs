//! Describes the columns of a mock file that fits a dataset.

use std::sync::Arc;

use super::column::{Cardinality, MockColumn};
use super::value::MockValues;
use crate::dataset::{Column, Dataset, Enrichment, EnrichmentKind};
use crate::types::{self, ColumnType, TypeOptions};

/// One row in this number names a new member, up to [`MOST_MEMBERS`].
const ROWS_PER_MEMBER: u64 = 20;
const MOST_MEMBERS: u64 = 100_000;
const FEWEST_MEMBERS: u64 = 10;

/// The columns of a file of `rows` rows: the first grain column counts, a second one counts
/// within it, dimension keys come from a pool, attributes follow their key, dates are near. Only the
/// columns of the file are among them.
pub fn columns(dataset: &Dataset, rows: u64) -> Vec<MockColumn> {
    dataset
        .file_columns()
        .map(|column| {
            // A product has one price, whichever table the column belongs to.
            let priced = priced_by(dataset, column);
            // A shop may not know a customer's country, but it knows prices and names.
            let known = priced.is_some() || column.name.ends_with("_name");
            MockColumn {
                header: header(column),
                column_type: column_type(dataset, column),
                values: values(dataset, column),
                required: column.required || dataset.required_for(column).is_some(),
                known,
                cardinality: priced.unwrap_or_else(|| cardinality(dataset, column, rows)),
            }
        })
        .collect()
}

/// A key for a mock file of the dataset, with the values that `from_key` takes from it; `None` without
/// `from_key`, or where no key can have such values. `day` is counted from 2000-01-01.
pub fn key(dataset: &Dataset, seed: u64, day: Option<u64>) -> Option<String> {
    dataset.example_key(|name| {
        let mut text = String::new();
        let values = dataset
            .columns
            .iter()
            .find(|column| column.name == name)
            .map(|column| values(dataset, column));
        if let Some(values) = values {
            let on_day = day.and_then(|day| values.on_day(day)).map(|(first, _)| first);
            // Some month of twenty-five years after the first one, as in the columns of files.
            values.nth(on_day.unwrap_or(300 * values.near_count() + seed), &mut text);
        }
        text
    })
}

/// Whether the values are looked up as addresses, so that a text must be one.
fn is_address(dataset: &Dataset, column: &Column) -> bool {
    let looks_up = |enrichment: &Enrichment| {
        enrichment.kind == EnrichmentKind::Database && enrichment.from == column.name
    };
    dataset.enrichments.iter().any(looks_up)
}

fn column_type(dataset: &Dataset, column: &Column) -> Arc<dyn ColumnType> {
    let inet = || types::column_type("inet", &TypeOptions::default()).ok();
    let inet = if is_address(dataset, column) { inet() } else { None };
    inet.unwrap_or_else(|| Arc::clone(&column.column_type))
}

fn values(dataset: &Dataset, column: &Column) -> MockValues {
    if is_address(dataset, column) {
        return MockValues::public_addresses();
    }
    MockValues::new(column.column_type.sql_type(), &column.options)
}

/// The column's name in files: the last spelling in the contract.
fn header(column: &Column) -> String {
    column.source.names().last().unwrap_or(&column.name).clone()
}

fn priced_by(dataset: &Dataset, column: &Column) -> Option<Cardinality> {
    let product = dataset
        .dimensions
        .iter()
        .find(|feed| ["product", "item", "article"].contains(&feed.name.as_str()))?;
    let key =
        product.key.first().filter(|key| column.name.contains("price") && **key != column.name)?;
    let column = dataset.file_columns().position(|column| column.name == *key)?;
    Some(Cardinality::DependsOn { column })
}

fn cardinality(dataset: &Dataset, column: &Column, rows: u64) -> Cardinality {
    let index_of = |name: &str| dataset.file_columns().position(|c| c.name == name);
    let grain = dataset.facts.iter().find_map(|fact| fact.grain.as_deref()).unwrap_or_default();
    // What comes from the object is the same in all rows of a file.
    let grain: Vec<&String> = grain.iter().filter(|name| index_of(name).is_some()).collect();
    match grain.iter().position(|name| **name == column.name) {
        Some(0) => return Cardinality::Unique,
        Some(1) => {
            if let Some(of) = grain.first().and_then(|first| index_of(first)) {
                return Cardinality::Line { of };
            }
        }
        _ => {}
    }
    for feed in &dataset.dimensions {
        if feed.key.contains(&column.name) {
            let members = (rows / ROWS_PER_MEMBER).clamp(FEWEST_MEMBERS, MOST_MEMBERS);
            return Cardinality::Pool(members.min(values(dataset, column).count()));
        }
        if feed.attributes.contains(&column.name)
            && let Some(key) = feed.key.iter().find_map(|key| index_of(key))
        {
            return Cardinality::DependsOn { column: key };
        }
    }
    match column.column_type.sql_type().has_date() {
        true => Cardinality::Near,
        false => Cardinality::Free,
    }
}
