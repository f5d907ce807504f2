//! Sizes: what a file costs that has ten times as many rows as the one before it.

use std::path::Path;
use std::time::Instant;

use tokio_postgres::Client;

use crate::contender::{ByHand, Star};
use crate::files::Files;
use crate::measured::median;

/// Loads files of 1,000 rows up to `most`, each into an empty star, and prints a table. `scripts/plot-sizes.py` draws it.
pub async fn run(
    admin: &Client,
    (usual, star): (&ByHand, &Star<'_>),
    folder: &Path,
    most: u64,
    rounds: usize,
) {
    println!("\n| rows | MB | usual SQL s | `stardrop load` s | ratio |\n|---|---|---|---|---|");
    let mut rows = 1_000;
    while rows <= most {
        let files = Files::generate(&folder.join(rows.to_string()), rows);
        let star = Star { files: &files, url: star.url.clone(), ..*star };
        let mut seconds = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            usual.prepare().await;
            admin.batch_execute("checkpoint").await.unwrap();
            let began = Instant::now();
            usual.load(&files.first).await;
            seconds[0].push(began.elapsed().as_secs_f64());
            star.prepare(admin).await;
            admin.batch_execute("checkpoint").await.unwrap();
            let began = Instant::now();
            star.load(&files.first).await;
            seconds[1].push(began.elapsed().as_secs_f64());
        }
        let [usual, loaded] = seconds.map(median);
        let megabytes = files.bytes as f64 / 1e6;
        println!("| {rows} | {megabytes:.1} | {usual:.3} | {loaded:.3} | {:.2} |", loaded / usual);
        rows *= 10;
    }
}
