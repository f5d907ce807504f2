//! Error: what can go wrong around a local Postgres server, and what the user can do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a local Postgres server could not be found, started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// `PG_BIN` was given, and is no folder of usable server programs.
    #[error("PG_BIN={} cannot be used: {why}", .path.display())]
    BadPgBin { path: PathBuf, why: String },
    /// No server programs anywhere, or only ones that are too old.
    #[error(
        "no PostgreSQL server programs of version {oldest} or newer were found{found}: install them \
         (apt-get install postgresql, dnf install postgresql-server, brew install postgresql@17, \
         or Postgres.app), or name the folder that holds `initdb` and `postgres` in PG_BIN"
    )]
    NotFound { oldest: u32, found: String },
    /// Postgres refuses to run as root, and there is nobody else to run it.
    #[error(
        "Postgres does not run as root, and neither user `postgres` nor `nobody` exists: run as \
         another user, or create one (useradd --system postgres)"
    )]
    NoAccount,
    /// The user that runs the server instead of root may not reach something.
    #[error(
        "user `{account}`, who runs Postgres because root must not, cannot {wish} {}: {hint}", .path.display()
    )]
    Unreachable { account: String, wish: &'static str, path: PathBuf, hint: &'static str },
    /// Another process uses the kept data folder.
    #[error("the Postgres data in {} is in use: {by}", .path.display())]
    InUse { path: PathBuf, by: String },
    /// The kept data folder was made by another major version.
    #[error(
        "the data in {} was made by PostgreSQL {made_by}, but {} is {running}: name a folder of \
         PostgreSQL {made_by} in PG_BIN, or move the data away to start afresh", .path.display(), .bin_dir.display()
    )]
    OtherVersion { path: PathBuf, made_by: String, bin_dir: PathBuf, running: String },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    Initdb { output: String },
    /// The server ended while it started, or did not become ready.
    #[error("Postgres did not start: {why}; the end of its log, {}:\n{log_tail}", .log.display())]
    NotStarted { why: String, log: PathBuf, log_tail: String },
    /// The server runs no more, and was expected to.
    #[error("the Postgres server has ended: {0}")]
    Ended(String),
    /// A file, folder or process could not be handled.
    #[error("cannot {doing} {}", .path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
}

impl PostgresError {
    /// For `map_err`: what was being done, and to which path.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PostgresError {
        let path = path.to_path_buf();
        move |source| PostgresError::Io { doing, path, source }
    }
}
