//! The programs under test, which `cargo build --workspace --bins` makes: Cargo gives their paths only to tests of
//! their own package.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The program of this name, of the same profile as the tests.
pub fn program_of_this_build(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().and_then(Path::parent).unwrap();
    let program = folder.join(name);
    if let Some(reason) = why_stale(&program) {
        panic!("{reason}: run `cargo build --workspace --bins`");
    }
    program
}

/// Why a program has to be built again; `None` if it is newer than all its sources. Cargo writes the list of
/// them next to the program, in a file such as `loader.d`.
fn why_stale(program: &Path) -> Option<String> {
    let list = program.with_extension("d");
    let (Ok(built), Ok(sources)) = (changed_at(program), fs::read_to_string(&list)) else {
        return Some(format!("{} does not exist", program.display()));
    };
    let (_, sources) = sources.split_once(": ")?;
    // Blanks in a path are escaped by a backslash.
    let sources = sources.trim().replace("\\ ", "\0");
    sources.split(' ').map(|path| path.replace('\0', " ")).find_map(|source| {
        let is_newer = changed_at(Path::new(&source)).map_or(true, |changed| changed > built);
        is_newer.then(|| format!("{source} has changed since {} was built", program.display()))
    })
}

fn changed_at(path: &Path) -> std::io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

#[test]
fn a_program_that_is_older_than_its_sources_is_not_tested() {
    let folder = tempfile::tempdir().unwrap();
    let [program, list, source] =
        ["loader", "loader.d", "a source.rs"].map(|name| folder.path().join(name));
    assert!(why_stale(&program).unwrap().ends_with("loader does not exist"));
    let escaped = source.display().to_string().replace(' ', "\\ ");
    fs::write(&list, format!("{}: {escaped}\n", program.display())).unwrap();
    fs::write(&source, "").unwrap();
    fs::write(&program, "").unwrap();
    let set = |path: &Path, seconds| {
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    };
    set(&program, 2_000);
    set(&source, 1_000);
    assert_eq!(why_stale(&program), None);
    set(&source, 3_000);
    assert!(why_stale(&program).unwrap().contains("a source.rs has changed since"));
    fs::remove_file(&source).unwrap();
    assert!(why_stale(&program).unwrap().contains("a source.rs has changed since"));
}
