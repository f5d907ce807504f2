//! Checks that the documentation matches the code.

use std::fs;

use md5::{Digest, Md5};
use stardrop::dataset::Catalog;
use stardrop::star;

use crate::support::root;

mod ledger;
mod pages;
mod tables;

/// The text of a file of the project.
fn text_of(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn the_example_of_a_contract_is_valid() {
    let page = text_of("docs/reference/contract.md");
    let example = page.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let catalog = Catalog::read([("dataset.toml".into(), "sales".to_owned(), example.to_owned())]);
    let sql = star::compile(&catalog.unwrap()).script();
    for table in ["fact_order", "dim_customer", "dim_date"] {
        assert!(page.contains(&format!("`star.{table}`")), "{table}");
        assert!(sql.contains(&format!("create table star.{table} (")), "{table}");
    }
}

#[test]
fn the_sample_event_names_the_sample_file() {
    let sample = fs::read(root().join("examples/sales/sample.csv")).unwrap();
    let etag: String = Md5::digest(&sample).iter().map(|byte| format!("{byte:02x}")).collect();
    let event: serde_json::Value = serde_json::from_str(&text_of("events/s3-put.json")).unwrap();
    let object = &event["Records"][0]["s3"]["object"];
    assert_eq!(
        object["eTag"], etag,
        "`make invoke` drops examples/sales/sample.csv for this event"
    );
    assert_eq!(object["size"], sample.len());
}
