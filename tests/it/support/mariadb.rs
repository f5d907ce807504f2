//! A temporary MariaDB server that all tests of a run share, and a database for each test.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};
use stardrop_local::mariadb::{LocalMariadb, find_mariadb};

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The server that all tests of this run share; it stops with the process.
struct Server {
    url: String,
    _mariadb: Mutex<LocalMariadb>,
}

/// The server, which the first call starts; `None`, with a line on standard error, where MariaDB is not installed.
fn server() -> Option<&'static Server> {
    let server = SERVER.get_or_init(|| {
        let programs = find_mariadb(std::env::var_os("PATH").as_deref())?;
        // The time zone of the server is not UTC, so that the tests notice which clock is read.
        let settings = [("default-time-zone", "+05:00"), ("max-allowed-packet", "64M")];
        let mariadb = LocalMariadb::start(&programs, &settings).unwrap();
        Some(Server { url: mariadb.url(""), _mariadb: Mutex::new(mariadb) })
    });
    if server.is_none() {
        eprintln!("SKIPPED: no MariaDB is installed: make setup-mariadb");
    }
    server.as_ref()
}

/// The database of one test.
pub struct MariadbDatabase {
    pub name: String,
    pub url: String,
    pub session: Conn,
}

impl MariadbDatabase {
    /// An empty database; `None` where MariaDB is not installed.
    pub async fn new() -> Option<MariadbDatabase> {
        let server = tokio::task::spawn_blocking(server).await.unwrap()?;
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let mut admin = Conn::new(Opts::from_url(&server.url).unwrap()).await.unwrap();
        admin.query_drop(format!("create database {name}")).await.unwrap();
        let url = format!("{}{name}", server.url);
        let session = Conn::new(Opts::from_url(&url).unwrap()).await.unwrap();
        let mut database = MariadbDatabase { name, url, session };
        // The values of the tests are in UTC.
        database.run("set time_zone = '+00:00', sql_mode = ''").await;
        Some(database)
    }

    /// Another session.
    pub async fn connect(&self) -> Conn {
        Conn::new(Opts::from_url(&self.url).unwrap()).await.unwrap()
    }

    /// Runs statements, separated by semicolons at the ends of lines.
    pub async fn run(&mut self, sql: &str) {
        for statement in sql.split(";\n").filter(|statement| !statement.trim().is_empty()) {
            let done = self.session.query_drop(statement).await;
            done.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }
}
