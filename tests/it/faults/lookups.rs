//! The files in S3 that two of the datasets look up in: the address of an item, and the country of an address.

use std::fmt::Write as _;

use serde_json::json;

use super::site::Endpoint;
use crate::support::mmdb::MmdbWriter;

const BUCKET: &str = "lookups";
/// The keys of the files.
pub const KEYS: [&str; 2] = ["items.csv", "places.mmdb"];

pub const CONTRACT: &str = "[enrich.places]\nfrom = \"address\"\ndatabase = \"s3://lookups/places.mmdb\"\n\
     [enrich.places.columns]\ncountry = { type = \"text\", path = \"country.iso_code\" }\n\
     [enrich.items]\nfrom = \"item_id\"\ntable = \"s3://lookups/items.csv\"\n\
     [enrich.items.columns]\naddress = { type = \"inet\" }\n";

/// The names of the enrichments, as the ledger has them of a load.
pub const NAMES: &str = "items,places";

/// The number of an item, such as 7 of `p7`, if the table has it.
fn number(item: &str) -> Option<u64> {
    item.strip_prefix('p')?.parse().ok().filter(|number| number % 5 > 0)
}

/// The country of an item in the schedule of this seed.
pub fn country(seed: u64, item: &str) -> Option<String> {
    match (number(item)? + seed) % 3 {
        0 => Some("AA".to_owned()),
        1 => Some(format!("B{}", seed % 10)),
        _ => None,
    }
}

/// Writes the files of a schedule, which are others than those of the schedule before.
pub async fn put(endpoint: &Endpoint, seed: u64) {
    let mut table = String::from("item_id,address\n");
    for number in (1..12).filter(|n| number(&format!("p{n}")).is_some()) {
        writeln!(table, "p{number},{}.0.0.{number}", 1 + (number + seed) % 3).unwrap();
    }
    let place = |country: &str| json!({ "country": { "iso_code": country } });
    let places = MmdbWriter::new(24, 6)
        .metadata("build_epoch", (1_700_000_000 + seed % 1_000_000).into())
        .add("1.0.0.0/8", place("AA"))
        .add("2.0.0.0/8", place(&format!("B{}", seed % 10)))
        .bytes();
    endpoint.s3.create_bucket(BUCKET).unwrap();
    for (key, bytes) in KEYS.into_iter().zip([table.into_bytes(), places]) {
        endpoint.s3.put_bytes(BUCKET, key, bytes).await.unwrap();
    }
}
