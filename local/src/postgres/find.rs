//! Finds the folder of this machine's Postgres server programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::PostgresError;

/// The oldest supported major version.
pub const OLDEST_MAJOR: u32 = 15;

/// Finds the folder that contains `initdb` and `postgres` of version 15 or newer.
///
/// `pg_bin` is the user's choice (the variable `PG_BIN`): if it is given, nothing else is tried.
/// `path` is the variable `PATH`. After its folders follow `pg_config --bindir` and those of Debian,
/// the PostgreSQL project's RPMs, Homebrew and Postgres.app, newest first.
///
/// # Errors
///
/// If `pg_bin` is not usable, or there are no programs; the message says what to install.
pub fn find_binaries(
    pg_bin: Option<&Path>,
    path: Option<&OsStr>,
) -> Result<PathBuf, PostgresError> {
    if let Some(chosen) = pg_bin {
        let bad = |why| PostgresError::BadPgBin { path: chosen.to_path_buf(), why };
        let folder = chosen.canonicalize().map_err(|error| bad(error.to_string()))?;
        return match server_version(&folder) {
            None => Err(bad("it does not contain working `initdb` and `postgres`".to_owned())),
            Some(version) if version.major < OLDEST_MAJOR => Err(bad(format!(
                "it contains PostgreSQL {}, but {OLDEST_MAJOR} or newer is needed",
                version.text
            ))),
            Some(_) => Ok(folder),
        };
    }
    let mut too_old = Vec::new();
    for folder in candidates(path) {
        match server_version(&folder) {
            Some(version) if version.major >= OLDEST_MAJOR => return Ok(folder),
            Some(version) => too_old.push(format!("{} in {}", version.text, folder.display())),
            None => {}
        }
    }
    too_old.dedup();
    let found =
        if too_old.is_empty() { String::new() } else { format!(" (only {})", too_old.join(", ")) };
    Err(PostgresError::NotFound { oldest: OLDEST_MAJOR, found })
}

/// The version that `postgres --version` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    /// For example `15.18`.
    pub text: String,
    /// For example 15.
    pub major: u32,
}

/// The version of the server in `folder`; `None` if a program is missing or does not run.
pub(super) fn server_version(folder: &Path) -> Option<Version> {
    if !folder.join("initdb").is_file() {
        return None;
    }
    parse_version(&output(Command::new(folder.join("postgres")).arg("--version"))?)
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `... 18beta1`.
fn parse_version(line: &str) -> Option<Version> {
    let text =
        line.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits = text.split(|c: char| !c.is_ascii_digit()).next()?;
    Some(Version { text: text.to_owned(), major: digits.parse().ok()? })
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn candidates(path: Option<&OsStr>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let path: Vec<PathBuf> =
        path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    // A link to `initdb`, as Debian and Homebrew create, leads to the folder of `postgres`.
    let linked =
        |folder: &PathBuf| Some(folder.join("initdb").canonicalize().ok()?.parent()?.to_path_buf());
    folders.extend(path.iter().filter_map(linked));
    let configured = path.iter().map(|folder| folder.join("pg_config")).find(|file| file.is_file());
    folders.extend(
        configured.and_then(|file| output(Command::new(file).arg("--bindir"))).map(PathBuf::from),
    );
    folders.extend(numbered("/usr/lib/postgresql", "", "bin"));
    folders.extend(numbered("/usr", "pgsql-", "bin"));
    for homebrew in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
        folders.extend(numbered(homebrew, "postgresql@", "bin"));
    }
    let app = "/Applications/Postgres.app/Contents/Versions";
    folders.push(Path::new(app).join("latest/bin"));
    folders.extend(numbered(app, "", "bin"));
    folders
}

/// The folders `parent/<prefix><number>/<tail>`, the highest number first.
fn numbered(parent: &str, prefix: &str, tail: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix(prefix)?.split('.').next()?.parse().ok()?;
            Some((number, entry.path().join(tail)))
        })
        .collect();
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_print_them() {
        let major = |line| parse_version(line).map(|version| version.major);
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) 9.6.24"), Some(9));
        assert_eq!(major("no such thing"), None);
    }

    #[test]
    fn a_wrong_pg_bin_is_an_error_and_not_ignored() {
        let error = find_binaries(Some(Path::new("/nowhere")), None).unwrap_err().to_string();
        assert!(error.contains("PG_BIN=/nowhere"), "{error}");
    }
}
