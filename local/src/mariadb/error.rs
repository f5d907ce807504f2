//! The errors of a local MariaDB server.

use crate::postgres::PostgresError;

/// Why a local MariaDB server could not be started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MariadbError {
    /// `mariadb-install-db` failed; with its output.
    #[error("mariadb-install-db failed: {0}")]
    NotCreated(String),
    /// The server exited during its start, or did not become ready in time.
    #[error("MariaDB did not start: {why}; the end of its log:\n{log_tail}")]
    NotStarted {
        /// How it ended.
        why: String,
        /// The last lines of its log.
        log_tail: String,
    },
    /// A file, a folder or the process could not be handled.
    #[error(transparent)]
    Process(#[from] PostgresError),
}
