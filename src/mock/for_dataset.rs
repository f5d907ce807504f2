//! Describes the columns of a mock file that fits a dataset.

use std::sync::Arc;

use super::column::{Cardinality, MockColumn};
use super::value::MockValues;
use crate::dataset::{Column, Dataset};

/// One row in this number names a new member, up to [`MOST_MEMBERS`].
const ROWS_PER_MEMBER: u64 = 20;
const MOST_MEMBERS: u64 = 100_000;
const FEWEST_MEMBERS: u64 = 10;

/// The columns of a file of `rows` rows: the first grain column counts, a second one counts
/// within it, dimension keys come from a pool, attributes follow their key, dates are near.
pub fn columns(dataset: &Dataset, rows: u64) -> Vec<MockColumn> {
    dataset
        .columns
        .iter()
        .map(|column| {
            // A product has one price, whichever table the column belongs to.
            let priced = priced_by(dataset, column);
            // A shop may not know a customer's country, but it knows prices and names.
            let known = priced.is_some() || column.name.ends_with("_name");
            MockColumn {
                header: header(column),
                column_type: Arc::clone(&column.column_type),
                values: values(column),
                required: column.required || dataset.required_for(column).is_some(),
                known,
                cardinality: priced.unwrap_or_else(|| cardinality(dataset, column, rows)),
            }
        })
        .collect()
}

fn values(column: &Column) -> MockValues {
    MockValues::new(column.column_type.sql_type(), &column.options)
}

/// The column's name in files: the last spelling in the contract.
fn header(column: &Column) -> String {
    column.sources.last().unwrap_or(&column.name).clone()
}

fn priced_by(dataset: &Dataset, column: &Column) -> Option<Cardinality> {
    let product = dataset
        .dimensions
        .iter()
        .find(|feed| ["product", "item", "article"].contains(&feed.name.as_str()))?;
    let key =
        product.key.first().filter(|key| column.name.contains("price") && **key != column.name)?;
    let column = dataset.columns.iter().position(|column| column.name == *key)?;
    Some(Cardinality::DependsOn { column })
}

fn cardinality(dataset: &Dataset, column: &Column, rows: u64) -> Cardinality {
    let index_of = |name: &str| dataset.columns.iter().position(|c| c.name == name);
    let grain = dataset.facts.iter().find_map(|fact| fact.grain.as_deref()).unwrap_or_default();
    match grain.iter().position(|name| *name == column.name) {
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
            return Cardinality::Pool(members.min(values(column).count()));
        }
        if feed.attributes.contains(&column.name)
            && let Some(key) = feed.key.first().and_then(|key| index_of(key))
        {
            return Cardinality::DependsOn { column: key };
        }
    }
    match column.column_type.sql_type().has_date() {
        true => Cardinality::Near,
        false => Cardinality::Free,
    }
}
