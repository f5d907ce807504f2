//! Turns errors of MySQL and of its driver into ours, each with one sentence that says what to do.

use mysql_async::{DriverError, Error as MysqlError, IoError, ServerError};

use super::super::extract_error;
use crate::error::{Error, ErrorKind};
use crate::settings::MysqlAddress;

/// The error of a statement; `of` is the table, the query or what else it is about.
pub(super) fn server_error(error: MysqlError, of: &str) -> Error {
    match error {
        MysqlError::Server(refusal) => refused(&refusal, of),
        other => {
            extract_error(ErrorKind::SourceLost, format!("{of}: lost the connection to MySQL"))
                .caused_by(other)
        }
    }
}

/// The error of connecting.
pub(super) fn connect_error(error: MysqlError, address: &MysqlAddress) -> Error {
    let server = format!("{}:{}", address.host, address.port);
    let user = &address.user;
    let denied = |message: String| extract_error(ErrorKind::SourceDenied, message);
    match error {
        MysqlError::Server(refusal) => match refusal.code {
            1045 | 1698 => {
                let password =
                    if address.password.is_some() { "its password" } else { "no password" };
                denied(format!("MySQL at {server} refused the user {user} with {password}"))
            }
            1044 => denied(format!("the user {user} may not use the database (at {server})")),
            1049 => {
                let database = address.database.as_deref().unwrap_or_default();
                bad(format!("there is no database {database} (at {server})"))
            }
            1040 | 1203 => extract_error(
                ErrorKind::NoSource,
                format!("MySQL at {server} has too many connections"),
            ),
            _ => denied(format!("MySQL at {server} refused the login")).caused_by(refusal),
        },
        MysqlError::Io(IoError::Tls(error)) => {
            denied(format!("the certificate of MySQL at {server} is not trusted")).caused_by(error)
        }
        MysqlError::Io(IoError::Io(error)) => match tls_error(&error) {
            Some(cause) => denied(format!("the certificate of MySQL at {server} is not trusted"))
                .caused_by(cause),
            None => {
                extract_error(ErrorKind::NoSource, format!("cannot connect to MySQL at {server}"))
                    .caused_by(error)
            }
        },
        MysqlError::Driver(DriverError::NoClientSslFlagFromServer) => denied(format!(
            "MySQL at {server} does not encrypt: add ?sslmode=disable to the source's URL if the network is trusted"
        )),
        error => extract_error(ErrorKind::NoSource, format!("cannot connect to MySQL at {server}"))
            .caused_by(error),
    }
}

/// The error of TLS behind one of reading or writing.
fn tls_error(error: &std::io::Error) -> Option<rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>().cloned()
}

/// The error for a code of the server's (its manual, "Server Error Message Reference").
fn refused(refusal: &ServerError, of: &str) -> Error {
    match refusal.code {
        1142 | 1143 | 1227 | 1370 => {
            extract_error(ErrorKind::SourceDenied, format!("{of}: the user may not read it"))
        }
        1049 | 1146 => bad(format!("{of}: there is no such table")),
        1054 => {
            bad(format!("{of}: a column was removed or renamed while it was read: run it again"))
        }
        1412 => bad(format!("{of}: the table was changed while it was read: run it again")),
        1064 => bad(format!("{of}: the query is not valid SQL")).caused_by(refusal.clone()),
        1060 => bad(format!("{of}: two columns have the same name: give one another with `as`"))
            .caused_by(refusal.clone()),
        1053 | 1317 | 1927 | 3024 | 1969 | 1205 | 1213 => {
            extract_error(ErrorKind::SourceLost, format!("{of}: MySQL ended the query"))
                .caused_by(refusal.clone())
        }
        // Without the server's text, which may quote a value.
        code => bad(format!("{of}: MySQL refused to read it (error {code})")),
    }
}

fn bad(message: String) -> Error {
    extract_error(ErrorKind::BadSource, message)
}
