//! A sample contract, and the database that a migration to a contract would leave.

use std::path::PathBuf;
use std::sync::LazyLock;

use crate::dataset::Catalog;
use crate::migrate::shape::{
    Existing, ExistingDataset, ExistingFunction, ExistingTable, PostgresType, Shape,
};
use crate::star::{self, COMPUTED, Star, Table};

/// The sample contract of the integration tests, with a date and a computed measure.
pub(super) static SHOP: LazyLock<String> = LazyLock::new(|| {
    include_str!("sample_for_tests.toml")
        .replace("[dimension.buyer]", "day   = { type = \"date\" }\n[dimension.buyer]")
        .replace("[\"paid\"]", "[\"paid\", { double = \"paid * 2\" }]")
});

pub(super) fn star_of(contract: &str) -> Star {
    let file = PathBuf::from("shop/dataset.toml");
    let catalog = Catalog::read([(file, "shop".to_owned(), contract.to_owned())]);
    star::compile(&catalog.unwrap())
}

pub(super) fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(SHOP.clone(), |text, (from, to)| {
        assert!(text.contains(from), "the contract has no {from}");
        text.replace(from, to)
    })
}

/// The shape that Postgres reads from a table of the star, whose types it spells as the star does.
pub(super) fn shape_of(table: &Table) -> Shape {
    let spelling = |sql_type: &str| match sql_type.split_once(" collate ") {
        Some((sql_type, collation)) => (PostgresType::parse(sql_type), Some(collation.to_owned())),
        None => (PostgresType::parse(sql_type), None),
    };
    let types = table.columns.iter().map(|column| column.sql_type.clone());
    let spellings = types.map(|sql_type| (sql_type.clone(), spelling(&sql_type))).collect();
    Shape::of(table, &spellings)
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
