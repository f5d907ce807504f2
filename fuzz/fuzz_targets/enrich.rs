//! Fuzzes the files of enrichments: any bytes are refused with a sentence, or every lookup in them succeeds.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use stardrop::dataset::{Catalog, Dataset};
use stardrop::enrich::Enricher;
use stardrop_fuzz::Input;

/// Columns of both shapes of databases, and of a table.
const CONTRACT: &str = r#"
name = "visits"
match = "visits/*"
[columns]
ip = { type = "text" }
[enrich.nested]
from = "ip"
database = "geo.mmdb"
[enrich.nested.columns]
country = { type = "text", path = ["country.iso_code", "country_code", "a"] }
address_kind = { type = "text" }
[enrich.typed]
from = "ip"
database = "geo.mmdb"
[enrich.typed.columns]
number = { type = "double", path = ["location.latitude", "subdivisions.0.id", "n"] }
[enrich.whole]
from = "ip"
database = "geo.mmdb"
[enrich.whole.columns]
everything = { type = "json", path = ["country", "a"] }
[enrich.table]
from = "ip"
table = "rates.csv"
[enrich.table.columns]
rate = { type = "numeric(8,4)" }
[fact.visits]
degenerate = ["ip"]
"#;

static DATASET: LazyLock<Dataset> = LazyLock::new(|| {
    let file = ("visits/dataset.toml".into(), "visits".to_owned(), CONTRACT.to_owned());
    let catalog = Catalog::read([file]).unwrap_or_else(|errors| panic!("{errors:?}"));
    catalog.dataset("visits").expect("it exists").clone()
});

const ADDRESSES: &[&str] =
    &["1.1.1.1", "1.2.3.4", "10.0.0.1", "255.255.255.255", "2a00::1", "3ffe::1", "::1", "x", ""];

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let enrichment = &DATASET.enrichments[usize::from(input.byte()) % DATASET.enrichments.len()];
    let more = [input.byte(), input.byte(), input.byte(), input.byte()];
    let bytes = Bytes::copy_from_slice(input.rest());
    let enricher = match Enricher::open(&DATASET, enrichment, bytes, String::new()) {
        Ok(enricher) => enricher,
        Err(message) => return assert!(!message.is_empty()),
    };
    let other = std::net::Ipv4Addr::from(more).to_string();
    for value in ADDRESSES.iter().copied().chain([other.as_str()]) {
        let again = [enricher.find(value), enricher.find(value)];
        assert_eq!(again[0], again[1], "the cache gives what the file has");
        match &again[0] {
            Ok(values) => assert_eq!(values.len(), enrichment.columns.len()),
            Err(invalid) => {
                assert_ne!(invalid.code, "broken_database", "{value}: {}", invalid.message)
            }
        }
    }
});
