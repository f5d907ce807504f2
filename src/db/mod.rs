//! Database: opens, cancels and closes a session with Postgres, and explains database errors.

mod auth;
mod error;
mod iam;
mod tls;
mod tls_error;

use std::future::poll_fn;
use std::time::Duration;

pub use error::database_error;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode as DriverSslMode;
use tokio_postgres::{AsyncMessage, Client, Connection, Socket};

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::{DatabaseSettings, Settings, SslMode};

/// The time limit for connecting, from the first packet to the end of the login.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The time limit for closing a session, or cancelling its statement.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A dead server is detected after 10 + 3 * 5 seconds, well within a Lambda invocation.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;

/// A session with the database. Dropping it ends the session.
#[derive(Debug)]
pub struct Database {
    /// The session to send statements with.
    pub client: Client,
    /// The process id of the session's server process, as in `pg_stat_activity.pid`.
    pub backend_pid: i32,
    connection: JoinHandle<()>,
}

impl Database {
    /// Whether the server or the network ended the session.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed() || self.connection.is_finished()
    }

    /// Ends the session, and waits until the server has closed it, but not longer than a second.
    pub async fn close(self) {
        let Database { client, connection, .. } = self;
        drop(client);
        // A server that does not answer notices the closed connection later.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, connection).await;
    }
}

/// Asks the server to cancel the session's running statement, if any. Best effort: an error is logged only.
pub(crate) async fn cancel(settings: &Settings, database: &Database) {
    let Ok(named) = settings.database() else { return };
    let token = database.client.cancel_token();
    let cancelled = async {
        if encrypts(named) {
            token.cancel_query(tls::connector(named)?).await.map_err(closed)
        } else {
            token.cancel_query(tokio_postgres::NoTls).await.map_err(closed)
        }
    };
    if let Ok(Err(error)) = tokio::time::timeout(CLOSE_TIMEOUT, cancelled).await {
        tracing::debug!("{error}");
    }
}

/// Runs SQL without parameters; several statements are separated by semicolons. `stage` is named in
/// the error.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn execute(client: &Client, sql: &str, stage: Stage) -> Result<()> {
    client.batch_execute(sql).await.map_err(|error| database_error(error, stage))
}

fn closed(error: tokio_postgres::Error) -> Error {
    database_error(error, Stage::Connect)
}

/// Whether the connection uses TLS. A Unix socket does not: it stays on this machine and has no host name to
/// verify.
fn encrypts(database: &DatabaseSettings) -> bool {
    #[cfg(unix)]
    if matches!(database.config.get_hosts(), [tokio_postgres::config::Host::Unix(_)]) {
        return false;
    }
    database.ssl_mode != SslMode::Disable
}

/// Opens a session with the database of the settings.
///
/// # Errors
/// [`ErrorKind::BadSetting`] where no database is set or the root certificates cannot be read,
/// [`ErrorKind::NoDatabase`] where the server cannot be reached, [`ErrorKind::DatabaseDenied`] where
/// user, password, database or certificate are refused.
pub async fn connect(settings: &Settings) -> Result<Database> {
    let database = settings.database()?;
    let mut config = database.config.clone();
    auth::set_credentials(database, &mut config).await?;
    config
        .application_name("stardrop")
        .connect_timeout(CONNECT_TIMEOUT)
        .keepalives(true)
        .keepalives_idle(KEEPALIVE_IDLE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_RETRIES)
        .ssl_mode(match database.ssl_mode {
            SslMode::Disable => DriverSslMode::Disable,
            SslMode::Prefer => DriverSslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => DriverSslMode::Require,
        });

    let opened = async {
        let (client, connection) = if encrypts(database) {
            let (client, connection) = config
                .connect(tls::connector(database)?)
                .await
                .map_err(|error| error::connect_error(error, database))?;
            (client, tokio::spawn(drive(connection)))
        } else {
            let (client, connection) = config
                .ssl_mode(DriverSslMode::Disable)
                .connect(tokio_postgres::NoTls)
                .await
                .map_err(|error| error::connect_error(error, database))?;
            (client, tokio::spawn(drive(connection)))
        };
        let backend_pid = client
            .query_one("select pg_catalog.pg_backend_pid()", &[])
            .await
            .and_then(|row| row.try_get(0))
            .map_err(|error| error::connect_error(error, database))?;
        Ok(Database { client, backend_pid, connection })
    };
    tokio::time::timeout(CONNECT_TIMEOUT, opened).await.unwrap_or_else(|_| Err(timed_out(database)))
}

fn timed_out(database: &DatabaseSettings) -> Error {
    Error::new(
        ErrorKind::NoDatabase,
        Stage::Connect,
        format!(
            "cannot connect to Postgres at {} within {} s",
            database.address(),
            CONNECT_TIMEOUT.as_secs()
        ),
    )
}

/// Transfers the session's data until it ends, and logs the server's notices.
///
/// A statement that is running when the session fails only gets "connection closed"; the cause is known here.
async fn drive<S>(mut connection: Connection<Socket, S>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send,
{
    loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => {
                tracing::debug!(
                    severity = notice.severity(),
                    sqlstate = notice.code().code(),
                    notice = notice.message(),
                    "Postgres notice"
                );
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let error = database_error(error, Stage::Connect);
                tracing::debug!(%error, "the database session ended");
                return;
            }
            None => return,
        }
    }
}
