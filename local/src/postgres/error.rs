//! The errors of a local Postgres server, with what the user can do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a local Postgres server could not be found, started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each variant explains its fields")]
pub enum PostgresError {
    /// `PG_BIN` is set, but it is not a folder of usable server programs.
    #[error("PG_BIN={} cannot be used: {why}", .path.display())]
    BadPgBin { path: PathBuf, why: String },
    /// There are no server programs, or only ones that are too old.
    #[error(
        "no PostgreSQL server programs of version {oldest} or newer were found{found}: install them \
         (apt-get install postgresql, dnf install postgresql-server, brew install postgresql@17, \
         or Postgres.app), or set PG_BIN to the folder that contains `initdb` and `postgres`"
    )]
    NotFound { oldest: u32, found: String },
    /// Postgres does not run as root, and there is no other user to run it.
    #[error(
        "Postgres does not run as root, and neither user `postgres` nor `nobody` exists: run as \
         another user, or create one (useradd --system postgres)"
    )]
    NoAccount,
    /// The user that runs the server instead of root cannot reach a file or folder.
    #[error(
        "user `{account}`, which runs Postgres because root must not, cannot {action} {}: {hint}", .path.display()
    )]
    Unreachable { account: String, action: &'static str, path: PathBuf, hint: &'static str },
    /// Another process uses the data folder.
    #[error("the Postgres data in {} is in use: {by}", .path.display())]
    InUse { path: PathBuf, by: String },
    /// The data folder was created by another major version.
    #[error(
        "the data in {} was created by PostgreSQL {created_by}, but {} is {running}: set PG_BIN to \
         the programs of PostgreSQL {created_by}, or move the data away to start with an empty database", .path.display(), .bin_dir.display()
    )]
    OtherVersion { path: PathBuf, created_by: String, bin_dir: PathBuf, running: String },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    Initdb { output: String },
    /// The server exited during its start, or did not become ready in time.
    #[error("Postgres did not start: {why}; the end of its log, {}:\n{log_tail}", .log.display())]
    NotStarted { why: String, log: PathBuf, log_tail: String },
    /// The server is expected to run, but has stopped.
    #[error("the Postgres server has stopped: {0}")]
    Stopped(String),
    /// A file, folder or program could not be used.
    #[error("cannot {doing} {}", .path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
}

impl PostgresError {
    /// For `map_err`: the action that failed, and its path.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PostgresError {
        let path = path.to_path_buf();
        move |source| PostgresError::Io { doing, path, source }
    }
}
