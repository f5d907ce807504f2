//! Many small files: files of 100 rows through one loader and one connection, side by side with SQL by hand, one
//! transaction a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tokio_postgres::Client;

use crate::contender::{ByHand, Star};
use crate::files::Files;
use crate::measured::median;
use crate::round_trips::Proxy;

/// The number of rows of a file.
const ROWS: usize = 100;

/// The number of files over which round trips are counted.
const COUNTED: usize = 50;

/// The number of commits whose time is measured.
const COMMITS: u32 = 200;

/// Loads this many files in each round, and prints a table.
pub async fn run(
    admin: &Client,
    (hand, star): (&ByHand, &Star<'_>),
    (files, folder): (&Files, &Path),
    (count, rounds): (usize, usize),
) {
    let folder = folder.join("small");
    let paths = split(files, &folder, count);
    let (mut by_hand, mut loaded) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        hand.prepare().await;
        checkpoint(admin).await;
        let began = Instant::now();
        for path in &paths {
            hand.load(path).await;
        }
        by_hand.push(paths.len() as f64 / began.elapsed().as_secs_f64());

        star.prepare(admin).await;
        checkpoint(admin).await;
        let began = Instant::now();
        star.load(&folder).await;
        loaded.push(paths.len() as f64 / began.elapsed().as_secs_f64());
        eprintln!(
            "small files: {:.1} files/s by hand, {:.1} files/s",
            last(&by_hand),
            last(&loaded)
        );
    }
    let lines =
        crate::contender::compare(&hand.client, &crate::contender::connect(&star.url).await).await;

    let (durable, buffered) = commit_times(&hand.client).await;
    let trips = round_trips(admin, star, &paths).await;
    let (by_hand, loaded) = (median(by_hand), median(loaded));
    println!(
        "\n{count} files of {ROWS} rows, one loader, one connection; {rounds} rounds, medians\n"
    );
    println!("| | files/s | ms a file | ratio to by hand | round trips a file |");
    println!("|---|---|---|---|---|");
    println!("| by hand, one transaction a file | {by_hand:.1} | {:.2} | 1.00 | |", 1e3 / by_hand);
    println!(
        "| `stardrop load` | {loaded:.1} | {:.2} | {:.2} | {trips:.1} |",
        1e3 / loaded,
        by_hand / loaded
    );
    println!(
        "\nA transaction of one row takes {durable:.2} ms, without waiting for the disk {buffered:.2} ms. \
         Both stars have the same {lines} sums."
    );
}

fn last(values: &[f64]) -> f64 {
    values.last().copied().unwrap_or_default()
}

async fn checkpoint(admin: &Client) {
    admin.batch_execute("checkpoint").await.unwrap();
}

/// The first rows of the generated file as small files, each with the header.
fn split(files: &Files, folder: &Path, count: usize) -> Vec<PathBuf> {
    fs::create_dir_all(folder).unwrap();
    let text = fs::read_to_string(&files.first).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().take(count * ROWS).collect();
    let chunks = rows.chunks(ROWS).enumerate();
    chunks
        .map(|(number, rows)| {
            let path = folder.join(format!("{number:05}.csv"));
            fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
            path
        })
        .collect()
}

/// The milliseconds of a transaction of one row, and of one that does not wait for the disk.
async fn commit_times(client: &Client) -> (f64, f64) {
    client.batch_execute("drop table if exists one; create table one (id int)").await.unwrap();
    let mut times = [0.0; 2];
    for (time, synchronous) in times.iter_mut().zip(["on", "off"]) {
        client.batch_execute(&format!("set synchronous_commit = {synchronous}")).await.unwrap();
        let began = Instant::now();
        for _ in 0..COMMITS {
            client.batch_execute("insert into one values (1)").await.unwrap();
        }
        *time = began.elapsed().as_secs_f64() * 1e3 / f64::from(COMMITS);
    }
    client.batch_execute("reset synchronous_commit").await.unwrap();
    times.into()
}

/// How often a loader waits for the server for each file more.
async fn round_trips(admin: &Client, star: &Star<'_>, paths: &[PathBuf]) -> f64 {
    star.prepare(admin).await;
    let proxy = Proxy::start(&star.url).await;
    let through = Star { url: proxy.url.clone(), ..*star };
    let (one, more) = paths.split_at(1);
    let mut counts = [0; 2];
    for (count, paths) in counts.iter_mut().zip([one, more.get(..=COUNTED).unwrap()]) {
        let before = proxy.trips();
        through.load_all(paths).await;
        *count = proxy.trips() - before;
    }
    (counts[1] - counts[0]) as f64 / COUNTED as f64
}
