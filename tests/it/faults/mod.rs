//! Runs schedules of files, deliveries and faults against the real loader, and lets an oracle check the star.
//!
//! One seed is one schedule: `STARDROP_FAULT_SEED=7 cargo test --workspace --test it -- faults::whatever` runs it.

mod broken;
mod bucket;
mod commit_in_doubt;
mod files;
pub mod frames;
mod lane;
mod ledger_check;
mod lookups;
mod oracle;
mod plain_reader;
mod proxy;
mod run;
mod schedule;
mod site;
mod tally;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use broken::Break;
use schedule::{Schedule, Scope};
use site::Site;
use tally::Tally;

/// A few schedules use the real program, for starting it takes time.
const SCOPE: Scope = Scope { programs: 8, kill_server: false };
const KILLING: Scope = Scope { programs: 8, kill_server: true };
const QUICK: Scope = Scope { programs: 0, kill_server: false };

/// The number of differences after which a run stops.
const ENOUGH: u64 = 10;

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number(name: &str) -> Option<u64> {
    variable(name).map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

/// Runs the schedules of these seeds at the same time, each worker on its own site, until `until`.
async fn side_by_side(
    sites: Vec<Arc<Site>>,
    seeds: std::ops::Range<u64>,
    scope: Scope,
    until: Option<Instant>,
    enough: u64,
) -> Tally {
    let next = Arc::new(AtomicU64::new(seeds.start));
    let found = Arc::new(AtomicU64::new(0));
    let mut workers = tokio::task::JoinSet::new();
    for site in sites {
        let (next, found) = (Arc::clone(&next), Arc::clone(&found));
        let end = seeds.end;
        workers.spawn(async move {
            let mut tally = Tally::default();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                let late = until.is_some_and(|until| Instant::now() > until);
                if seed >= end || late || found.load(Ordering::Relaxed) >= enough {
                    return tally;
                }
                let one = run::run(&site, Schedule::of(seed, scope)).await;
                for difference in &one.differences {
                    eprintln!("{difference}");
                    found.fetch_add(1, Ordering::Relaxed);
                }
                tally.add(one);
            }
        });
    }
    let mut all = Tally::default();
    while let Some(tally) = workers.join_next().await {
        match tally {
            Ok(tally) => all.add(tally),
            Err(stopped) if stopped.is_cancelled() => {}
            Err(error) => panic!("{error}"),
        }
        if found.load(Ordering::Relaxed) >= enough {
            workers.abort_all();
        }
    }
    all
}

fn assert_none(tally: &Tally) {
    println!("{tally}");
    assert!(
        tally.differences.is_empty(),
        "{}\nto run one of them: STARDROP_FAULT_SEED=<seed> cargo test --workspace --test it -- faults::whatever \
         (faults::a_server for one that says \"server\")",
        tally.differences.join("\n")
    );
}

fn seeds(scope: Scope, schedules: u64) -> std::ops::Range<u64> {
    match number("STARDROP_FAULT_SEED") {
        Some(seed) => seed..seed + 1,
        // Other files and faults than those without a server that is killed.
        None if scope.kill_server => 1_000_000..1_000_000 + schedules,
        None => 0..schedules,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_each_row_is_in_the_star_once() {
    let seeds = seeds(SCOPE, 40);
    let workers = (seeds.end - seeds.start).min(24) as usize;
    let sites = Site::shared("test", workers).await;
    if let Some(name) = variable("STARDROP_FAULT_BREAK") {
        for site in &sites {
            Break::named(&name).apply(site).await;
        }
    }
    assert_none(&side_by_side(sites, seeds, SCOPE, None, ENOUGH).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_at_any_moment_keeps_what_it_confirmed_and_nothing_else() {
    let site = Site::with_its_own_server().await;
    assert_none(&side_by_side(vec![site], seeds(KILLING, 6), KILLING, None, ENOUGH).await);
}

/// Shows that the harness can fail: it finds this way of breaking the ledger within `within` schedules.
async fn assert_found(broken: Break, name: &str, within: u64) {
    let sites = Site::shared(name, 8).await;
    for site in &sites {
        broken.apply(site).await;
    }
    let tally = side_by_side(sites, 0..within, QUICK, None, 1).await;
    println!(
        "{broken:?}: {} differences in {} schedules",
        tally.differences.len(),
        tally.schedules
    );
    assert!(!tally.differences.is_empty(), "{broken:?} goes unnoticed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_that_does_not_move_is_noticed() {
    assert_found(Break::Checkpoint, "checkpoint", 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_without_fences_is_noticed() {
    assert_found(Break::Fence, "fence", 200).await;
}

/// `make torture MINUTES=30`
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "runs for STARDROP_FAULT_MINUTES"]
async fn torture() {
    let minutes = number("STARDROP_FAULT_MINUTES").unwrap_or(1);
    let start = number("STARDROP_FAULT_FROM").unwrap_or_else(|| rand::random_range(0..1 << 40));
    println!("seeds from {start} on, for {minutes} minutes");
    let until = Some(Instant::now() + Duration::from_secs(60 * minutes));
    let sites = Site::shared("torture", 24).await;
    let killed = vec![Site::with_its_own_server().await];
    let (mut tally, other) = tokio::join!(
        side_by_side(sites, start..u64::MAX, SCOPE, until, ENOUGH),
        side_by_side(killed, start..u64::MAX, KILLING, until, ENOUGH),
    );
    tally.add(other);
    assert_none(&tally);
}
