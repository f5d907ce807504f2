//! Loads a sales file into a real Postgres that waits for the disk, side by side with SQL by hand: see
//! `benches/hand/`. All contenders take turns in each round, so that their ratios are meaningful on a noisy machine.
//!
//! `make bench` prints a table. At the end the two stars must have the same contents. With `PEERS=1` tools that many use
//! load the same file into a plain table; with `FILES=20` a star with the facts of that many files follows.

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
mod small_files;

use std::path::PathBuf;

use contender::{ByHand, Star, connect};
use files::Files;
use measured::Measured;
use peers::Peers;
use stardrop_local::postgres::{LocalPostgres, PostgresOptions, find_binaries};

/// The steps of a round: its name in the table, and the step that it is compared with.
const RAW: [&str; 2] = ["raw: `COPY` into an unlogged table", BY_HAND[0]];
const BY_HAND: [&str; 2] = ["by hand", "by hand"];
const LOAD: [&str; 2] = ["`stardrop load`", BY_HAND[0]];
const BY_HAND_AGAIN: [&str; 2] = ["by hand, the same rows again", "by hand, the same rows again"];
const LOAD_AGAIN: [&str; 2] = ["`stardrop load`, the same rows again", BY_HAND_AGAIN[0]];
const BY_HAND_CHANGED: [&str; 2] = ["by hand, 1 % changed", "by hand, 1 % changed"];
const LOAD_CHANGED: [&str; 2] = ["`stardrop load`, 1 % changed", BY_HAND_CHANGED[0]];

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
    admin.batch_execute("create database hand").await.unwrap();
    let hand = ByHand { client: connect(&postgres.url("hand")).await };
    let star = Star { files: &files, url: postgres.url("star") };
    let mut measured = Measured::new(&admin);
    println!(
        "Postgres {}, {}\n{rows} rows, {:.1} MB; {rounds} rounds, and the median of each step\n",
        postgres.version(),
        measured::settings(&admin).await,
        files.bytes as f64 / 1e6
    );

    let peers = Peers::find(postgres.url("postgres"));
    for _ in 0..rounds {
        if let Some(peers) = &peers {
            for [tool, name] in peers.tools() {
                let load = async { peers.load(tool, &files.first) };
                measured.step([name, BY_HAND[0]], load).await;
            }
        }
        hand.prepare_raw().await;
        measured.step(RAW, hand.copy("raw", &files.first)).await;
        hand.prepare().await;
        measured.step(BY_HAND, hand.load(&files.first)).await;
        star.prepare(&admin).await;
        measured.step(LOAD, star.load(&files.first)).await;
        measured.step(BY_HAND_AGAIN, hand.load(&files.reversed)).await;
        measured.step(LOAD_AGAIN, star.load(&files.reversed)).await;
        measured.step(BY_HAND_CHANGED, hand.load(&files.changed)).await;
        measured.step(LOAD_CHANGED, star.load(&files.changed)).await;
    }
    measured.print();
    let lines = contender::compare(&hand.client, &connect(&star.url).await).await;
    println!("\nBoth stars have the same {lines} sums by customer, product and day.");
    let (count, rounds) = if quick { (200, 2) } else { (1_000, rounds) };
    small_files::run(&admin, (&hand, &star), (&files, folder.path()), (count, rounds)).await;
    if let Some(count) = var("STARDROP_BENCH_FILES").and_then(|value| value.parse().ok()) {
        large::run(&admin, (&hand, &star), (&files, folder.path()), count, rounds).await;
    }
    postgres.stop().unwrap();
}
