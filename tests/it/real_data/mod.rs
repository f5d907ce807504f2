//! Tests over published files in `../shared/data`, which is not part of the project. Every test here
//! is ignored by default, and fails where a file is missing; `make test-real-data` runs them. Each
//! has a counterpart over the project's own small files, which every run of the tests includes.

mod csv_spectrum;
mod damaged;
mod every_file;
mod examples;
mod mock_retail;
mod online_retail;
mod retail_history;
mod s3_events;
mod users;
mod whole_examples;

use std::path::{Path, PathBuf};

use crate::support::root;

/// A folder or file of the published data.
fn shared_data(name: &str) -> PathBuf {
    let path = root().join("../shared/data").join(name);
    assert!(path.exists(), "{} is missing: this test needs ../shared/data", path.display());
    path
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The name and the content of each file in a folder, in the order of the names.
fn files_of(folder: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(shared_data(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), read(path))).collect()
}

#[test]
fn every_test_over_published_files_is_ignored_by_default() {
    for entry in std::fs::read_dir(root().join("tests/it/real_data")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.ends_with("mod.rs") {
            continue;
        }
        let text = String::from_utf8(read(&path)).unwrap();
        let tests = text.matches("#[test]").count() + text.matches("#[tokio::test").count();
        let ignored = text.matches("#[ignore = \"needs ../shared/data\"]").count();
        assert!(tests > 0 && tests == ignored, "{}: {tests} tests", path.display());
    }
}
