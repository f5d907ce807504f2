//! The MariaDB server of `stardrop dev --mariadb`, whose data is gone when it stops.

use stardrop::error::{Error, ErrorKind, Result, Stage};
use stardrop::settings::Settings;
use stardrop_local::mariadb::{LocalMariadb, find_mariadb};

/// Starts a server with the programs of this machine.
///
/// # Errors
///
/// [`ErrorKind::NoSource`] if they are not installed, or the server does not start.
pub async fn start(settings: &Settings) -> Result<LocalMariadb> {
    let path = std::env::join_paths(&settings.path).unwrap_or_default();
    let missing = "no MariaDB server programs were found: run make setup-mariadb";
    let programs = find_mariadb(Some(&path)).ok_or_else(|| error(missing))?;
    let started = tokio::task::spawn_blocking(move || LocalMariadb::start(&programs, &[])).await;
    match started {
        Ok(Ok(mariadb)) => Ok(mariadb),
        Ok(Err(cause)) => Err(error("MariaDB could not be started").caused_by(cause)),
        Err(cause) => Err(error("MariaDB could not be started").caused_by(cause)),
    }
}

fn error(message: &str) -> Error {
    Error::new(ErrorKind::NoSource, Stage::Extract, message)
}
