//! Session: a loader's connection, checked and prepared for a dataset.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Client;
use tracing::info;

use super::Loader;
use crate::dataset::{Catalog, Dataset};
use crate::db::{self, Database, database_error};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger;
use crate::object::Source;
use crate::settings::Settings;
use crate::star::{self, Star};

/// A worker that hangs must not hold up others: not in an open transaction, not in a wait.
const SESSION: &str = "set idle_in_transaction_session_timeout = '15s'; set lock_timeout = '60s'";

/// How often a load goes on over a new connection after one broke, and the pause before, which
/// grows: a server that restarts is back by then.
const LOSS_RETRIES: u32 = 5;
pub(super) const LOSS_PAUSE: Duration = Duration::from_millis(300);

/// A connection that was kept answers by then, or is none any more.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection and what it has been prepared for.
pub(super) struct Session {
    pub database: Database,
    /// Datasets whose inbox is open in this session.
    pub opened: HashSet<String>,
}

impl Loader {
    /// The settings that it loads by.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where it reads objects.
    pub fn source(&self) -> Arc<Source> {
        Arc::clone(&self.source)
    }

    /// The contracts that it loads by.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog)
    }

    /// The star that its contracts compile to.
    pub fn star(&self) -> &Star {
        &self.star
    }

    /// Looks whether the connection still answers that was kept since the last invocation, and
    /// drops it if not: a sandbox that was frozen does not hear that a server went away.
    pub async fn check_connection(&mut self) {
        if std::mem::take(&mut self.at_work) {
            // After a panic, nobody knows in what it stands.
            self.give_up().await;
        }
        let Some(Session { database, .. }) = &self.database else { return };
        let answers =
            async { !database.is_closed() && database.client.simple_query("").await.is_ok() };
        let answers = tokio::time::timeout(CHECK_TIMEOUT, answers).await.unwrap_or(false);
        if !answers {
            info!("the connection was lost since the last invocation, and is made anew");
            self.database = None;
        }
    }

    /// The session's client, connected if it is not yet.
    ///
    /// # Errors
    ///
    /// As [`db::connect`].
    pub async fn client(&mut self) -> Result<&Client> {
        if self.database.as_ref().is_none_or(|session| session.database.is_closed()) {
            let database = db::connect(&self.settings).await?;
            database
                .client
                .batch_execute(SESSION)
                .await
                .map_err(|error| database_error(error, Stage::Connect))?;
            self.database = Some(Session { database, opened: HashSet::new() });
        }
        Ok(&self.session()?.database.client)
    }

    /// A session that has checked the dataset's tables and opened its inbox.
    pub(super) async fn prepare(&mut self, dataset: &Dataset) -> Result<()> {
        self.client().await?;
        let fingerprint = self.contract(dataset).to_owned();
        let session = self.session()?;
        if session.opened.contains(&dataset.name) {
            return Ok(());
        }
        let client = &session.database.client;
        let applied = contract_of(client, &dataset.name).await?;
        if applied.as_ref() != Some(&fingerprint) {
            let what = if applied.is_some() { "another version of dataset" } else { "no dataset" };
            let message = format!("the database has {what} `{}`", dataset.name);
            return Err(Error::new(ErrorKind::NotMigrated, Stage::Dataset, message));
        }
        if let Some(call) = star::open_call(dataset) {
            client
                .batch_execute(&call)
                .await
                .map_err(|error| database_error(error, Stage::Connect))?;
        }
        if let Some(session) = &mut self.database {
            session.opened.insert(dataset.name.clone());
        }
        Ok(())
    }

    pub(super) fn lease(&self) -> Duration {
        Duration::from_secs(self.settings.lease_seconds)
    }

    /// The fingerprint of the dataset's contract, as this loader knows it.
    pub(super) fn contract(&self, dataset: &Dataset) -> &str {
        self.star.dataset(&dataset.name).map_or("", |compiled| compiled.fingerprint.as_str())
    }

    /// The database has another contract: the inbox is opened anew once it fits again.
    pub(super) fn forget_inbox(&mut self, dataset: &Dataset) {
        if let Some(session) = &mut self.database {
            session.opened.remove(&dataset.name);
        }
    }

    pub(super) fn session(&self) -> Result<&Session> {
        self.database.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::DatabaseLost, Stage::Connect, "there is no connection")
        })
    }

    pub(super) async fn release(&self, load_id: i64) -> Result<()> {
        ledger::release(&self.session()?.database.client, load_id).await
    }

    /// Lets go of a load that somebody goes on with later. A connection that cannot even do that
    /// is dropped, and its locks with it.
    pub(super) async fn let_go(&mut self, load_id: i64) {
        if self.release(load_id).await.is_err() {
            self.lose_connection();
        }
    }

    /// Drops the connection, if it is not dropped yet, and keeps in mind whose claim to end.
    pub(super) fn lose_connection(&mut self) {
        if let Some(lost) = self.database.take() {
            self.lost_backend = Some(lost.database.backend_pid);
        }
    }
}

/// The fingerprint of the contract that the database has of a dataset.
///
/// # Errors
///
/// What the database says.
pub async fn contract_of(client: &Client, dataset: &str) -> Result<Option<String>> {
    client
        .query_one("select stardrop.contract_of($1)", &[&dataset])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(|error| database_error(error, Stage::Connect))
}

/// Whether the connection is at fault, and one more is to be tried: the first refusal to connect
/// at all is final, a refusal after a loss may be a server that restarts.
pub(super) fn is_lost(error: &Error, losses: u32) -> bool {
    match error.kind {
        ErrorKind::DatabaseLost => losses < LOSS_RETRIES,
        ErrorKind::NoDatabase => (1..LOSS_RETRIES).contains(&losses),
        _ => false,
    }
}
