//! Faults: schedules of files, deliveries and faults against the real loader; an oracle judges.
//!
//! One seed is one schedule. `STARDROP_FAULT_SEED=7 cargo test --test it -- faults::replay` runs one.

mod books;
mod bucket;
mod files;
mod frames;
mod lane;
mod oracle;
mod proxy;
mod reading;
mod run;
mod schedule;
mod site;
mod tally;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use schedule::{Schedule, Scope};
use site::Site;
use tally::Tally;

/// A few schedules use the real program, for starting it takes time.
const SCOPE: Scope = Scope { programs: 8, kill_server: false };
const KILLING: Scope = Scope { programs: 8, kill_server: true };

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number(name: &str) -> Option<u64> {
    variable(name).map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// Runs schedules of these seeds side by side, each worker in a place of its own, until `until`.
async fn side_by_side(
    sites: Vec<Arc<Site>>,
    seeds: std::ops::Range<u64>,
    scope: Scope,
    until: Option<Instant>,
) -> Tally {
    let next = Arc::new(AtomicU64::new(seeds.start));
    let mut workers = tokio::task::JoinSet::new();
    for site in sites {
        let next = Arc::clone(&next);
        let end = seeds.end;
        workers.spawn(async move {
            let mut tally = Tally::default();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                let late = until.is_some_and(|until| Instant::now() > until);
                if seed >= end || late || tally.differences.len() > 5 {
                    return tally;
                }
                let one = run::run(&site, Schedule::of(seed, scope)).await;
                for difference in &one.differences {
                    eprintln!("{difference}");
                }
                tally.add(one);
            }
        });
    }
    let mut all = Tally::default();
    while let Some(tally) = workers.join_next().await {
        all.add(tally.unwrap());
    }
    all
}

async fn sites(count: usize, name: &str) -> Vec<Arc<Site>> {
    let mut sites = Vec::new();
    for number in 0..count {
        sites.push(Arc::new(Site::shared(&format!("faults_{name}_{number}")).await));
    }
    sites
}

fn assert_none(tally: &Tally, what: &str) {
    println!("{tally}");
    assert!(
        tally.differences.is_empty(),
        "{}\nrun one alone: STARDROP_FAULT_SEED=<seed> cargo test --test it -- {what}",
        tally.differences.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_each_row_is_in_the_star_once() {
    let seeds = match number("STARDROP_FAULT_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("STARDROP_FAULT_SCHEDULES").unwrap_or(240),
    };
    let workers = (seeds.end - seeds.start).min(12) as usize;
    let tally = side_by_side(sites(workers, "test").await, seeds, SCOPE, None).await;
    assert_none(&tally, "whatever_goes_wrong");
}
