//! Large: a star with the facts of many files, and then, on top of it, snapshots of one of these files with 1 % of its rows
//! changed.

use std::path::Path;
use std::time::Instant;

use tokio_postgres::Client;

use crate::USUAL;
use crate::contender::{ByHand, Star};
use crate::files::Files;
use crate::measured::Measured;

const SNAPSHOT: &str = "a snapshot with 1 % changed";

/// Loads as many files as `count`, and prints how long each of them took; then the snapshots.
pub async fn run(
    admin: &Client,
    (usual, stars): (&ByHand, &[(&'static str, &Star<'_>)]),
    (files, folder): (&Files, &Path),
    count: usize,
    rounds: usize,
) {
    usual.prepare().await;
    let mut names = vec![USUAL];
    for (name, star) in stars {
        star.prepare(admin).await;
        names.push(name);
    }
    println!("\n| file | {} |\n|---{} |", names.join(" s | ") + " s", "|---".repeat(names.len()));
    let (further, changed) = (folder.join("further.csv"), folder.join("further_changed.csv"));
    for number in 1..=count {
        files.write_further(number, &further);
        let mut seconds = Vec::new();
        let began = Instant::now();
        usual.load(&further).await;
        seconds.push(format!("{:.2}", began.elapsed().as_secs_f64()));
        for (_, star) in stars {
            let began = Instant::now();
            star.load(&further).await;
            seconds.push(format!("{:.2}", began.elapsed().as_secs_f64()));
        }
        println!("| {number} | {} |", seconds.join(" | "));
    }
    let mut measured = Measured::new(admin);
    for round in 1..=rounds {
        Files::write_changed(&further, round, &changed);
        measured.step(SNAPSHOT, USUAL, usual.load(&changed)).await;
        for (name, star) in stars {
            measured.step(SNAPSHOT, name, star.load(&changed)).await;
        }
    }
    measured.print();
}
