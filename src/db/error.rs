//! Database errors: what the driver says in, what follows from it out. Lets no cell's value
//! through: details and contexts of Postgres' messages hold rows.

use std::io;

use tokio_postgres::Error as DriverError;
use tokio_postgres::error::DbError;

use super::tls_error;
use crate::error::{Error, ErrorKind, Stage};
use crate::settings::DatabaseSettings;

/// The error in our words. The one place that reads SQLSTATEs.
pub fn database_error(error: DriverError, stage: Stage) -> Error {
    if let Some(refusal) = error.as_db_error() {
        return server_error(refusal, stage);
    }
    let text = error.to_string();
    let closed = error.is_closed();
    let cause = error.into_source();
    let io = cause.as_ref().and_then(|cause| cause.downcast_ref::<io::Error>());
    // The driver hides its kinds but words them; the cause tells the rest apart.
    let (kind, message) = match text.as_str() {
        "error connecting to server" | "timeout waiting for server" => {
            (ErrorKind::NoDatabase, "no Postgres answers")
        }
        "error performing TLS handshake" if io.is_some_and(|io| !is_tls(io)) => {
            (ErrorKind::DatabaseLost, "the connection to the database broke")
        }
        "error performing TLS handshake" => {
            (ErrorKind::DatabaseDenied, "no trusted connection to the database")
        }
        "authentication error" | "invalid configuration" => {
            (ErrorKind::DatabaseDenied, "the login to the database failed")
        }
        _ if closed || io.is_some_and(|io| is_broken(io.kind())) => {
            (ErrorKind::DatabaseLost, "the connection to the database broke")
        }
        _ if text == "error communicating with the server" => {
            (ErrorKind::DatabaseLost, "the connection to the database broke")
        }
        // What is left is between the driver and us: a column that is not there, a type that
        // does not fit. Its text names places, never values.
        _ => (ErrorKind::DatabaseRefused, text.as_str()),
    };
    let error = Error::new(kind, stage, message);
    match cause {
        Some(cause) => error.caused_by(cause),
        None => error,
    }
}

/// The same for an error while connecting: it names the server.
pub(super) fn connect_error(error: DriverError, database: &DatabaseSettings) -> Error {
    let address = database.address();
    if let Some(sentence) = tls_error::sentence(&error, database) {
        let message = format!("{sentence} (at {address})");
        return Error::new(ErrorKind::DatabaseDenied, Stage::Connect, message);
    }
    let mut error = database_error(error, Stage::Connect);
    match error.kind {
        ErrorKind::NoDatabase if error.sqlstate.is_none() => {
            error.message = format!("no Postgres answers at {address}");
        }
        // Before the login, a broken connection is a server that is not up, or none of Postgres.
        ErrorKind::DatabaseLost if error.sqlstate.is_none() => {
            error.kind = ErrorKind::NoDatabase;
            error.message = format!("no Postgres answers at {address}");
        }
        _ => error.message = format!("{} (at {address})", error.message),
    }
    error
}

fn server_error(refusal: &DbError, stage: Stage) -> Error {
    let sqlstate = refusal.code().code();
    let mut kind = kind_of(sqlstate);
    if sqlstate == "57P03" && stage == Stage::Connect {
        kind = ErrorKind::NoDatabase;
    }
    let mut error = Error::new(kind, stage, without_values(sqlstate, refusal.message()));
    error.sqlstate = Some(sqlstate.to_owned());
    error
}

/// What a SQLSTATE means, by its class and, where a class holds several meanings, by its code.
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn kind_of(sqlstate: &str) -> ErrorKind {
    match sqlstate {
        "42501" => ErrorKind::NoPermission,
        // No such table, function, schema, column.
        "42P01" | "42883" | "3F000" | "42703" => ErrorKind::NotMigrated,
        // Ours: a migration has changed the contract since the rows were made.
        "SD001" => ErrorKind::NotMigrated,
        // Ours: the contract's own SQL is at fault (`stardrop.run_contract_sql`, `close_batch`).
        "SD002" => ErrorKind::BadContract,
        // No such database, or one that was just dropped.
        "3D000" | "57P04" => ErrorKind::DatabaseDenied,
        // A lock that was not to be had, a statement that took too long or was cancelled.
        "55P03" | "57014" => ErrorKind::DatabaseConflict,
        // The server ended the session: it sat idle in its transaction, or for too long.
        "25P03" | "25P04" | "57P05" => ErrorKind::DatabaseLost,
        // The commit's outcome is unknown: only a new claim can tell.
        "40003" => ErrorKind::DatabaseLost,
        // Read only: a standby, before or after a failover.
        "25006" => ErrorKind::DatabaseLost,
        // A value too long for its index; JSON nested deeper than the server's stack.
        "54000" | "54001" => ErrorKind::RowsRefused,
        "P0001" => ErrorKind::RowsRefused,
        _ => match sqlstate.get(..2) {
            Some("28") => ErrorKind::DatabaseDenied,
            // Connections; resources; the operator's hand; the system below Postgres.
            Some("08" | "53" | "57" | "58") => ErrorKind::DatabaseLost,
            Some("40") => ErrorKind::DatabaseConflict,
            Some("22" | "23") => ErrorKind::RowsRefused,
            _ => ErrorKind::DatabaseRefused,
        },
    }
}

/// Postgres' message, without the cell that the messages of class 22 quote, as in
/// `invalid input syntax for type integer: "12a"`.
///
/// Kept whole are those that quote a column (22P04), bytes (22021) or a type (22001).
fn without_values(sqlstate: &str, message: &str) -> String {
    let quotes_a_cell =
        sqlstate.starts_with("22") && !matches!(sqlstate, "22P04" | "22021" | "22001");
    // From the first quote to the last, for a value may hold quotes itself.
    let quoted = message.split_once('"').and_then(|(before, rest)| {
        let (_, after) = rest.rsplit_once('"')?;
        Some(format!("{before}\"…\"{after}"))
    });
    quoted.filter(|_| quotes_a_cell).unwrap_or_else(|| message.to_owned())
}

/// The line of the COPY at which Postgres stopped, counted from 1.
pub fn copy_line(error: &DriverError) -> Option<u64> {
    line_of_context(error.as_db_error()?.where_()?)
}

/// Reads `COPY sales_in, line 3, column qty: "x"`, whatever language the server speaks.
///
/// Only the first line that begins with `COPY` counts: the cell quoted there may hold anything.
fn line_of_context(context: &str) -> Option<u64> {
    let place = context.lines().find_map(|line| line.strip_prefix("COPY "))?;
    place.split(", ").skip(1).find_map(|part| {
        let digits = part.trim_start_matches(|c: char| !c.is_ascii_digit());
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..end)?.parse().ok()
    })
}

/// Whether it is TLS that failed, rather than the wire under it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sqlstate_has_its_meaning() {
        use ErrorKind::*;
        for (sqlstate, kind) in [
            ("28P01", DatabaseDenied),
            ("28000", DatabaseDenied),
            ("3D000", DatabaseDenied),
            ("57P01", DatabaseLost),
            ("57P02", DatabaseLost),
            ("57P03", DatabaseLost),
            ("08006", DatabaseLost),
            ("25P03", DatabaseLost),
            ("25006", DatabaseLost),
            ("40003", DatabaseLost),
            ("53100", DatabaseLost),
            ("53300", DatabaseLost),
            ("58030", DatabaseLost),
            ("40P01", DatabaseConflict),
            ("40001", DatabaseConflict),
            ("55P03", DatabaseConflict),
            ("57014", DatabaseConflict),
            ("42501", NoPermission),
            ("42P01", NotMigrated),
            ("42883", NotMigrated),
            ("42703", NotMigrated),
            ("3F000", NotMigrated),
            ("SD001", NotMigrated),
            ("SD002", BadContract),
            ("22P02", RowsRefused),
            ("23502", RowsRefused),
            ("23505", RowsRefused),
            ("54000", RowsRefused),
            ("54001", RowsRefused),
            ("P0001", RowsRefused),
            ("42601", DatabaseRefused),
            ("55000", DatabaseRefused),
            ("0A000", DatabaseRefused),
            ("P0004", DatabaseRefused),
            ("XX000", DatabaseRefused),
            ("", DatabaseRefused),
        ] {
            assert_eq!(kind_of(sqlstate), kind, "{sqlstate}");
        }
    }

    #[test]
    fn no_cell_is_in_the_message() {
        for (sqlstate, message, shown) in [
            (
                "22P02",
                "invalid input syntax for type integer: \"4\"2\"",
                "invalid input syntax for type integer: \"…\"",
            ),
            (
                "22003",
                "value \"99999\" is out of range for type smallint",
                "value \"…\" is out of range for type smallint",
            ),
            ("22P04", "missing data for column \"qty\"", "missing data for column \"qty\""),
            (
                "22021",
                "invalid byte sequence for encoding \"UTF8\": 0x00",
                "invalid byte sequence for encoding \"UTF8\": 0x00",
            ),
            (
                "23502",
                "null value in column \"id\" of relation \"sales\" violates not-null constraint",
                "null value in column \"id\" of relation \"sales\" violates not-null constraint",
            ),
            ("22012", "division by zero", "division by zero"),
        ] {
            assert_eq!(without_values(sqlstate, message), shown);
        }
    }

    #[test]
    fn the_line_of_a_copy_is_found_and_no_cell_can_fake_it() {
        for (context, line) in [
            ("COPY sales_in, line 3", Some(3)),
            ("COPY sales_in, line 12, column qty: \"7\"", Some(12)),
            ("COPY sales_in, line 12, column qty: \"7\nCOPY sales_in, line 99\"", Some(12)),
            ("COPY sales_in, Zeile 4, Spalte qty: »x«", Some(4)),
            ("COPY sales2024, line 5: \"1, 2\"", Some(5)),
            ("SQL function \"f\"\nCOPY sales_in, line 8", Some(8)),
            ("PL/pgSQL function staging.normalise_sales() line 3 at execute", None),
            ("COPY sales_in", None),
            ("", None),
        ] {
            assert_eq!(line_of_context(context), line, "{context}");
        }
    }
}
