//! Connection: a session with the database, and the datasets that are prepared on it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::Statement;
use tokio_postgres::types::Type;

use crate::dataset::Dataset;
use crate::db::{self, Client, Database, database_error};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Settings;
use crate::star::{self, Star};

/// A worker that hangs must not block others, neither in an open transaction nor in a wait. Claims name the start of
/// their session.
const SESSION_SETTINGS: &str =
    "set idle_in_transaction_session_timeout = '15s'; set lock_timeout = '60s';
     select set_config('stardrop.session_began', a.backend_start::text, false)
     from pg_stat_get_activity(pg_backend_pid()) a";

/// A session of a loader.
#[derive(Debug)]
pub(super) struct Connection {
    database: Database,
    /// The COPYs into the private staging tables that are open in this session, by dataset.
    prepared: Mutex<HashMap<String, Statement>>,
}

/// A session of a load, and the COPY that is prepared in it.
#[derive(Clone)]
pub(super) struct Lane<'c> {
    pub connection: &'c Connection,
    pub copy: Statement,
}

impl<'c> Lane<'c> {
    pub fn client(&self) -> &'c Client {
        self.connection.client()
    }
}

impl Connection {
    /// Connects to the database of the settings.
    ///
    /// # Errors
    ///
    /// Those of [`db::connect`].
    pub async fn open(settings: &Settings) -> Result<Connection> {
        let database = db::connect(settings).await?;
        db::execute(&database.client, SESSION_SETTINGS, Stage::Connect).await?;
        Ok(Connection { database, prepared: Mutex::default() })
    }

    pub fn client(&self) -> &Client {
        &self.database.client
    }

    pub(crate) fn backend_pid(&self) -> i32 {
        self.database.backend_pid
    }

    /// Whether the server or the network ended the session.
    pub fn is_closed(&self) -> bool {
        self.database.is_closed()
    }

    /// Checks that the database has this contract of the dataset, opens the private staging table that its rows are
    /// copied into, and prepares the COPY.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotMigrated`] where the database has another contract or none; an error of the connection or of
    /// Postgres.
    pub async fn prepare(&self, star: &Star, dataset: &Dataset) -> Result<Statement> {
        if let Some(copy) = self.copy_of(dataset) {
            return Ok(copy);
        }
        let client = self.client();
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
        self.lock().insert(dataset.name.clone(), copy.clone());
        Ok(copy)
    }

    /// The COPY of a dataset, if it is prepared.
    pub fn copy_of(&self, dataset: &Dataset) -> Option<Statement> {
        self.lock().get(&dataset.name).cloned()
    }

    /// Prepares the dataset again before its next load: the database has another contract by now.
    pub(crate) fn invalidate(&self, dataset: &Dataset) {
        self.lock().remove(&dataset.name);
    }

    /// Cancels the running statement and closes the connection: the server then rolls back at once and releases its
    /// locks, where it would otherwise finish the statement first.
    pub async fn abort(self, settings: &Settings) {
        db::cancel(settings, &self.database).await;
        self.close().await;
    }

    /// Closes the connection.
    pub async fn close(self) {
        self.database.close().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Statement>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
