//! The files that enriched columns are looked up in, and what they say of a value: once as the loader finds it, and
//! once as a person does.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use stardrop::dataset::{Catalog, EnrichmentKind};
use stardrop::enrich::Enricher;

use super::case::{COLUMNS, Row, Source, Value};
use crate::support::mmdb::MmdbWriter;

/// The addresses of files. Nothing is known of the last two.
pub const ADDRESSES: [&str; 6] =
    ["1.2.3.4", "2a00::1", "::ffff:1.2.3.5", "1.2.9.9", "9.9.9.9", "10.2.3.4"];

/// The color of an address, in a database with records of both shapes.
pub fn color(address: &str) -> Value {
    match address {
        "1.2.3.4" | "::ffff:1.2.3.5" => Some("c0".to_owned()),
        "2a00::1" | "1.2.9.9" => Some("c1".to_owned()),
        _ => None,
    }
}

/// What the table has for a color.
pub fn by_color(column: &str, color: &str) -> Value {
    match (column, color) {
        ("other_id", "c0") => Some("i2".to_owned()),
        ("other_id", "c1") => Some("i0".to_owned()),
        ("mayor", "c1") => Some("m1".to_owned()),
        _ => None,
    }
}

fn database() -> Vec<u8> {
    MmdbWriter::new(28, 6)
        .add("1.2.0.0/16", json!({ "color": "c1" }))
        .add("1.2.3.0/24", json!({ "of": { "color": "c0" } }))
        .add("2a00::/16", json!({ "of": { "color": "c1" } }))
        .add("10.0.0.0/8", json!({ "color": "c9" }))
        .bytes()
}

const TABLE: &str = "color;mayor;other_id\nc1;m1;i0\nc0;;i2\n";

/// The opened files of both datasets.
pub struct Files(BTreeMap<&'static str, Vec<Arc<Enricher>>>);

impl Files {
    pub fn of(catalog: &Catalog) -> Files {
        let of = |source: Source| {
            let dataset = catalog.dataset(source.name()).unwrap();
            let opened = dataset.enrichments.iter().map(|enrichment| {
                let bytes = match enrichment.kind {
                    EnrichmentKind::Database => database(),
                    EnrichmentKind::Table => TABLE.as_bytes().to_vec(),
                };
                let opened = Enricher::open(dataset, enrichment, bytes.into(), String::new());
                Arc::new(opened.unwrap_or_else(|error| panic!("{}: {error}", enrichment.name)))
            });
            (source.name(), opened.collect())
        };
        Files(super::case::SOURCES.into_iter().map(of).collect())
    }

    /// The row with the values that the loader looks up, each as the column's type writes it.
    pub fn fill(&self, source: Source, row: &Row) -> Row {
        let index = |name: &str| COLUMNS.iter().position(|(column, _)| *column == name).unwrap();
        let mut row = row.clone();
        for enricher in &self.0[source.name()] {
            let from = row[index(&enricher.from)].clone();
            let values = from.map(|from| enricher.find(&from).unwrap());
            for (at, column) in enricher.columns.iter().enumerate() {
                let value = values.as_ref().and_then(|values| values[at].as_deref());
                row[index(column)] = value.map(str::to_owned);
            }
        }
        row
    }
}
