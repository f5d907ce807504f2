//! Loads a sales file into a real Postgres that waits for the disk, side by side with SQL by hand: see
//! `benches/hand/`. All contenders take turns in each round, so that their ratios are meaningful on a noisy machine.
//!
//! `make bench` prints a table. At the end the two stars must have the same contents. With `PEERS=1` tools that many use
//! load the same file into a plain table; with `FILES=20` it is only a star with the facts of
//! that many files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at the first error"
)]

mod contender;
mod files;
mod large;
mod measured;
mod peers;
mod round_trips;
mod sizes;
mod small_files;

use std::path::PathBuf;

use contender::{ByHand, Star, connect};
use files::Files;
use measured::Measured;
use peers::Peers;
use stardrop_local::postgres::{LocalPostgres, PostgresOptions, find_binaries};

/// What loads the files, as the tables call it.
const RAW: &str = "`COPY` into a bare unlogged table";
/// What the usual statements are called.
pub const USUAL: &str = "usual SQL";
/// What the best statements are called.
pub const BEST: &str = "best SQL";
const ONE: &str = "`stardrop load`, one connection";
const TWO: &str = "`stardrop load`, two connections";

/// The files of a round, and what the tables call them.
const FIRST: &str = "first load";
const AGAIN: &str = "the same rows again";
const CHANGED: &str = "1 % changed";

#[tokio::main]
async fn main() {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let quick = var("STARDROP_BENCH_QUICK").is_some_and(|value| value != "0");
    let (rows, rounds) = if quick { (100_000, 2) } else { (1_000_000, 3) };
    let bin = find_binaries(
        var("PG_BIN").map(PathBuf::from).as_deref(),
        std::env::var_os("PATH").as_deref(),
    );
    let mut options = PostgresOptions::throwaway(bin.unwrap());
    // As a server is in production: a commit waits until the disk has it.
    options.durable = true;
    for (name, value) in
        [("synchronous_commit", "on"), ("shared_buffers", "1GB"), ("max_wal_size", "8GB")]
    {
        options.settings.push((name.to_owned(), value.to_owned()));
    }
    let postgres = LocalPostgres::start(options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = Files::generate(folder.path(), rows);
    let admin = connect(&postgres.url("postgres")).await;
    let mut by_hand = Vec::new();
    for (name, load) in [("usual", contender::USUAL), ("best", contender::BEST)] {
        admin.batch_execute(&format!("create database {name}")).await.unwrap();
        by_hand.push(ByHand { client: connect(&postgres.url(name)).await, load });
    }
    let [usual, best] = by_hand.as_slice() else { unreachable!() };
    let star = |name, connections| Star { files: &files, url: postgres.url(name), connections };
    let (one, two) = (star("one", "1"), star("two", "2"));
    let mut measured = Measured::new(&admin);
    println!(
        "Postgres {}, {}\n{rows} rows, {:.1} MB; {rounds} rounds, and the median of each step\n",
        postgres.version(),
        measured::settings(&admin).await,
        files.bytes as f64 / 1e6
    );

    if let Some(count) = var("STARDROP_BENCH_FILES").and_then(|value| value.parse().ok()) {
        let stars = [(ONE, &one), (TWO, &two)];
        large::run(&admin, (usual, &stars), (&files, folder.path()), count, rounds).await;
        postgres.stop().unwrap();
        return;
    }
    let peers = Peers::find(postgres.url("postgres"));
    for _ in 0..rounds {
        if let Some(peers) = &peers {
            for [tool, name] in peers.tools() {
                let load = async { peers.load(tool, &files.first) };
                measured.step(FIRST, name, load).await;
            }
        }
        usual.prepare_raw().await;
        measured.step(FIRST, RAW, usual.copy("raw", &files.first)).await;
        for (name, hand) in [(USUAL, usual), (BEST, best)] {
            hand.prepare().await;
            measured.step(FIRST, name, hand.load(&files.first)).await;
            measured.step(AGAIN, name, hand.load(&files.reversed)).await;
            measured.step(CHANGED, name, hand.load(&files.changed)).await;
        }
        for (name, star) in [(ONE, &one), (TWO, &two)] {
            star.prepare(&admin).await;
            measured.step(FIRST, name, star.load(&files.first)).await;
            measured.step(AGAIN, name, star.load(&files.reversed)).await;
            measured.step(CHANGED, name, star.load(&files.changed)).await;
        }
    }
    measured.print();
    let mut lines = 0;
    for star in [&one, &two] {
        lines = contender::compare(&best.client, &connect(&star.url).await).await;
    }
    contender::compare(&usual.client, &connect(&one.url).await).await;
    println!("\nAll stars have the same {lines} sums by customer, product and day.");
    let most = if quick { 100_000 } else { 1_000_000 };
    sizes::run(&admin, (usual, &two), folder.path(), most, rounds).await;
    let (count, rounds) = if quick { (200, 2) } else { (1_000, rounds) };
    small_files::run(&admin, (best, &one), (&files, folder.path()), (count, rounds)).await;
    postgres.stop().unwrap();
}
