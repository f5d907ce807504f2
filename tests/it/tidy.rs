//! Tidy: the habits of the code that a machine can check. Each test says what to do instead.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::root;

/// Values in, values out: no file, environment, clock, runtime or SDK.
const PURE: &[&str] =
    &["event", "types", "dataset", "decode", "records", "rows", "star", "mock", "cost"];
const IMPURE_WORDS: &[&str] =
    &["std::fs", "std::env", "tokio", "aws_", "SystemTime", "Instant::now", "Timestamp::now"];

/// What any module may stand on; these stand on each other only.
const GROUND: &[&str] = &["db", "aws", "settings", "error", "telemetry"];
/// The joiner, what is around it, and what runs all of it on one machine.
const JOINERS: &[&str] = &["load", "answer", "local"];

/// About 250 lines is the aim. A file may be longer than this for a reason that stands here.
const MOST_LINES: usize = 300;
const LONGER: &[(&str, &str)] =
    &[("src/error.rs", "the one list of error kinds, with what follows from each")];

/// Every Rust file below `folder`: its path from the project's folder, and its text.
fn rust_files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|suffix| suffix == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(String, String)> {
    rust_files(&root().join("src"))
}

/// The module of `lib.rs` that a file is part of, such as `records`; binaries are of none.
fn module(file: &str) -> Option<&str> {
    let name = file.strip_prefix("src/")?.split('/').next()?;
    (name != "bin" && name != "lib.rs").then(|| name.trim_end_matches(".rs"))
}

/// Unit tests may use whatever they like.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn is_test(file: &str) -> bool {
    ["tests.rs", "scripted_server.rs", "properties.rs"].iter().any(|end| file.ends_with(end))
}

#[test]
fn pure_modules_touch_no_file_clock_environment_or_network() {
    for (file, text) in sources() {
        if !module(&file).is_some_and(|module| PURE.contains(&module)) {
            continue;
        }
        for word in IMPURE_WORDS {
            assert!(!text.contains(word), "{file} uses {word}: let the caller pass the value in");
        }
    }
}

#[test]
fn only_settings_reads_the_environment() {
    for (file, text) in sources() {
        let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let reads = code.any(|line| line.contains("env::var"));
        assert!(!reads || module(&file) == Some("settings"), "{file}: add a setting instead");
    }
}

#[test]
fn files_begin_with_what_goes_in_and_out_and_are_short() {
    for (file, text) in sources() {
        assert!(text.starts_with("//! "), "{file}: the first line says what goes in and out");
        let lines = text.lines().count();
        let may_be_longer = LONGER.iter().any(|(name, _)| *name == file);
        assert!(lines <= MOST_LINES || may_be_longer, "{file} has {lines} lines: split it");
        assert!(lines > MOST_LINES || !may_be_longer, "{file} is short now: take it off LONGER");
    }
}

#[test]
fn modules_use_only_what_stands_above_them_in_lib_rs() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let flow: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(flow.len() > 15, "{flow:?}");
    let place = |module: &str| flow.iter().position(|name| *name == module);
    for (file, text) in sources() {
        let Some(module) = module(&file).filter(|module| !JOINERS.contains(module)) else {
            continue;
        };
        if is_test(&file) {
            continue;
        }
        for used in without_tests(&text).split("crate::").skip(1) {
            let end = used.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(used.len());
            let used = &used[..end];
            let above = place(used).is_some_and(|used| Some(used) < place(module));
            let allowed = match (module, used) {
                _ if used == module => true,
                // What an event names are objects.
                ("event", "object") => true,
                _ if PURE.contains(&module) => used == "error" || PURE.contains(&used) && above,
                _ if GROUND.contains(&used) => true,
                _ => above && !GROUND.contains(&module) && !JOINERS.contains(&used),
            };
            assert!(allowed, "{file} uses crate::{used}: data moves down the list in src/lib.rs");
        }
    }
}
