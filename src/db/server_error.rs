//! Errors of the Postgres server: turns them into ours, by SQLSTATE, which is read here only. Leaves out the values of
//! cells, which the messages, details and contexts of Postgres may quote.

use tokio_postgres::error::DbError;

use crate::error::{Error, ErrorKind, RefusedRows, Stage};

/// What a pooler in transaction or statement mode means, and what to do about it.
pub(super) const SHARED_SESSION: &str = "a connection pooler in transaction or statement mode, such as PgBouncer, stands between Stardrop \
                       and the server, and the ledger's locks need a session of their own: connect to the server \
                       itself, or set the pooler's pool_mode to session";

/// The error of the pipeline for an error of the server.
pub(super) fn server_error(refusal: &DbError, stage: Stage) -> Error {
    let sqlstate = refusal.code().code();
    let mut kind = kind_of(sqlstate);
    if sqlstate == "57P03" && stage == Stage::Connect {
        kind = ErrorKind::NoDatabase;
    }
    let mut message = without_values(sqlstate, refusal.message());
    match sqlstate {
        // The names of the objects that depend on another, such as somebody's view.
        "2BP01" | "0A000" => message.extend(refusal.detail().map(|detail| format!(": {detail}"))),
        // A prepared statement that exists already, or no longer: another session than the one that prepared it.
        "26000" | "42P05" => message = format!("{message}: {SHARED_SESSION}"),
        _ => {}
    }
    let mut error = Error::new(kind, stage, message);
    error.sqlstate = Some(sqlstate.to_owned());
    error.rows = match sqlstate {
        ROWS_AT_FAULT => refusal.detail().and_then(source_lines),
        _ => refusal.where_().and_then(copy_line),
    }
    .map(Box::new);
    error
}

/// Raised by trigger functions that know which rows are at fault: their detail lists the lines.
const ROWS_AT_FAULT: &str = "SD003";

/// The lines in the detail of such an error, as in `5, 12, 13`.
fn source_lines(detail: &str) -> Option<RefusedRows> {
    let lines: Result<Vec<u64>, _> = detail.split(", ").map(str::parse).collect();
    lines.ok().map(RefusedRows::SourceLines)
}

/// The line in the context of an error about the input of a COPY, as in `COPY sales_in, line 78,
/// column extra: "..."`. What follows the colon may be a cell's value.
fn copy_line(context: &str) -> Option<RefusedRows> {
    let copy = context.lines().find_map(|line| line.strip_prefix("COPY "))?;
    let (_table, rest) = copy.split_once(", ")?;
    let before_value = rest.split(':').next()?;
    let number =
        before_value.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    number?.parse().ok().map(RefusedRows::CopyLine)
}

/// The kind of error of a SQLSTATE, by its class or, where a class has several kinds, by its code.
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn kind_of(sqlstate: &str) -> ErrorKind {
    match sqlstate {
        "42501" => ErrorKind::NoPermission,
        // Table, function, schema or column does not exist.
        "42P01" | "42883" | "3F000" | "42703" => ErrorKind::NotMigrated,
        // Raised by Stardrop's functions: a migration changed the contract during the load.
        "SD001" => ErrorKind::NotMigrated,
        // Raised by Stardrop's functions: the SQL in the contract has an error.
        "SD002" => ErrorKind::BadContract,
        // Raised by Stardrop's functions: another worker has claimed the load.
        "SD005" => ErrorKind::ClaimLost,
        // A relation, an object, a function or a schema of that name exists.
        "42P07" | "42710" | "42723" | "42P06" => ErrorKind::NameTaken,
        // The database does not exist, or was just dropped.
        "3D000" | "57P04" => ErrorKind::DatabaseDenied,
        // A lock was not available; a statement took too long or was cancelled.
        "55P03" | "57014" => ErrorKind::DatabaseConflict,
        // The server ended the session because it was idle for too long.
        "25P03" | "25P04" | "57P05" => ErrorKind::DatabaseLost,
        // It is unknown whether the commit succeeded: the next claim reads it from the ledger.
        "40003" => ErrorKind::DatabaseLost,
        // Read-only: a standby, before or after a failover.
        "25006" => ErrorKind::ReadOnlyDatabase,
        // A prepared statement that is another session's.
        "26000" | "42P05" => ErrorKind::UnsupportedDatabase,
        // A value too long for its index; JSON nested too deeply for the server's stack.
        "54000" | "54001" => ErrorKind::RowsRefused,
        "P0001" | ROWS_AT_FAULT => ErrorKind::RowsRefused,
        _ => match sqlstate.get(..2) {
            Some("28") => ErrorKind::DatabaseDenied,
            // Connection, resources, operator intervention, system errors.
            Some("08" | "53" | "57" | "58") => ErrorKind::DatabaseLost,
            Some("40") => ErrorKind::DatabaseConflict,
            Some("22" | "23") => ErrorKind::RowsRefused,
            _ => ErrorKind::DatabaseRefused,
        },
    }
}

/// Postgres' message without the value that messages of class 22 quote, as in
/// `invalid input syntax for type integer: "12a"`.
///
/// Unchanged are those that quote a column (22P04), bytes (22021) or a type (22001).
fn without_values(sqlstate: &str, message: &str) -> String {
    let quotes_a_cell =
        sqlstate.starts_with("22") && !matches!(sqlstate, "22P04" | "22021" | "22001");
    // From the first quote to the last, since the value may contain quotes.
    let quoted = message.split_once('"').and_then(|(before, rest)| {
        let (_, after) = rest.rsplit_once('"')?;
        Some(format!("{before}\"…\"{after}"))
    });
    quoted.filter(|_| quotes_a_cell).unwrap_or_else(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sqlstate_has_its_kind_of_error() {
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
            ("25006", ReadOnlyDatabase),
            ("26000", UnsupportedDatabase),
            ("42P05", UnsupportedDatabase),
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
            ("42P07", NameTaken),
            ("42710", NameTaken),
            ("SD001", NotMigrated),
            ("SD002", BadContract),
            ("SD005", ClaimLost),
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
    fn no_value_of_a_cell_is_in_the_message() {
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
    fn the_rows_at_fault_are_read_from_the_context_or_the_detail() {
        let line = |context: &str| match copy_line(context) {
            Some(RefusedRows::CopyLine(line)) => Some(line),
            _ => None,
        };
        for (context, expected) in [
            ("COPY sales_in, line 78", Some(78)),
            ("COPY s3_in, line 78, column extra: \"12\"", Some(78)),
            ("COPY s3_in, Zeile 5, Spalte extra: »12«", Some(5)),
            ("JSON data, line 1: {\"a\":...\nCOPY sales_in, line 9, column j: \"x\"", Some(9)),
            ("PL/pgSQL function odd() line 3 at RAISE\nCOPY sales_in, line 4: \"5\"", Some(4)),
            ("PL/pgSQL function staging.normalise_sales() line 15 at EXECUTE", None),
            ("COPY sales_in", None),
            ("COPY sales_in, line: 4", None),
        ] {
            assert_eq!(line(context), expected, "{context}");
        }
        assert_eq!(source_lines("5, 12"), Some(RefusedRows::SourceLines(vec![5, 12])));
        assert_eq!(source_lines("5, x"), None);
    }
}
