//! Loads every published CSV file and workbook, and keeps what became of each in a table.

use std::path::{Path, PathBuf};

use super::{read, shared_data};
use crate::support::file_table::{Loaded, TestFile};

/// The files whose `[file]` has to say something; all others are read with the defaults.
const OPTIONS: &[(&str, &str)] = &[
    ("csv/csvkit/no_header_row.csv", "header = false"),
    ("csv/csvkit/test_latin1.csv", "encoding = \"latin1\""),
    ("csv/csvkit/test_skip_lines.csv", "skip = 3"),
    ("csv/csvkit/optional_quote_characters.csv", "quote = \"'\""),
    ("csv/frictionless/latin1.csv", "encoding = \"latin1\""),
    ("csv/frictionless/without-headers.csv", "header = false"),
    ("csv/frictionless/escaping.csv", "escape = \"\\\\\""),
    ("csv/rust-csv/smallpop-no-headers.csv", "header = false"),
    ("csv/rust-csv/smallpop-colon.csv", "delimiter = \":\""),
    ("csv/rust-csv/uspop-latin1.csv", "encoding = \"latin1\""),
    ("csv/w3c-csvw/test152.csv", "header = false"),
    ("csv/papaparse/sample.csv", "header = false"),
    ("xlsx/readxl/deaths.xlsx", "skip = 4"),
    ("xlsx/readxl/deaths.xls", "skip = 4"),
];

fn files(folder: &Path, suffixes: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, suffixes, found);
        } else if path.extension().is_some_and(|s| suffixes.iter().any(|known| s == *known)) {
            found.push(path);
        }
    }
}

/// Loads all files below a folder.
async fn load_all(folder: &str, suffixes: &[&str]) -> Loaded {
    let root = shared_data(folder);
    let mut paths = Vec::new();
    files(&root, suffixes, &mut paths);
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path.strip_prefix(root.parent().unwrap()).unwrap().to_str().unwrap().to_owned();
        let options = OPTIONS.iter().find(|(known, _)| *known == name);
        let options = options.map_or("", |(_, options)| options).to_owned();
        files.push(TestFile { name, options, bytes: read(&path) });
    }
    Loaded::of(files).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs ../shared/data"]
async fn every_csv_file_loads_right_or_says_why_not() {
    let loaded = load_all("csv", &["csv"]).await;
    insta::assert_snapshot!("csv_files", loaded.table);
    let compared = loaded.compare_with_csv_core().await;
    assert!(compared >= 40, "only {compared} of {} files were compared", loaded.files.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs ../shared/data"]
async fn every_workbook_loads_right_or_says_why_not() {
    let loaded = load_all("xlsx", &["xlsx", "xls"]).await;
    insta::assert_snapshot!("xlsx_files", loaded.table);
}
