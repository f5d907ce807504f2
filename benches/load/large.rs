//! Large: a star with the facts of many files, and then, on top of it, snapshots of one of these files with 1 % of its rows
//! changed.

use std::path::Path;
use std::time::Instant;

use tokio_postgres::Client;

use crate::contender::{ByHand, Star};
use crate::files::Files;
use crate::measured::Measured;

const BY_HAND: [&str; 2] =
    ["by hand, a snapshot with 1 % changed", "by hand, a snapshot with 1 % changed"];
const LOAD: [&str; 2] = ["`stardrop load`, a snapshot with 1 % changed", BY_HAND[0]];

/// Loads as many files as `count`, and prints how long the first and the last of them took; then the snapshots.
pub async fn run(
    admin: &Client,
    (hand, star): (&ByHand, &Star<'_>),
    (files, folder): (&Files, &Path),
    count: usize,
    rounds: usize,
) {
    hand.prepare().await;
    star.prepare(admin).await;
    println!("\n| file | by hand s | `stardrop load` s | ratio |\n|---|---|---|---|");
    let (further, changed) = (folder.join("further.csv"), folder.join("further_changed.csv"));
    for number in 1..=count {
        files.write_further(number, &further);
        let began = Instant::now();
        hand.load(&further).await;
        let by_hand = began.elapsed().as_secs_f64();
        let began = Instant::now();
        star.load(&further).await;
        let loaded = began.elapsed().as_secs_f64();
        println!("| {number} | {by_hand:.2} | {loaded:.2} | {:.2} |", loaded / by_hand);
    }
    let mut measured = Measured::new(admin);
    for round in 1..=rounds {
        Files::write_changed(&further, round, &changed);
        measured.step(BY_HAND, hand.load(&changed)).await;
        measured.step(LOAD, star.load(&changed)).await;
    }
    measured.print();
}
