//! Times a batch against a small fact table and against a large one, for each kind of dimension and of
//! fact. Both are measured alternately in one run, so that their ratio is meaningful on a noisy machine.
//!
//! `make bench-star ROWS=20000000` prints a table. Facts and members grow together, ten facts for
//! each member, and a batch affects rows and members in all parts of the tables.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at the first error"
)]

mod kinds;
mod site;

use std::collections::BTreeMap;
use std::path::PathBuf;

use kinds::{COLUMNS, KINDS};
use site::{BATCH, BATCHES, Batch, SMALL, TRIALS, site};
use stardrop_local::postgres::{LocalPostgres, PostgresOptions, find_binaries};

/// The number of facts of the large star, unless STARDROP_BENCH_ROWS is set.
const LARGE: i64 = 20_000_000;

#[tokio::main]
async fn main() {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let large: i64 = var("STARDROP_BENCH_ROWS").map_or(LARGE, |rows| rows.parse().unwrap());
    let only = var("STARDROP_BENCH_KIND").unwrap_or_default();
    let bin = find_binaries(
        var("PG_BIN").map(PathBuf::from).as_deref(),
        std::env::var_os("PATH").as_deref(),
    );
    let mut options = PostgresOptions::throwaway(bin.unwrap());
    for (name, value) in
        [("shared_buffers", "1GB"), ("maintenance_work_mem", "512MB"), ("max_wal_size", "8GB")]
    {
        options.settings.push((name.to_owned(), value.to_owned()));
    }
    let postgres = LocalPostgres::start(options).unwrap();
    println!(
        "Postgres {}, batches of {BATCH} rows, ms at {SMALL} facts / at {large} facts / ratio\n",
        postgres.version()
    );
    println!("| kind | new | the same again | changed | late |\n|---|---|---|---|---|");
    for (kind, contract) in KINDS.iter().filter(|(kind, _)| kind.contains(&only)) {
        let contract = format!("{COLUMNS}{contract}\n");
        let sites = [
            site(&postgres, &contract, "small", SMALL).await,
            site(&postgres, &contract, "large", large).await,
        ];
        let mut best: BTreeMap<(Batch, usize), f64> = BTreeMap::new();
        for trial in 0..TRIALS {
            for batch in BATCHES {
                for (index, site) in sites.iter().enumerate() {
                    let seconds = site.batch(batch, trial).await;
                    let fastest = best.entry((batch, index)).or_insert(f64::INFINITY);
                    *fastest = fastest.min(seconds);
                }
            }
        }
        let cells: Vec<String> = BATCHES
            .iter()
            .map(|batch| {
                let [small, large] = [0, 1].map(|index| best[&(*batch, index)] * 1000.0);
                format!("{small:.0} / {large:.0} / {:.2}", large / small)
            })
            .collect();
        println!("| {kind} | {} |", cells.join(" | "));
    }
    postgres.stop().unwrap();
}
