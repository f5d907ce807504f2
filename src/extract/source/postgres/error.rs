//! Turns errors of a Postgres source into those of an extract, each with one sentence that says what to do.

use tokio_postgres::Error as DriverError;
use tokio_postgres::error::SqlState;

use super::super::extract_error;
use crate::error::{Error, ErrorKind};

/// The error of a statement; `of` is the table or the query.
pub(super) fn source_error(error: DriverError, of: &str) -> Error {
    let Some(refusal) = error.as_db_error() else {
        return extract_error(
            ErrorKind::SourceLost,
            format!("{of}: lost the connection to Postgres"),
        )
        .caused_by(error);
    };
    let code = refusal.code();
    let (kind, said) = match code {
        code if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            (ErrorKind::SourceDenied, "the user may not read it".to_owned())
        }
        code if *code == SqlState::UNDEFINED_TABLE => {
            (ErrorKind::BadSource, "there is no such table".to_owned())
        }
        code if *code == SqlState::UNDEFINED_COLUMN => (
            ErrorKind::BadSource,
            "a column was removed or renamed while it was read: run it again".to_owned(),
        ),
        code if *code == SqlState::DUPLICATE_COLUMN || *code == SqlState::AMBIGUOUS_COLUMN => (
            ErrorKind::BadSource,
            "two columns have the same name: give one another with `as`".to_owned(),
        ),
        code if *code == SqlState::SYNTAX_ERROR => {
            (ErrorKind::BadSource, format!("the query is not valid SQL: {}", refusal.message()))
        }
        code if *code == SqlState::QUERY_CANCELED
            || code.code().starts_with("57P")
            || code.code().starts_with("40") =>
        {
            (ErrorKind::SourceLost, "Postgres ended the query".to_owned())
        }
        // Without the server's text, which may quote a value.
        code => (
            ErrorKind::BadSource,
            format!("Postgres refused to read it (SQLSTATE {})", code.code()),
        ),
    };
    extract_error(kind, format!("{of}: {said}"))
}
