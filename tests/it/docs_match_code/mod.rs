//! Checks that the documentation matches the code.

use std::fs;

use md5::{Digest, Md5};

use crate::support::root;

mod ledger;
mod pages;
mod tables;

/// The text of a file of the project.
fn text_of(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
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
