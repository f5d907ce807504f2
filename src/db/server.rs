//! Server: asks what a session is connected to, and refuses a server or a database that loads cannot use.

use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::database_error;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::{DATABASE_URL, PGHOST};

/// Every function is qualified, because the login's search path is not known yet.
const PROBE: &str = "select pg_catalog.current_setting('server_version_num') as version,
    pg_catalog.current_setting('server_encoding') as encoding,
    pg_catalog.pg_is_in_recovery() as is_replica,
    pg_catalog.current_setting('transaction_read_only') as read_only,
    pg_catalog.current_setting('port') as port,
    pg_catalog.host(pg_catalog.inet_server_addr()) as address,
    pg_catalog.pg_backend_pid() as backend_pid,
    pg_catalog.current_database() as database,
    session_user as login";

/// The oldest version whose SQL the ledger is written in.
const OLDEST_MAJOR: u32 = 15;

/// What a session needs of its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// To load, migrate or change the ledger.
    Write,
    /// To show what the ledger has: a replica will do.
    Read,
}

/// What a session is connected to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Server {
    /// Such as 150004.
    pub version: u32,
    pub encoding: String,
    pub is_replica: bool,
    /// Whether transactions of this session are read-only, as on a replica or by a setting of the login.
    pub is_read_only: bool,
    /// The port on which the server itself listens.
    pub port: u16,
    /// The server's own address; `None` for a Unix socket.
    pub address: Option<String>,
    pub backend_pid: i32,
    pub database: String,
    pub login: String,
}

impl Server {
    /// Asks the server, in one simple query, which every kind of pooler forwards.
    ///
    /// # Errors
    ///
    /// An error of the connection or of Postgres.
    pub(crate) async fn probe(client: &Client) -> Result<Server, tokio_postgres::Error> {
        let messages = client.simple_query(PROBE).await?;
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        row.map_or_else(|| Ok(Server::default()), Server::of)
    }

    fn of(row: &SimpleQueryRow) -> Result<Server, tokio_postgres::Error> {
        let text = |name: &str| Ok(row.try_get(name)?.unwrap_or_default().to_owned());
        Ok(Server {
            version: text("version")?.parse().unwrap_or_default(),
            encoding: text("encoding")?,
            is_replica: text("is_replica")? == "t",
            is_read_only: text("read_only")? == "on",
            port: text("port")?.parse().unwrap_or_default(),
            address: row.try_get("address")?.map(str::to_owned),
            backend_pid: text("backend_pid")?.parse().unwrap_or_default(),
            database: text("database")?,
            login: text("login")?,
        })
    }

    /// Refuses what loads cannot use, with what to do about it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnsupportedDatabase`] for an old server or a database that is not UTF-8,
    /// [`ErrorKind::ReadOnlyDatabase`] for one that cannot be written to.
    pub fn check(&self, access: Access) -> Result<()> {
        let major = self.version / 10_000;
        if major < OLDEST_MAJOR {
            return Err(unsupported(format!(
                "the server is Postgres {major}: upgrade it to {OLDEST_MAJOR} or newer"
            )));
        }
        if self.encoding != "UTF8" {
            return Err(unsupported(format!(
                "database {:?} has the encoding {}, which cannot store every character: create one with: \
                 create database .. encoding 'UTF8' template template0",
                self.database, self.encoding
            )));
        }
        let writer = format!("use the writer's endpoint in {DATABASE_URL} or {PGHOST}");
        let message = match (access, self.is_replica, self.is_read_only) {
            (Access::Read, ..) | (_, false, false) => return Ok(()),
            (_, true, _) => format!("the server is a read-only replica: {writer}"),
            (_, false, true) => format!(
                "sessions of login {:?} in database {:?} are read-only by default_transaction_read_only: \
                 {writer}, or reset that setting",
                self.login, self.database
            ),
        };
        Err(Error::new(ErrorKind::ReadOnlyDatabase, Stage::Connect, message))
    }
}

pub(super) fn unsupported(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::UnsupportedDatabase, Stage::Connect, message)
}

/// The pid of the server process that answers.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub(super) async fn backend_pid(client: &Client) -> Result<i32> {
    let probed = Server::probe(client).await;
    probed.map(|server| server.backend_pid).map_err(|error| database_error(error, Stage::Connect))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server { version: 150_004, encoding: "UTF8".to_owned(), ..Server::default() }
    }

    fn refused(server: &Server, access: Access) -> (ErrorKind, String) {
        let error = server.check(access).expect_err("refused");
        (error.kind, error.message)
    }

    #[test]
    fn a_server_that_loads_cannot_use_is_refused_by_name() {
        assert!(server().check(Access::Write).is_ok());
        let old = Server { version: 140_012, ..server() };
        assert_eq!(
            refused(&old, Access::Read),
            (
                ErrorKind::UnsupportedDatabase,
                "the server is Postgres 14: upgrade it to 15 or newer".to_owned()
            )
        );
        for encoding in ["LATIN1", "SQL_ASCII"] {
            let latin =
                Server { encoding: encoding.to_owned(), database: "d".to_owned(), ..server() };
            let (kind, message) = refused(&latin, Access::Read);
            assert_eq!(kind, ErrorKind::UnsupportedDatabase);
            assert!(message.starts_with(&format!("database \"d\" has the encoding {encoding}")));
        }
    }

    #[test]
    fn a_replica_may_be_read_and_not_written() {
        let replica = Server { is_replica: true, is_read_only: true, ..server() };
        assert!(replica.check(Access::Read).is_ok());
        assert_eq!(
            refused(&replica, Access::Write),
            (
                ErrorKind::ReadOnlyDatabase,
                "the server is a read-only replica: use the writer's endpoint in DATABASE_URL or PGHOST"
                    .to_owned()
            )
        );
        let login = Server { is_read_only: true, login: "ann".to_owned(), ..server() };
        let (kind, message) = refused(&login, Access::Write);
        assert_eq!(kind, ErrorKind::ReadOnlyDatabase);
        assert!(message.contains("login \"ann\"") && message.ends_with("or reset that setting"));
    }
}
