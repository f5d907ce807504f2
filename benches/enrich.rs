//! Times lookups of addresses in a MaxMind DB of 200,000 networks, one core: addresses that come again, as those of
//! users do, and addresses that never do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use serde_json::json;
use stardrop::dataset::{Catalog, Dataset};
use stardrop::enrich::Enricher;

#[path = "../tests/it/support/mmdb.rs"]
mod mmdb;

const NETWORKS: u32 = 200_000;
/// The number of lookups that are timed at once.
const LOOKUPS: u32 = 1_000_000;
/// The number of different addresses of a file whose users come again.
const USERS: u32 = 10_000;

const CONTRACT: &str = r#"
name = "visits"
match = "visits/*"
[columns]
ip = { type = "inet" }
[enrich.geo]
from = "ip"
database = "geo.mmdb"
[enrich.geo.columns]
country = { type = "text", path = "country.iso_code" }
city = { type = "text", path = "city.names.en" }
latitude = { type = "double", path = "location.latitude" }
longitude = { type = "double", path = "location.longitude" }
address_kind = { type = "text" }
[fact.visits]
degenerate = ["ip", "country"]
"#;

static DATASET: LazyLock<Dataset> = LazyLock::new(|| {
    let file = ("visits/dataset.toml".into(), "visits".to_owned(), CONTRACT.to_owned());
    Catalog::read([file]).unwrap().dataset("visits").unwrap().clone()
});

static DATABASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut writer = mmdb::MmdbWriter::new(28, 6);
    for n in 0..NETWORKS {
        let place = json!({
            "city": { "names": { "de": format!("Stadt {n}"), "en": format!("City {n}") } },
            "country": { "iso_code": "DE", "names": { "en": "Germany" } },
            "location": { "latitude": f64::from(n) / 10_000.0, "longitude": 1.5 },
        });
        writer = writer.add(&format!("{}/24", address(n)), place);
    }
    writer.bytes()
});

static GEO: LazyLock<Enricher> = LazyLock::new(open);

fn open() -> Enricher {
    let sha256 = String::new();
    Enricher::open(&DATASET, &DATASET.enrichments[0], DATABASE.clone().into(), sha256).unwrap()
}

/// Public addresses, far from each other for neighbouring numbers, each in a network of its own up to [`NETWORKS`].
fn address(n: u32) -> String {
    let block = (n % NETWORKS).wrapping_mul(7_919) % (100 << 16);
    let [_, a, b, c] = block.to_be_bytes();
    format!("{}.{b}.{c}.{}", 11 + a % 80, n / NETWORKS % 256)
}

/// Looks all of these up, and returns how many have a country.
fn find_all(addresses: &[String]) -> usize {
    let found = |text: &String| GEO.find(black_box(text)).unwrap()[0].is_some();
    addresses.iter().filter(|text| found(text)).count()
}

fn bench(bencher: Bencher<'_, '_>, addresses: &[String]) {
    assert_eq!(find_all(addresses), addresses.len(), "every address is in the database");
    bencher.counter(ItemsCount::new(addresses.len())).bench_local(|| find_all(addresses));
}

#[divan::bench(name = "addresses that come again", sample_count = 10, sample_size = 1)]
fn again(bencher: Bencher<'_, '_>) {
    let addresses: Vec<String> = (0..LOOKUPS).map(|n| address(n % USERS * 17)).collect();
    bench(bencher, &addresses);
}

#[divan::bench(name = "addresses that never come again", sample_count = 10, sample_size = 1)]
fn never_again(bencher: Bencher<'_, '_>) {
    let addresses: Vec<String> = (0..LOOKUPS).map(address).collect();
    bench(bencher, &addresses);
}

#[divan::bench(name = "checking the whole database", sample_count = 5, sample_size = 1)]
fn check(bencher: Bencher<'_, '_>) {
    let bytes = DATABASE.len();
    bencher.counter(divan::counter::BytesCount::new(bytes)).bench_local(open);
}

fn main() {
    divan::main();
}
