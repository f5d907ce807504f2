//! Extracts a table of MariaDB and one of Postgres into files, side by side with the command lines of these servers. All
//! contenders take turns in each round, so that their ratios are meaningful on a noisy machine.
//!
//! `make bench` prints a table: the median time of each, and the most memory that it used.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at the first error"
)]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use stardrop_local::mariadb::{LocalMariadb, MariadbPrograms, find_mariadb};
use stardrop_local::postgres::{LocalPostgres, PostgresOptions, find_binaries};

/// A contender: its name, the one that it is compared with, and how to start it.
type Contender<'a> = (&'static str, &'static str, Box<dyn Fn() -> Command + 'a>);

struct Run {
    seconds: f64,
    /// The most memory, where the system tells.
    megabytes: Option<f64>,
}

fn main() {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let quick = var("STARDROP_BENCH_QUICK").is_some_and(|value| value != "0");
    let (rows, rounds) = if quick { (200_000, 3) } else { (2_000_000, 5) };
    let path = std::env::var_os("PATH");
    let pg_bin = var("PG_BIN").map(PathBuf::from);
    let bin = find_binaries(pg_bin.as_deref(), path.as_deref()).unwrap();
    let postgres = LocalPostgres::start(PostgresOptions::throwaway(bin.clone())).unwrap();
    let Some(programs) = find_mariadb(path.as_deref()) else {
        println!("SKIPPED: no MariaDB is installed: make setup-mariadb");
        return;
    };
    let mariadb = LocalMariadb::start(&programs, &[]).unwrap();
    fill(&programs, &mariadb, &bin, &postgres, rows);

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let contenders = contenders(&programs, &mariadb, &bin, &postgres, out);
    let mut runs: Vec<Vec<Run>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for ((name, _, command), runs) in contenders.iter().zip(&mut runs) {
            let run = measure(command());
            eprintln!("{name}: {:.2} s", run.seconds);
            runs.push(run);
        }
    }
    let medians: Vec<f64> =
        runs.iter().map(|runs| median(runs.iter().map(|run| run.seconds))).collect();
    let bytes = std::fs::metadata(out.join("none/full.csv")).unwrap().len();
    println!("{rows} rows, {:.0} MB of CSV; {rounds} rounds", bytes as f64 / 1e6);
    println!("\n| | median s | min - max s | most memory, MB | ratio |\n|---|---|---|---|---|");
    for (((name, of, _), runs), seconds) in contenders.iter().zip(&runs).zip(&medians) {
        let other = contenders.iter().position(|(name, ..)| name == of).unwrap();
        let fastest = runs.iter().map(|run| run.seconds).fold(f64::MAX, f64::min);
        let slowest = runs.iter().map(|run| run.seconds).fold(0.0, f64::max);
        let memory = runs.iter().filter_map(|run| run.megabytes).fold(0.0, f64::max);
        println!(
            "| {name} | {seconds:.2} | {fastest:.2} - {slowest:.2} | {memory:.0} | {:.2} |",
            seconds / medians[other]
        );
    }
}

fn contenders<'a>(
    programs: &'a MariadbPrograms,
    mariadb: &'a LocalMariadb,
    bin: &'a Path,
    postgres: &'a LocalPostgres,
    out: &'a Path,
) -> Vec<Contender<'a>> {
    const BATCH: &str = "`mysql --batch --quick`, plain";
    const COPY: &str = "`psql \\copy`, plain";
    let extract = move |url: String, folder: &str, compression: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stardrop"));
        command.args(["extract", &url, "--table", "big", "--compression", compression, "--to"]);
        command.arg(out.join(folder)).env_remove("DATABASE_URL").stdout(Stdio::null());
        command
    };
    let from_mariadb = move |compression: &'static str| {
        Box::new(move || extract(mariadb.url("shop"), compression, compression))
            as Box<dyn Fn() -> Command>
    };
    vec![
        (
            BATCH,
            BATCH,
            Box::new(move || {
                let mut command = client(programs, mariadb);
                command.args(["--batch", "--quick", "shop", "-e", "select * from big"]);
                command.stdout(File::create(out.join("batch.tsv")).unwrap());
                command
            }),
        ),
        ("`stardrop extract`, plain", BATCH, from_mariadb("none")),
        ("`stardrop extract`, zstd", BATCH, from_mariadb("zstd")),
        ("`stardrop extract`, gzip", BATCH, from_mariadb("gzip")),
        (
            COPY,
            COPY,
            Box::new(move || {
                let mut command = Command::new(bin.join("psql"));
                let file = out.join("copy.csv");
                let copy = format!("\\copy big to '{}' csv header", file.display());
                command
                    .args([postgres.url("postgres").as_str(), "-c", &copy])
                    .stdout(Stdio::null());
                command
            }),
        ),
        (
            "`stardrop extract` from Postgres, plain",
            COPY,
            Box::new(move || extract(postgres.url("postgres"), "postgres-none", "none")),
        ),
        (
            "`stardrop extract` from Postgres, zstd",
            COPY,
            Box::new(move || extract(postgres.url("postgres"), "postgres-zstd", "zstd")),
        ),
    ]
}

/// Makes the same table in both servers.
fn fill(
    programs: &MariadbPrograms,
    mariadb: &LocalMariadb,
    bin: &Path,
    postgres: &LocalPostgres,
    rows: u32,
) {
    let columns = "id bigint primary key, customer int not null, status varchar(10), amount decimal(12,2), \
                   note varchar(60), ordered timestamp null, updated_at timestamp not null";
    let values = |id: &str, day: &str| {
        format!(
            "select {id}, {id} % 5000, case {id} % 3 when 0 then 'new' when 1 then 'paid' else 'sent' end, \
                    {id} % 100000 / 4.0, concat('note ', {id}, ' of the order'), {day}, {day}"
        )
    };
    let day = "cast('2026-01-01' as datetime) + interval seq second";
    let sql = format!(
        "create database shop; use shop; create table big ({columns}); insert into big {} from seq_1_to_{rows};",
        values("seq", day)
    );
    pipe(client(programs, mariadb), &sql);
    let columns = columns.replace("timestamp null,", "timestamp,");
    let day = "timestamp '2026-01-01' + make_interval(secs => n)";
    let sql = format!(
        "create table big ({columns}); insert into big {} from generate_series(1, {rows}) n; vacuum analyze big;",
        values("n", day)
    );
    let mut psql = Command::new(bin.join("psql"));
    psql.args([postgres.url("postgres").as_str(), "--quiet", "-v", "ON_ERROR_STOP=1"]);
    pipe(psql, &sql);
}

fn client(programs: &MariadbPrograms, mariadb: &LocalMariadb) -> Command {
    let mut command = Command::new(&programs.client);
    command.args(["--no-defaults", "--host=127.0.0.1", "--user=root"]);
    command.arg(format!("--port={}", mariadb.port()));
    command
}

fn pipe(mut command: Command, text: &str) {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// Runs a command to its end, and asks the system for its memory now and then.
fn measure(mut command: Command) -> Run {
    command.stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut megabytes = None;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        megabytes = peak_megabytes(&child).or(megabytes);
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{command:?}");
    Run { seconds: start.elapsed().as_secs_f64(), megabytes }
}

/// The most memory of a process so far, as Linux tells.
fn peak_megabytes(child: &Child) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes / 1e3)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
