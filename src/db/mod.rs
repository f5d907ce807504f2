//! Database: settings in, one connected session out; and what a database error means.

mod auth;
mod error;
mod iam;
mod tls;
mod tls_error;

use std::future::poll_fn;
use std::time::Duration;

pub use error::{copy_line, database_error};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode as DriverSslMode;
use tokio_postgres::{AsyncMessage, Client, Connection, Socket};

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::{DatabaseSettings, Settings, SslMode};

/// How long a server may take to answer, from the first packet to the end of the login.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server may take to hear that a session, or what it is at, ends.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A dead server is noticed after 10 + 3 * 5 seconds, well within a Lambda invocation.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;

/// One session. Dropping it ends the session.
#[derive(Debug)]
pub struct Database {
    pub client: Client,
    /// The server process that serves the session, as in `pg_stat_activity.pid`.
    pub backend_pid: i32,
    connection: JoinHandle<()>,
}

impl Database {
    /// Whether the session is over: the server or the network ended it.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed() || self.connection.is_finished()
    }

    /// Ends the session, and waits until the server has heard of it.
    pub async fn close(self) {
        let Database { client, connection, .. } = self;
        drop(client);
        // A server that says nothing any more notices by itself that nobody is there.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, connection).await;
    }
}

/// Has the server give up what the session is at, if anything. Best effort: where it cannot be
/// reached, there is nobody to tell.
pub async fn cancel(settings: &Settings, database: &Database) {
    let Ok(named) = settings.database() else { return };
    let token = database.client.cancel_token();
    let told = async {
        if encrypts(named) {
            token.cancel_query(tls::connector(named)?).await.map_err(closed)
        } else {
            token.cancel_query(tokio_postgres::NoTls).await.map_err(closed)
        }
    };
    if let Ok(Err(error)) = tokio::time::timeout(CLOSE_TIMEOUT, told).await {
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

/// Whether the connection has TLS. A local socket has not: the kernel is the wire, and has no host
/// name that a certificate could hold.
fn encrypts(database: &DatabaseSettings) -> bool {
    #[cfg(unix)]
    if matches!(database.config.get_hosts(), [tokio_postgres::config::Host::Unix(_)]) {
        return false;
    }
    database.ssl_mode != SslMode::Disable
}

/// Opens a session with the database that the settings name.
///
/// # Errors
/// [`ErrorKind::BadSetting`] where none is named or the roots cannot be read,
/// [`ErrorKind::NoDatabase`] where none answers, [`ErrorKind::DatabaseDenied`] where user,
/// password, database or certificate are refused.
pub async fn connect(settings: &Settings) -> Result<Database> {
    let database = settings.database()?;
    let mut config = database.config.clone();
    auth::log_in(database, &mut config).await?;
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
    tokio::time::timeout(CONNECT_TIMEOUT, opened).await.unwrap_or_else(|_| Err(silent(database)))
}

fn silent(database: &DatabaseSettings) -> Error {
    Error::new(
        ErrorKind::NoDatabase,
        Stage::Connect,
        format!(
            "no Postgres answers at {} within {} s",
            database.address(),
            CONNECT_TIMEOUT.as_secs()
        ),
    )
}

/// Moves the session's bytes until it ends, and logs what the server says unasked.
///
/// An error that ends the session is also given to whoever waits for an answer, as a closed
/// connection; here is the only place that knows its cause.
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
                    "Postgres remarks something"
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
