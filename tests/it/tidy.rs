//! Checks the rules of the code's structure that ARCHITECTURE.md names. Each failure says what to do.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::root;

mod imports;

/// Modules that only turn values into values: no file, environment, clock, async runtime or SDK.
const PURE: &[&str] =
    &["event", "types", "dataset", "decode", "records", "enrich", "rows", "star", "mock"];
/// Files and folders of `src/extract` that are not pure; all others are.
const IMPURE_EXTRACT: &[&str] = &[
    "src/extract/source/",
    "src/extract/target/",
    "src/extract/file_channel.rs",
    "src/extract/part_writer.rs",
    "src/extract/prepare.rs",
    "src/extract/run.rs",
];
const IMPURE_WORDS: &[&str] = &[
    "std::fs",
    "std::env",
    "tokio",
    "aws_sdk",
    "aws_config",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
];

/// Modules that every other module may use. These use only each other.
const GROUND: &[&str] = &["db", "aws", "settings", "error", "telemetry"];
/// Modules that may use all others.
const JOINERS: &[&str] = &["load", "handler"];

/// The aim is 250 lines. A file may be longer than this limit for a reason given here.
const MOST_LINES: usize = 300;
const LONGER: &[(&str, &str)] = &[];

/// Every Rust file in `folder` and its folders: its path from the root of the project, and its text.
pub fn rust_files(folder: &Path) -> Vec<(String, String)> {
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
    [rust_files(&root().join("src")), rust_files(&root().join("local/src"))].concat()
}

/// The module of `lib.rs` that a file is part of, such as `records`; `None` for binaries.
fn module(file: &str) -> Option<&str> {
    let name = file.strip_prefix("src/")?.split('/').next()?;
    (name != "bin" && name != "lib.rs").then(|| name.trim_end_matches(".rs"))
}

/// The text without its unit tests, which may use any module.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn is_test(file: &str) -> bool {
    ["tests.rs", "scripted_server.rs", "properties.rs"].iter().any(|end| file.ends_with(end))
}

#[test]
fn pure_modules_touch_no_file_clock_environment_or_network() {
    for (file, text) in sources() {
        let is_pure = match module(&file) {
            Some("extract") => !IMPURE_EXTRACT.iter().any(|impure| file.starts_with(impure)),
            module => module.is_some_and(|module| PURE.contains(&module)),
        };
        if !is_pure {
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
fn files_begin_with_a_sentence_and_are_short() {
    for (file, text) in sources() {
        assert!(text.starts_with("//! "), "{file}: say in the first line what the file is for");
        let lines = text.lines().count();
        let may_be_longer = LONGER.iter().any(|(name, _)| *name == file);
        assert!(lines <= MOST_LINES || may_be_longer, "{file} has {lines} lines: split it");
        assert!(lines > MOST_LINES || !may_be_longer, "{file} is short now: remove it from LONGER");
    }
}

#[test]
fn modules_use_only_modules_above_them_in_lib_rs() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let flow: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(flow.len() > 15, "{flow:?}");
    let index = |module: &str| flow.iter().position(|name| *name == module);
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
            let above = index(used).is_some_and(|used| Some(used) < index(module));
            let allowed = match (module, used) {
                _ if used == module => true,
                // An event names objects, and a contract names a file format.
                ("event", "object") | ("dataset", "records") => true,
                _ if PURE.contains(&module) => used == "error" || PURE.contains(&used) && above,
                _ if GROUND.contains(&used) => true,
                _ => above && !GROUND.contains(&module) && !JOINERS.contains(&used),
            };
            assert!(allowed, "{file} uses crate::{used}: data moves down the list in src/lib.rs");
        }
    }
}

#[test]
fn files_import_in_one_direction() {
    let mut files = sources();
    files.retain(|(file, _)| !is_test(file));
    let circles = imports::Files::new(&files).circles();
    assert!(
        circles.is_empty(),
        "these files import from each other; move what they share into a file of its own:\n\n{}",
        circles.join("\n")
    );
}

#[test]
fn a_circle_of_imports_is_found_through_re_exports() {
    let circles = |b: &str| {
        let files = [
            ("src/lib.rs", "mod a; mod m; pub use m::Thing;"),
            ("src/a.rs", "use crate::{Thing as It, m};"),
            ("src/m/mod.rs", "mod b; mod c; pub use b::Thing; pub trait Kind {}"),
            ("src/m/b.rs", b),
            ("src/m/c.rs", "use super::{Kind, Thing};"),
        ];
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
        imports::Files::new(&files).circles()
    };
    assert_eq!(circles("use super::Kind; pub struct Thing;"), Vec::<String>::new());
    assert_eq!(circles("#[cfg(test)] mod tests { use super::super::c; }"), Vec::<String>::new());
    let two = ["src/m/b.rs -> src/m/c.rs\nsrc/m/c.rs -> src/m/b.rs\n"];
    assert_eq!(circles("use super::c::{self, Other}; pub struct Thing;"), two);
    assert_eq!(circles("pub struct Thing; fn f() -> super::c::Other {}"), two);
    let through_lib = circles("use crate::a; pub struct Thing;");
    assert!(through_lib.len() == 1 && through_lib[0].contains("src/a.rs -> src/m/b.rs\n"));
}
