//! Database errors: turns the driver's errors into ours.

use std::io;

use tokio_postgres::Error as DriverError;

use super::server_error::server_error;
use super::tls_error;
use crate::error::{Error, ErrorKind, Stage};
use crate::settings::DatabaseSettings;

/// The error of the pipeline for an error of the driver.
pub fn database_error(error: DriverError, stage: Stage) -> Error {
    if let Some(refusal) = error.as_db_error() {
        return server_error(refusal, stage);
    }
    let text = error.to_string();
    let closed = error.is_closed();
    let cause = error.into_source();
    let io = cause.as_ref().and_then(|cause| cause.downcast_ref::<io::Error>());
    // The driver's kinds are private: its texts and causes tell them apart.
    let (kind, message) = match text.as_str() {
        "error connecting to server" | "timeout waiting for server" => {
            (ErrorKind::NoDatabase, "cannot connect to Postgres")
        }
        "error performing TLS handshake" if io.is_some_and(|io| !is_tls(io)) => {
            (ErrorKind::DatabaseLost, "lost the connection to the database")
        }
        "error performing TLS handshake" => {
            (ErrorKind::DatabaseDenied, "the TLS handshake with the database failed")
        }
        "authentication error" | "invalid configuration" => {
            (ErrorKind::DatabaseDenied, "authentication with the database failed")
        }
        _ if closed || io.is_some_and(|io| is_broken(io.kind())) => {
            (ErrorKind::DatabaseLost, "lost the connection to the database")
        }
        _ if text == "error communicating with the server" => {
            (ErrorKind::DatabaseLost, "lost the connection to the database")
        }
        // The rest are errors of ours in the use of the driver: a missing column, a wrong type. Their texts hold no
        // values.
        _ => (ErrorKind::DatabaseRefused, text.as_str()),
    };
    let error = Error::new(kind, stage, message);
    match cause {
        Some(cause) => error.caused_by(cause),
        None => error,
    }
}

/// The same for an error while connecting, with the server's address.
pub(super) fn connect_error(error: DriverError, database: &DatabaseSettings) -> Error {
    let address = database.address();
    if let Some(message) = tls_error::message(&error, database) {
        let message = format!("{message} (at {address})");
        return Error::new(ErrorKind::DatabaseDenied, Stage::Connect, message);
    }
    let mut error = database_error(error, Stage::Connect);
    match error.kind {
        ErrorKind::NoDatabase if error.sqlstate.is_none() => {
            error.message = format!("cannot connect to Postgres at {address}");
        }
        // A connection lost before the login means a server that is starting, or not a Postgres server.
        ErrorKind::DatabaseLost if error.sqlstate.is_none() => {
            error.kind = ErrorKind::NoDatabase;
            error.message = format!("cannot connect to Postgres at {address}");
        }
        _ => return at(error, database),
    }
    error
}

/// Adds the server's address.
pub(super) fn at(mut error: Error, database: &DatabaseSettings) -> Error {
    error.message = format!("{} (at {})", error.message, database.address());
    error
}

/// Whether TLS itself failed, and not the network connection below it.
fn is_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

fn is_broken(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, TimedOut, UnexpectedEof,
    };
    matches!(
        kind,
        BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | TimedOut | UnexpectedEof
    )
}
