//! Cost: `docs/cost.md` says what the calculator says; and the measurement that both stand on.

use std::process::Command;
use std::time::Instant;

use serde_json::json;
use stardrop::cost::{self, Arch, Question, REGIONS, SAMPLES};

use crate::load::memory::write_sales;
use crate::support::cloud::{BUCKET, Cloud, LOADER};
use crate::support::runtime_api::{Answer, Function};
use crate::support::{TestDatabase, bootstrap, root};

fn page() -> String {
    std::fs::read_to_string(root().join("docs/cost.md")).unwrap()
}

/// The lines of the page's table below this header.
fn table(header: &str) -> Vec<String> {
    let page = page();
    let after = page.split_once(header).unwrap_or_else(|| panic!("no table {header}")).1;
    after.lines().skip(2).take_while(|line| line.starts_with('|')).map(str::to_owned).collect()
}

#[track_caller]
fn same(found: &[String], wanted: &[String]) {
    assert!(found == wanted, "the table in docs/cost.md should be:\n{}", wanted.join("\n"));
}

/// Three digits that count.
fn digits(number: f64) -> String {
    let digits = (2 - number.abs().log10().floor() as i32).max(0);
    format!("{number:.*}", digits as usize)
}

#[test]
fn what_it_costs_by_size_stands_on_the_page() {
    let wanted: Vec<String> = [1_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000]
        .into_iter()
        .map(|bytes| {
            let dollars = |arch| {
                let region = &REGIONS[0];
                let question = Question { files: 1_000, bytes, memory_mb: 1024, arch, region };
                let card = cost::card(&question);
                (card, card.per_gb(&question).unwrap(), card.per_thousand_files(&question).unwrap())
            };
            let ((card, gb, thousand), (_, x86_gb, x86_thousand)) =
                (dollars(Arch::Arm64), dollars(Arch::X86_64));
            format!(
                "| {} | {} | {} | {} | {} | {} | {} |",
                cost::shown_bytes(bytes as f64),
                digits(card.seconds),
                digits(card.gb_seconds),
                digits(thousand),
                digits(gb),
                digits(x86_thousand),
                digits(x86_gb),
            )
        })
        .collect();
    let header = "| size of a file | seconds a file | GB-seconds for 1,000 | arm64: $ for 1,000 files | $ a GB | x86_64: $ for 1,000 files | $ a GB |";
    same(&table(header), &wanted);
}

#[test]
fn what_was_measured_stands_on_the_page() {
    let (loader, database) = (cost::loader(), cost::database());
    let wanted: Vec<String> = SAMPLES
        .iter()
        .map(|sample| {
            format!(
                "| {} | {} | {} | {} | {} | {} |",
                cost::shown_bytes(sample.bytes),
                digits(sample.loader_seconds),
                digits(loader.at(sample.bytes)),
                digits(sample.database_seconds),
                digits(database.at(sample.bytes)),
                digits(sample.wall_seconds),
            )
        })
        .collect();
    assert!(wanted.len() >= 6, "{wanted:?}");
    same(
        &table("| size of a file | loader | fitted | database | fitted | from event to answer |"),
        &wanted,
    );
}

#[test]
fn what_is_paid_by_the_hour_stands_on_the_page() {
    let wanted: Vec<String> = REGIONS[0]
        .by_the_hour
        .iter()
        .map(|thing| {
            let month = f64::from(thing.count) * thing.dollars_an_hour * cost::HOURS_A_MONTH;
            let each = digits(thing.dollars_an_hour);
            format!("| {} | {} | {each} | {month:.2} |", thing.what, thing.count)
        })
        .collect();
    same(&table("| what | how many | $ an hour, each | $ a month |"), &wanted);
    let region = &REGIONS[0];
    let wanted: Vec<String> = [
        ("a GB-second of Lambda, arm64", region.lambda_arm64_gb_second),
        ("a GB-second of Lambda, x86_64", region.lambda_x86_64_gb_second),
        ("a million requests of Lambda", region.lambda_million_requests),
        ("a million requests of SQS", region.sqs_million_requests),
        ("1,000 GET of S3", region.s3_thousand_gets),
    ]
    .map(|(what, dollars)| format!("| {what} | {dollars} |"))
    .into();
    same(&table("| what | $ |"), &wanted);
    let page = page();
    assert!(page.contains(cost::NOTED), "the page says when the prices were noted");
    for (published, quoted) in cost::SOURCES {
        let line = format!("- <{published}>, quoted by <{quoted}>\n");
        assert!(page.contains(&line), "docs/cost.md lacks: {line}");
    }
}

#[test]
fn the_pages_examples_print_what_stands_below_them() {
    let page = page();
    let mut examples = 0;
    for block in page.split("```").skip(1).step_by(2) {
        let Some((_, block)) = block.split_once("$ stardrop ") else { continue };
        let (arguments, wanted) = block.split_once('\n').unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_stardrop"))
            .args(arguments.split_whitespace())
            .env_clear()
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            printed.trim_end() == wanted.trim_end(),
            "docs/cost.md: stardrop {arguments} prints:\n{printed}"
        );
        examples += 1;
    }
    assert!(examples >= 2, "{examples}");
}

#[test]
fn the_calculator_takes_sizes_as_people_write_them_and_refuses_others() {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stardrop"));
        let output = command.arg("cost").args(arguments).env_clear().output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, err) =
        run(&["--files", "1000", "--size", "250MiB", "--arch", "x86_64", "--json"]);
    assert_eq!(code, Some(0), "{err}");
    let card: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(card["file_bytes"], 262_144_000);
    assert_eq!(card["arch"], "x86_64");
    let question = Question {
        files: 1000,
        bytes: 262_144_000,
        memory_mb: 1024,
        arch: Arch::X86_64,
        region: &REGIONS[0],
    };
    let total = card["dollars"]["total"].as_f64().unwrap();
    assert!((total - cost::card(&question).total()).abs() < 1e-9, "{card}");

    let (code, out, _) = run(&["--files", "0", "--size", "1MB"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("total") && !out.contains("per GB"), "{out}");
    for wrong in [
        &["--files", "1", "--size", "10XB"][..],
        &["--files", "1", "--size", "1MB", "--memory", "64"],
        &["--files", "1", "--size", "1MB", "--region", "mars-north-1"],
        &["--files", "-1", "--size", "1MB"],
        &["--size", "1MB"],
    ] {
        let (code, _, err) = run(wrong);
        assert_eq!(code, Some(2), "{wrong:?}: {err}");
    }
}

/// Seconds of a processor that a process has used so far. Linux only.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // utime and stime, in hundredths of a second (USER_HZ).
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// Prints the lines of `SAMPLES`. What it stands on: the program of `STARDROP_TEST_BOOTSTRAP`,
/// Postgres, the S3 endpoint and the stand-in of Lambda's API, all on this machine; each size into a
/// database of its own, one sandbox, whose first load is not counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and a quiet machine: make package-test, then see docs/cost.md"]
async fn measure() {
    println!("// {}", bootstrap::program().display());
    let most: u64 = std::env::var("STARDROP_COST_MOST").map_or(u64::MAX, |v| v.parse().unwrap());
    let sizes: [(u64, usize, usize); 6] = [
        (1_000, 100, 5),
        (100_000, 50, 5),
        (1_000_000, 20, 3),
        (10_000_000, 5, 3),
        (100_000_000, 1, 3),
        (1_000_000_000, 1, 1),
    ];
    for (bytes, files, rounds) in sizes.into_iter().filter(|(bytes, ..)| *bytes <= most) {
        let (mut found, mut measured) = (Vec::new(), (0.0, 0));
        for _ in 0..rounds {
            let db = TestDatabase::migrated().await;
            let cloud = Cloud::new(&db).await;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("sales.csv");
            let rows = write_sales(&cloud, &path, bytes);
            let size = std::fs::metadata(&path).unwrap().len();
            let mut function = Function::start(&cloud.vars()).await;
            let warm =
                cloud.put_event("sales/warm.csv", crate::load::exactly_once::sales(10)).await;
            let Answer::Success(_) = function.invoke(warm).await else { panic!("not warm") };
            let pid = function.program.id().unwrap();
            let session = format!(
                "select pid from pg_stat_activity
                 where usename = '{LOADER}' and datname = current_database()"
            );
            let session: u32 = db.text(&session).await.parse().unwrap();
            let (mut loader, mut database, mut wall) = (0.0, 0.0, 0.0);
            for file in 0..files {
                let key = format!("sales/{file}.csv");
                if files > 1 {
                    // Other orders in each file; the same customers and products, as it is in life.
                    let text = std::fs::read_to_string(&path).unwrap();
                    let (header, lines) = text.split_once('\n').unwrap();
                    let others: String =
                        lines.lines().map(|line| format!("1{file:04}{line}\n")).collect();
                    let text = format!("{header}\n{others}").into_bytes();
                    cloud.s3.put_bytes(BUCKET, &key, text).await.unwrap();
                } else {
                    cloud.s3.put_file(BUCKET, &key, &path).await.unwrap();
                }
                let event = json!({ "bucket": BUCKET, "key": key });
                let (loader_before, database_before) = (cpu_seconds(pid), cpu_seconds(session));
                let started = Instant::now();
                let answer = function.invoke(event).await;
                wall += started.elapsed().as_secs_f64();
                loader += cpu_seconds(pid) - loader_before;
                database += cpu_seconds(session) - database_before;
                let Answer::Success(answer) = answer else { panic!("{answer:?}") };
                assert_eq!(answer["loads"][0]["rows_read"], rows, "{answer}");
                assert_eq!(answer["loads"][0]["outcome"], "loaded", "{answer}");
            }
            let facts = db.text("select count(*) from star.fact_sales").await;
            assert_eq!(facts, (files as u64 * rows + 10).to_string());
            let size = size as f64 + if files > 1 { 5.0 * rows as f64 } else { 0.0 };
            found.push([loader, database, wall].map(|seconds| seconds / files as f64));
            measured = (size, rows);
        }
        let middle = |place: usize| {
            let mut all: Vec<f64> = found.iter().map(|round| round[place]).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        let (size, rows) = measured;
        println!(
            "    Sample {{ bytes: {size:.0}.0, loader_seconds: {:.4}, database_seconds: {:.4}, \
             wall_seconds: {:.4} }}, // {rows} rows; all rounds: {found:.4?}",
            middle(0),
            middle(1),
            middle(2)
        );
    }
}
