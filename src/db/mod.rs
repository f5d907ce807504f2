//! Database: opens, cancels and closes a session with Postgres, and explains database errors.

mod auth;
mod client;
mod error;
mod iam;
mod pooler;
mod server;
mod server_error;
mod session_settings;
mod tls;
mod tls_error;

use std::future::poll_fn;
use std::time::Duration;

pub(crate) use auth::credentials;
pub use client::{Client, TypedParameters};
pub use error::database_error;
use server::{Access, Server};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Config, SslMode as DriverSslMode};
use tokio_postgres::{AsyncMessage, Connection, Socket};

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::{DatabaseSettings, Settings, SslMode};

/// The time limit for connecting, from the first packet to the end of the login.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The time limit for finding out whether a pooler shares sessions: a second session may have to wait for one.
const POOLER_TIMEOUT: Duration = Duration::from_secs(3);

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

/// Opens a session with the database of the settings, to load, migrate or change the ledger.
///
/// # Errors
/// [`ErrorKind::BadSetting`] where no database is set or the root certificates cannot be read,
/// [`ErrorKind::NoDatabase`] where the server cannot be reached, [`ErrorKind::DatabaseDenied`] where
/// user, password, database or certificate are refused, [`ErrorKind::UnsupportedDatabase`] where loads cannot use the
/// server, the database or a pooler in between, [`ErrorKind::ReadOnlyDatabase`] where nothing can be written.
pub async fn connect(settings: &Settings) -> Result<Database> {
    open(settings, Access::Write).await
}

/// Opens a session that only reads the ledger, which a read-only replica has too.
///
/// # Errors
/// As [`connect`], but for [`ErrorKind::ReadOnlyDatabase`].
pub async fn connect_to_read(settings: &Settings) -> Result<Database> {
    open(settings, Access::Read).await
}

async fn open(settings: &Settings, access: Access) -> Result<Database> {
    let database = settings.database()?;
    let mut config = database.config.clone();
    pooler::check_host(&config)?;
    auth::set_credentials(database, &mut config).await?;
    prepare(database, &mut config);

    let opened = async {
        let (client, connection) = log_in(database, &config).await?;
        let refused = |error| error::connect_error(error, database);
        let server = Server::probe(&client).await.map_err(refused)?;
        server.check(access).map_err(|error| error::at(error, database))?;
        if pooler::is_possible(&server, &config).await {
            check_pooler(database, &config, &client).await?;
        }
        session_settings::apply(&client).await?;
        let client = Client::new(client, settings.names.clone());
        Ok(Database { client, backend_pid: server.backend_pid, connection })
    };
    tokio::time::timeout(CONNECT_TIMEOUT, opened).await.unwrap_or_else(|_| Err(timed_out(database)))
}

/// Opens a session with a database that an extract reads. It may have any version, and a pooler may be in between.
///
/// # Errors
/// [`ErrorKind::NoDatabase`] or [`ErrorKind::DatabaseDenied`], as [`connect`].
pub(crate) async fn connect_to_source(
    database: &DatabaseSettings,
) -> Result<(tokio_postgres::Client, JoinHandle<()>)> {
    let mut config = database.config.clone();
    auth::set_credentials(database, &mut config).await?;
    prepare(database, &mut config);
    let opened = log_in(database, &config);
    tokio::time::timeout(CONNECT_TIMEOUT, opened).await.unwrap_or_else(|_| Err(timed_out(database)))
}

/// Sets what is the same for each session.
fn prepare(database: &DatabaseSettings, config: &mut Config) {
    config
        .application_name("stardrop")
        .connect_timeout(CONNECT_TIMEOUT)
        .keepalives(true)
        .keepalives_idle(KEEPALIVE_IDLE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_RETRIES)
        .ssl_mode(match database.ssl_mode {
            _ if !encrypts(database) => DriverSslMode::Disable,
            SslMode::Disable => DriverSslMode::Disable,
            SslMode::Prefer => DriverSslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => DriverSslMode::Require,
        });
}

/// Opens a second session for a moment, and refuses a pooler that shares sessions. One that lets the second session
/// wait does not share the first.
async fn check_pooler(
    database: &DatabaseSettings,
    config: &Config,
    first: &tokio_postgres::Client,
) -> Result<()> {
    let compared = async {
        let (second, connection) = log_in(database, config).await?;
        let checked = pooler::check_is_own_session(first, &second).await;
        drop(second);
        connection.abort();
        checked.map_err(|error| error::at(error, database))
    };
    tokio::time::timeout(POOLER_TIMEOUT, compared).await.unwrap_or(Ok(()))
}

async fn log_in(
    database: &DatabaseSettings,
    config: &Config,
) -> Result<(tokio_postgres::Client, JoinHandle<()>)> {
    let refused = |error| error::connect_error(error, database);
    if encrypts(database) {
        let (client, connection) =
            config.connect(tls::connector(database)?).await.map_err(refused)?;
        return Ok((client, tokio::spawn(drive(connection))));
    }
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(refused)?;
    Ok((client, tokio::spawn(drive(connection))))
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
