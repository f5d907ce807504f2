//! Runs each example as a reader does, and compares what it prints with its README.

mod made_files;

use std::path::PathBuf;

use stardrop_local::mariadb::find_mariadb;
use tokio::process::Command;

use crate::support::cloud::{run, stardrop};
use crate::support::programs::program_of_this_build;
use crate::support::{root, server_binaries};

/// The examples that are whole systems.
const NAMES: [&str; 5] =
    ["loans", "orders-from-mysql", "retail-star", "user-activity", "users-by-country"];

/// A file or folder below `examples`.
fn folder(name: &str) -> PathBuf {
    root().join("examples").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Runs `run.sh` with the program of this build; what it prints.
async fn output_of(name: &str) -> String {
    let mut command = Command::new("bash");
    command
        .arg(folder(name).join("run.sh"))
        .env("STARDROP", program_of_this_build("stardrop"))
        .env("PG_BIN", server_binaries())
        .env_remove("KEEP")
        .env_remove("STARDROP_DATASETS")
        .kill_on_drop(true);
    let (code, out, err) = run(command).await;
    assert_eq!(code, Some(0), "{name}\n{out}\n{err}");
    out
}

/// The blocks of a page that are marked as text: what is printed, with `...` for lines that are left out.
fn text_blocks(page: &str) -> Vec<&str> {
    let after = page.split("```text\n").skip(1);
    after.map(|rest| rest.split_once("```").unwrap().0).collect()
}

/// Checks that the lines of a block are in an output, one after the other.
#[track_caller]
fn assert_prints(output: &str, block: &str) {
    let printed: Vec<&str> = output.lines().map(str::trim_end).collect();
    let (mut at, mut has_gap) = (0, true);
    for line in block.lines().map(str::trim_end) {
        if line.trim() == "..." {
            has_gap = true;
            continue;
        }
        let found = printed[at..].iter().position(|printed| *printed == line);
        let is_next = found.is_some_and(|skipped| has_gap || skipped == 0);
        assert!(is_next, "the README has the line\n{line}\nwhich does not follow in\n{output}");
        at += found.unwrap() + 1;
        has_gap = false;
    }
}

async fn prints_what_its_readme_says(name: &str) {
    let page = read(&format!("{name}/README.md"));
    let blocks = text_blocks(&page);
    assert!(!blocks.is_empty(), "{name}");
    let output = output_of(name).await;
    if output.contains("psql is not installed") {
        eprintln!("{name}: the answers are not compared, because psql is not installed");
        return;
    }
    blocks.iter().for_each(|block| assert_prints(&output, block));
}

#[tokio::test]
async fn loans_prints_what_its_readme_says() {
    prints_what_its_readme_says("loans").await;
}

#[tokio::test]
async fn orders_from_mysql_prints_what_its_readme_says() {
    if find_mariadb(std::env::var_os("PATH").as_deref()).is_none() {
        eprintln!("SKIPPED: no MariaDB is installed: make setup-mariadb");
        return;
    }
    prints_what_its_readme_says("orders-from-mysql").await;
}

#[tokio::test]
async fn retail_star_prints_what_its_readme_says() {
    prints_what_its_readme_says("retail-star").await;
}

#[tokio::test]
async fn user_activity_prints_what_its_readme_says() {
    prints_what_its_readme_says("user-activity").await;
}

#[tokio::test]
async fn users_by_country_prints_what_its_readme_says() {
    prints_what_its_readme_says("users-by-country").await;
}

#[test]
fn every_example_has_its_parts_and_is_listed() {
    let list = read("README.md");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder("")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if !entry.path().is_dir() {
            continue;
        }
        assert!(list.contains(&format!("]({name}/")), "examples/README.md has no link to {name}/");
        if !entry.path().join("datasets").is_dir() {
            assert!(entry.path().join("sample.csv").is_file(), "examples/{name} has no sample.csv");
            continue;
        }
        let page = read(&format!("{name}/README.md"));
        for part in ["](star.svg)", "\n| the original | ", &format!("examples/{name}/run.sh")] {
            assert!(page.contains(part), "examples/{name}/README.md has no {part}");
        }
        found.push(name);
    }
    found.sort();
    assert_eq!(found, NAMES, "each needs a test above that runs it");
}

#[tokio::test]
async fn an_example_that_does_not_exist_is_refused_with_those_that_do() {
    for (folder, said) in [
        (root().to_owned(), "there is no example `loan`; the examples are: loans, mock_retail, "),
        (root().join("src"), "examples/ cannot be read: run `stardrop dev --example` in the"),
    ] {
        let mut command = stardrop(&["dev", "--example", "loan"], &[]);
        command.current_dir(folder);
        let (code, _, err) = run(command).await;
        assert_eq!(code, Some(2), "{err}");
        assert!(err.contains(said), "{err}");
    }
}
