//! Loads workbooks with odd traits, each as a separate dataset. `fixtures/make_workbooks.py` wrote them to
//! `fixtures/workbooks`.

use std::fmt::Write as _;

use crate::support::file_table::{Loaded, TestFile};
use crate::support::fixtures::workbooks;

fn files() -> Vec<TestFile> {
    let file = |(name, bytes): (String, Vec<u8>)| {
        let options = if name.starts_with("notes-above") { "skip = 4" } else { "" };
        TestFile { name, options: options.to_owned(), bytes }
    };
    workbooks().into_iter().map(file).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_workbook_trait_loads_right_or_says_why_not() {
    let loaded = Loaded::of(files()).await;
    assert_eq!(loaded.files.len(), 17);
    let mut said = String::new();
    for (number, outcome) in loaded.table.lines().enumerate() {
        writeln!(said, "{outcome}").unwrap();
        if outcome.contains("loaded | ") {
            for row in loaded.content(number).await.lines() {
                writeln!(said, "    {row}").unwrap();
            }
        }
    }
    insta::assert_snapshot!("workbook_traits", said);
}

#[tokio::test]
async fn xls_and_xlsx_of_the_same_cells_mean_the_same() {
    let both = |name: &str| name.starts_with("cells-of-all-types");
    let loaded = Loaded::of(files().into_iter().filter(|file| both(&file.name)).collect()).await;
    assert_eq!(loaded.files.len(), 2);
    assert_eq!(loaded.content(0).await, loaded.content(1).await);
}
