//! What all tests use: one temporary Postgres server per run, one database per test.

pub mod bootstrap;
pub mod cloud;
pub mod compress;
pub mod file_table;
pub mod fixtures;
pub mod killed;
pub mod mariadb;
pub mod mmdb;
pub mod programs;
pub mod runtime_api;
pub mod schema;
pub mod secrets;
pub mod site;
pub mod star_content;
pub mod wait;
pub mod workbook;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use stardrop::dataset::Catalog;
use stardrop::db::Client;
use stardrop::star::Star;
use stardrop::{dataset_files, migrate, star};
use stardrop_local::postgres::{LocalPostgres, PostgresOptions, find_binaries};
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use self::wait::eventually;

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The example datasets of the project.
pub fn project_catalog() -> Catalog {
    dataset_files::read(&root().join("examples")).unwrap()
}

/// The catalog of these contracts alone.
pub fn catalog_of(contracts: &[(&str, &str)]) -> Catalog {
    Catalog::read(contracts.iter().map(|(name, text)| {
        (PathBuf::from(format!("{name}/dataset.toml")), (*name).to_owned(), (*text).to_owned())
    }))
    .unwrap_or_else(|errors| panic!("{errors:?}"))
}

static SERVER: OnceLock<Server> = OnceLock::new();
static MIGRATED: OnceCell<()> = OnceCell::const_new();
static LEDGER: OnceCell<()> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The server that all tests of this run share; it stops with the process.
pub struct Server {
    url: String,
    _postgres: Mutex<LocalPostgres>,
}

impl Server {
    /// The address of a database.
    pub fn url(&self, dbname: &str) -> String {
        format!("{}{dbname}", self.url)
    }
}

/// The folder of the server's programs.
pub fn server_binaries() -> PathBuf {
    let pg_bin = std::env::var_os("PG_BIN").filter(|v| !v.is_empty()).map(PathBuf::from);
    find_binaries(pg_bin.as_deref(), std::env::var_os("PATH").as_deref()).unwrap()
}

/// The server, which the first call starts.
pub fn server() -> &'static Server {
    SERVER.get_or_init(|| {
        let mut options = PostgresOptions::throwaway(server_binaries());
        // With a database for each test, the server would start a worker of autovacuum several times a second.
        let settings = [
            ("max_connections", "300"),
            ("autovacuum_naptime", "1d"),
            // Batches of a few rows, next to each other, are in each other's way more often than large ones.
            ("deadlock_timeout", "50ms"),
        ];
        for (name, value) in settings {
            options.settings.push((name.to_owned(), value.to_owned()));
        }
        let postgres = LocalPostgres::start(options).unwrap();
        Server { url: postgres.url(""), _postgres: Mutex::new(postgres) }
    })
}

/// A session with a database of the test server.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.into()
}

/// The database of one test.
pub struct TestDatabase {
    pub url: String,
    /// A session of a superuser.
    pub client: Client,
}

impl TestDatabase {
    /// A database that is migrated to the project's datasets.
    pub async fn migrated() -> TestDatabase {
        let make = || template("template_migrated", project_catalog());
        MIGRATED.get_or_init(make).await;
        TestDatabase::new("template_migrated").await
    }

    /// A database with nothing in it.
    pub async fn empty() -> TestDatabase {
        TestDatabase::new("template1").await
    }

    /// A database that is migrated to this catalog. Its ledger is a copy: to create it takes most of the time
    /// of a migration.
    pub async fn of(catalog: &Catalog) -> (TestDatabase, Star) {
        let make = || template("template_ledger", Catalog::read([]).unwrap());
        LEDGER.get_or_init(make).await;
        let mut database = TestDatabase::new("template_ledger").await;
        let star = star::compile(catalog);
        migrate::run(&mut database.client, &star).await.unwrap();
        (database, star)
    }

    async fn new(template: &str) -> TestDatabase {
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        create_database(&server().url("postgres"), &name, template).await;
        let url = server().url(&name);
        let client = connect(&url).await;
        TestDatabase { url, client }
    }

    /// One value, as text.
    pub async fn text(&self, sql: &str) -> String {
        let row = self.client.query_one(&format!("select ({sql})::text"), &[]).await;
        match row {
            Ok(row) => row.get::<_, Option<String>>(0).unwrap_or_else(|| "null".to_owned()),
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }

    /// Rows as text, one line each, fields joined by `|`.
    pub async fn rows(&self, sql: &str) -> String {
        let wrapped = format!(
            "select coalesce(string_agg(t.line, e'\\n'), '') from (
                 select (select string_agg(coalesce(value, 'null'), '|')
                         from json_each_text(row_to_json(r))) as line
                 from ({sql}) r) t"
        );
        match self.client.query_one(&wrapped, &[]).await {
            Ok(row) => row.get(0),
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }

    /// Waits until this value, as text, is `expected`.
    pub async fn eventually(&self, sql: &str, expected: &str) {
        let what = format!("{expected} by {sql}");
        eventually(&what, || async { self.text(sql).await == expected }).await;
    }

    /// Waits until a session of this database waits for a lock.
    pub async fn eventually_a_session_waits_for_a_lock(&self) {
        let waiting = "select count(*) > 0 from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        self.eventually(waiting, "true").await;
    }

    /// Runs statements.
    pub async fn run(&self, sql: &str) {
        if let Err(error) = self.client.batch_execute(sql).await {
            panic!("{sql}: {error:?}");
        }
    }
}

/// Makes a template database that is migrated to this catalog.
async fn template(name: &str, catalog: Catalog) {
    create_database(&server().url("postgres"), name, "template1").await;
    let mut client = connect(&server().url(name)).await;
    migrate::run(&mut client, &star::compile(&catalog)).await.unwrap();
}

/// Copies a template database. Postgres refuses that (55006, `object_in_use`) while another session
/// copies the template or is connected to it, so it is retried. To copy its files takes half of the time of
/// copying its pages through the log.
pub async fn create_database(admin_url: &str, name: &str, template: &str) {
    let admin = connect(admin_url).await;
    let sql = format!("create database {name} template {template} strategy file_copy");
    eventually(&format!("no session uses {template}"), || async {
        match admin.batch_execute(&sql).await {
            Ok(()) => true,
            Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) => false,
            Err(error) => panic!("{sql}: {error:?}"),
        }
    })
    .await;
}
