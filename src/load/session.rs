//! Session: what a loader keeps from one load to the next: its connection, the datasets prepared on
//! it, and the time budget of the invocation.

use std::collections::HashMap;
use std::time::Duration;

use crate::db::Client;
use tokio_postgres::Statement;
use tokio_postgres::types::Type;
use tracing::info;

use super::time_budget::TimeBudget;
use crate::dataset::Dataset;
use crate::db::{self, Database, database_error};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Settings;
use crate::star::{self, Star};

/// A worker that hangs must not block others, neither in an open transaction nor in a wait. Claims name the start of
/// their session.
const SESSION_SETTINGS: &str =
    "set idle_in_transaction_session_timeout = '15s'; set lock_timeout = '60s';
     select set_config('stardrop.session_began', a.backend_start::text, false)
     from pg_stat_get_activity(pg_backend_pid()) a";

/// A connection that was kept between invocations answers within this time, or is dropped.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection and what is prepared on it.
pub(super) struct Connection {
    database: Database,
    /// The COPYs into the private staging tables that are open in this session, by dataset.
    prepared: HashMap<String, Statement>,
}

impl Connection {
    pub fn client(&self) -> &Client {
        &self.database.client
    }
}

/// A loader's connection to the database, made when it is first needed.
#[derive(Default)]
pub(super) struct Session {
    connection: Option<Connection>,
    /// Whether a load is using the connection. Still set at the next invocation only after a panic.
    pub in_use: bool,
    pub budget: TimeBudget,
}

impl Session {
    /// Drops a connection that no longer answers: a sandbox that was frozen does not notice when
    /// the server closes it.
    pub async fn check(&mut self, settings: &Settings) {
        if std::mem::take(&mut self.in_use) {
            // A load panicked, and the state of its transaction is not known.
            self.abort(settings).await;
        }
        let Some(Connection { database, .. }) = &self.connection else { return };
        let answers =
            async { !database.is_closed() && database.client.simple_query("").await.is_ok() };
        if !tokio::time::timeout(CHECK_TIMEOUT, answers).await.unwrap_or(false) {
            info!("the connection was lost since the last invocation; connecting again");
            self.connection = None;
        }
    }

    /// The client of the connection, which is made if there is none.
    ///
    /// # Errors
    ///
    /// Those of [`db::connect`].
    pub async fn connect(&mut self, settings: &Settings) -> Result<&Client> {
        if self.connection.as_ref().is_none_or(|connection| connection.database.is_closed()) {
            let database = db::connect(settings).await?;
            db::execute(&database.client, SESSION_SETTINGS, Stage::Connect).await?;
            self.connection = Some(Connection { database, prepared: HashMap::new() });
        }
        self.client()
    }

    /// The client of the connection.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DatabaseLost`] where there is no connection.
    pub fn client(&self) -> Result<&Client> {
        self.connection.as_ref().map(Connection::client).ok_or_else(not_connected)
    }

    /// The client and the time budget, which a run changes while it uses the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DatabaseLost`] where there is no connection.
    pub(crate) fn client_and_budget(&mut self) -> Result<(&Client, &mut TimeBudget)> {
        let connection = self.connection.as_ref().ok_or_else(not_connected)?;
        Ok((connection.client(), &mut self.budget))
    }

    /// Connects, checks that the database has this contract of the dataset, opens the private staging table that its
    /// rows are copied into, and prepares the COPY.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotMigrated`] where the database has another contract or none; those of
    /// [`Session::connect`].
    pub async fn prepare(
        &mut self,
        settings: &Settings,
        star: &Star,
        dataset: &Dataset,
    ) -> Result<()> {
        self.connect(settings).await?;
        let connection = self.connection.as_mut().ok_or_else(not_connected)?;
        if connection.prepared.contains_key(&dataset.name) {
            return Ok(());
        }
        let client = &connection.database.client;
        let applied = contract_of(client, &dataset.name).await?;
        if applied.as_deref() != Some(star.fingerprint(dataset)) {
            let what = if applied.is_some() { "another version of dataset" } else { "no dataset" };
            let message = format!("the database has {what} `{}`", dataset.name);
            return Err(Error::new(ErrorKind::NotMigrated, Stage::Dataset, message));
        }
        if let Some(call) = star::open_call(dataset) {
            db::execute(client, &call, Stage::Connect).await?;
        }
        let copy = client.prepare(&star::copy_statement(dataset)).await;
        let copy = copy.map_err(|error| database_error(error, Stage::Connect))?;
        connection.prepared.insert(dataset.name.clone(), copy);
        Ok(())
    }

    /// The COPY of a dataset that is prepared.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DatabaseLost`] where it is not, because there is no connection.
    pub fn copy_of(&self, dataset: &Dataset) -> Result<Statement> {
        let connection = self.connection.as_ref();
        connection
            .and_then(|connection| connection.prepared.get(&dataset.name))
            .cloned()
            .ok_or_else(not_connected)
    }

    /// Prepares the dataset again before its next load: the database has another contract by now.
    pub(crate) fn invalidate_staging(&mut self, dataset: &Dataset) {
        if let Some(connection) = &mut self.connection {
            connection.prepared.remove(&dataset.name);
        }
    }

    /// Drops the connection, if there is one, and returns the pid of its backend.
    pub(crate) fn disconnect(&mut self) -> Option<i32> {
        self.connection.take().map(|connection| connection.database.backend_pid)
    }

    /// Cancels the running statement and closes the connection: the server then rolls back at once
    /// and releases its locks, where it would otherwise finish the statement first.
    pub async fn abort(&mut self, settings: &Settings) {
        if let Some(Connection { database, .. }) = self.connection.take() {
            db::cancel(settings, &database).await;
            database.close().await;
        }
    }

    /// Closes the connection.
    pub async fn close(&mut self) {
        if let Some(Connection { database, .. }) = self.connection.take() {
            database.close().await;
        }
    }
}

fn not_connected() -> Error {
    Error::new(ErrorKind::DatabaseLost, Stage::Connect, "there is no connection to the database")
}

/// The fingerprint of the contract that the database has for a dataset; `None` where it has none.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn contract_of(client: &Client, dataset: &str) -> Result<Option<String>> {
    client
        .query_typed_one("select stardrop.contract_fingerprint($1)", &[(&dataset, Type::TEXT)])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(|error| database_error(error, Stage::Connect))
}
