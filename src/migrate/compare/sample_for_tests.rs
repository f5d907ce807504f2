//! A sample contract, and the database that a migration to a contract would leave.

use std::path::PathBuf;

use crate::dataset::Catalog;
use crate::migrate::shape::{
    ColumnShape, Existing, ExistingDataset, ExistingFunction, ExistingTable, Key, PostgresType,
    Shape,
};
use crate::star::{self, COMPUTED, Star, Table};

pub(super) const SHOP: &str = r#"
name  = "shop"
match = ["shop/*"]
[columns]
id    = { type = "bigint", required = true }
part  = { type = "integer", required = true }
buyer = { type = "text" }
town  = { type = "text" }
paid  = { type = "numeric(8,2)" }
day   = { type = "date" }
[dimension.buyer]
key        = ["buyer"]
attributes = ["town"]
[fact.receipt]
grain      = ["id"]
dimensions = ["buyer"]
measures   = ["paid", { double = "paid * 2" }]
"#;

pub(super) fn star_of(contract: &str) -> Star {
    let file = PathBuf::from("shop/dataset.toml");
    let catalog = Catalog::read([(file, "shop".to_owned(), contract.to_owned())]);
    star::compile(&catalog.unwrap())
}

pub(super) fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(SHOP.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the contract has no {from}");
        text.replace(from, to)
    })
}

/// The shape that Postgres reads from a table of the star.
pub(super) fn shape_of(table: &Table) -> Shape {
    let mut shape = Shape::default();
    for column in &table.columns {
        let (sql_type, collation) = match column.sql_type.split_once(" collate ") {
            Some((sql_type, collation)) => (sql_type, Some(collation.to_owned())),
            None => (column.sql_type.as_str(), None),
        };
        let (sql_type, not_null) = (PostgresType::parse(sql_type), column.not_null);
        shape.columns.insert(column.name.clone(), ColumnShape { sql_type, collation, not_null });
    }
    for (name, definition) in &table.constraints {
        let (kind, rest) = definition.split_once(" (").unwrap();
        if kind == "primary key" || kind == "unique" {
            let (columns, details) = rest.split_once(')').unwrap();
            shape.keys.push(Key {
                name: name.clone(),
                kind: kind.to_uppercase(),
                columns: columns.split(", ").map(str::to_owned).collect(),
                details: details.to_owned(),
            });
        }
    }
    shape
}

pub(super) fn tables(star: &Star) -> impl Iterator<Item = &Table> {
    star.tables.iter().chain(star.datasets.iter().map(|dataset| &dataset.staging))
}

/// A database to which this star was migrated. Its staging tables are empty.
pub(super) fn database_of(star: &Star, has_rows: bool) -> Existing {
    let mut existing = Existing::default();
    for table in tables(star) {
        let formulas = table.columns.iter().filter_map(|column| {
            let comment = column.comment.clone().filter(|c| c.starts_with(COMPUTED))?;
            Some((column.name.clone(), comment))
        });
        let found = ExistingTable {
            shape: shape_of(table),
            has_rows: has_rows && table.schema == "star",
            is_logged: !table.unlogged,
            indexes: table.indexes.iter().map(|(name, _)| name.clone()).collect(),
            formulas: formulas.collect(),
            possible_keys: Vec::new(),
            ..ExistingTable::default()
        };
        existing.tables.insert(table.qualified_name(), found);
    }
    for dataset in &star.datasets {
        let functions = dataset.functions.iter().map(|function| ExistingFunction {
            name: function.name.clone(),
            signature: format!("staging.{}()", function.name),
            body: function.body.clone(),
        });
        let found = ExistingDataset {
            fingerprint: Some(dataset.fingerprint.clone()),
            functions: functions.collect(),
            triggers: dataset.triggers.iter().map(|name| (*name).to_owned()).collect(),
        };
        existing.datasets.insert(dataset.name.clone(), found);
    }
    existing
}
