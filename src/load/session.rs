//! Session: a loader's connection, checked and prepared for a dataset.

use std::collections::HashSet;

use super::Loader;
use crate::dataset::Dataset;
use crate::db::{self, Database, database_error};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::star;

/// A worker that hangs must not hold up others: not in an open transaction, not in a wait.
const SESSION: &str = "set idle_in_transaction_session_timeout = '15s'; set lock_timeout = '60s'";

/// A connection and what it has been prepared for.
pub(super) struct Session {
    pub database: Database,
    /// Datasets whose inbox is open in this session.
    pub opened: HashSet<String>,
}

impl Loader {
    /// A session that has checked the dataset's tables and opened its inbox.
    pub(super) async fn prepare(&mut self, dataset: &Dataset) -> Result<()> {
        if self.database.as_ref().is_none_or(|session| session.database.is_closed()) {
            let database = db::connect(&self.settings).await?;
            database
                .client
                .batch_execute(SESSION)
                .await
                .map_err(|error| database_error(error, Stage::Connect))?;
            self.database = Some(Session { database, opened: HashSet::new() });
        }
        let fingerprint = self.contract(dataset).to_owned();
        let session = self.session()?;
        if session.opened.contains(&dataset.name) {
            return Ok(());
        }
        let client = &session.database.client;
        let applied: Option<String> = client
            .query_one("select stardrop.contract_of($1)", &[&dataset.name])
            .await
            .and_then(|row| row.try_get(0))
            .map_err(|error| database_error(error, Stage::Connect))?;
        if applied.as_ref() != Some(&fingerprint) {
            let what = if applied.is_some() { "another version of dataset" } else { "no dataset" };
            let message = format!("the database has {what} `{}`", dataset.name);
            return Err(Error::new(ErrorKind::NotMigrated, Stage::Dataset, message));
        }
        client
            .batch_execute(&star::open_call(dataset))
            .await
            .map_err(|error| database_error(error, Stage::Connect))?;
        if let Some(session) = &mut self.database {
            session.opened.insert(dataset.name.clone());
        }
        Ok(())
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
}
