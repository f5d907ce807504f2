//! What was measured of each step, and the table of it.

use std::fs;
use std::time::Instant;

use tokio_postgres::Client;

use crate::{BEST, USUAL};

/// The unit of processor times in `/proc`, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// One run of a step.
#[derive(Debug, Clone, Copy)]
struct Run {
    seconds: f64,
    /// The processor time of the client: this process, or the command that it started.
    client_seconds: Option<f64>,
    wal_megabytes: f64,
}

/// The runs of each step, in the order of the table.
pub struct Measured<'a> {
    admin: &'a Client,
    /// The runs of each file by each contender.
    steps: Vec<([&'static str; 2], Vec<Run>)>,
}

impl<'a> Measured<'a> {
    pub fn new(admin: &'a Client) -> Measured<'a> {
        Measured { admin, steps: Vec::new() }
    }

    /// Runs a step once, after a checkpoint: each step then writes whole pages to the WAL as the others do.
    pub async fn step(
        &mut self,
        file: &'static str,
        contender: &'static str,
        work: impl Future<Output = ()>,
    ) {
        let names = [file, contender];
        self.admin.batch_execute("checkpoint").await.unwrap();
        let (wal, client, start) = (self.wal_bytes().await, client_seconds(), Instant::now());
        work.await;
        let seconds = start.elapsed().as_secs_f64();
        let client_seconds = client_seconds().zip(client).map(|(after, before)| after - before);
        let wal_megabytes = (self.wal_bytes().await - wal) as f64 / 1e6;
        let run = Run { seconds, client_seconds, wal_megabytes };
        eprintln!("{contender}, {file}: {seconds:.2} s, {wal_megabytes:.1} MB of WAL");
        match self.steps.iter_mut().find(|(step, _)| *step == names) {
            Some((_, runs)) => runs.push(run),
            None => self.steps.push((names, vec![run])),
        }
    }

    async fn wal_bytes(&self) -> i64 {
        let sql = "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
        self.admin.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Prints a table, with the ratios to what the usual and the best SQL take for the same file.
    pub fn print(&self) {
        println!(
            "\n| file | | median s | min - max s | client's CPU s | WAL MB | ratio to usual SQL | to best SQL |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        let mut files: Vec<&str> = Vec::new();
        for ([file, _], _) in &self.steps {
            if !files.contains(file) {
                files.push(file);
            }
        }
        for file in files {
            for ([_, contender], runs) in self.steps.iter().filter(|([of, _], _)| *of == file) {
                self.print_row(file, contender, runs);
            }
        }
    }

    fn print_row(&self, file: &str, contender: &str, runs: &[Run]) {
        let seconds = || runs.iter().map(|run| run.seconds);
        let client: Option<Vec<f64>> = runs.iter().map(|run| run.client_seconds).collect();
        let client = client.map_or("-".to_owned(), |values| format!("{:.2}", median(values)));
        let [usual, best] = [USUAL, BEST].map(|name| self.median_of(file, name));
        let ratio = |to: Option<f64>| {
            to.map_or("-".to_owned(), |to| format!("{:.2}", median(seconds().collect()) / to))
        };
        println!(
            "| {file} | {contender} | {:.2} | {:.2} - {:.2} | {client} | {:.1} | {} | {} |",
            median(seconds().collect()),
            seconds().fold(f64::INFINITY, f64::min),
            seconds().fold(0.0, f64::max),
            median(runs.iter().map(|run| run.wal_megabytes).collect()),
            ratio(usual),
            ratio(best),
        );
    }

    fn median_of(&self, file: &str, contender: &str) -> Option<f64> {
        let (_, runs) = self.steps.iter().find(|(names, _)| *names == [file, contender])?;
        Some(median(runs.iter().map(|run| run.seconds).collect()))
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

/// The processor time of this process and of those that it waited for; `None` where there is no `/proc`.
fn client_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the name, which may contain blanks; `man 5 proc` counts it as the second field.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: f64 = fields.by_ref().take(4).map(|field| field.parse::<f64>().unwrap()).sum();
    Some(ticks / TICKS_PER_SECOND)
}

/// The settings of the server that the figures depend on.
pub async fn settings(admin: &Client) -> String {
    let sql = "select string_agg(format('%s %s', name, current_setting(name)), ', ' order by name) from pg_settings
               where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size')";
    admin.query_one(sql, &[]).await.unwrap().get(0)
}
