//! Session: what a loader keeps from one load to the next: its connections and the time budget of the invocation.

use std::time::Duration;

use tokio::sync::OnceCell;
use tracing::info;

use super::connection::{Connection, Lane};
use super::time_budget::TimeBudget;
use crate::dataset::Dataset;
use crate::db::Client;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Settings;
use crate::star::Star;

/// A connection that was kept between invocations answers within this time, or is dropped.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// A loader's connections to the database, made when they are first needed.
#[derive(Default)]
pub(super) struct Session {
    /// The connection that holds the claims.
    connection: Option<Connection>,
    /// A second one for loads of several batches.
    second: OnceCell<Connection>,
    /// Whether a load is using the connections. Still set at the next invocation only after a panic.
    pub in_use: bool,
    pub budget: TimeBudget,
}

impl Session {
    /// Drops connections that no longer answer: a sandbox that was frozen does not notice when the server closes them.
    pub async fn check(&mut self, settings: &Settings) {
        if std::mem::take(&mut self.in_use) {
            // A load panicked, and the state of its transaction is not known.
            self.abort(settings).await;
        }
        let (first, second) =
            tokio::join!(is_lost(self.connection.as_ref()), is_lost(self.second.get()),);
        if first {
            self.connection = None;
        }
        if second {
            self.second.take();
        }
    }

    /// The client of the connection, which is made if there is none.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::open`].
    pub async fn connect(&mut self, settings: &Settings) -> Result<&Client> {
        if self.second.get().is_some_and(Connection::is_closed) {
            self.second.take();
        }
        if self.connection.as_ref().is_none_or(Connection::is_closed) {
            self.connection = Some(Connection::open(settings).await?);
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

    /// Connects, and prepares the dataset.
    ///
    /// # Errors
    ///
    /// Those of [`Session::connect`] and of [`Connection::prepare`].
    pub async fn prepare(
        &mut self,
        settings: &Settings,
        star: &Star,
        dataset: &Dataset,
    ) -> Result<()> {
        self.connect(settings).await?;
        let connection = self.connection.as_ref().ok_or_else(not_connected)?;
        connection.prepare(star, dataset).await.map(drop)
    }

    /// The connection with the COPY of a dataset that is prepared.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DatabaseLost`] where it is not, because there is no connection.
    pub fn lane(&self, dataset: &Dataset) -> Result<Lane<'_>> {
        lane(self.connection.as_ref(), dataset)
    }

    /// What a run needs of the session: the connection as [`Session::lane`], the place of the second one, and the time
    /// budget, which the run changes.
    ///
    /// # Errors
    ///
    /// Those of [`Session::lane`].
    pub(crate) fn for_run(
        &mut self,
        dataset: &Dataset,
    ) -> Result<(Lane<'_>, &OnceCell<Connection>, &mut TimeBudget)> {
        Ok((lane(self.connection.as_ref(), dataset)?, &self.second, &mut self.budget))
    }

    /// Prepares the dataset again before its next load: the database has another contract by now.
    pub(crate) fn invalidate_staging(&mut self, dataset: &Dataset) {
        for connection in self.connection.iter().chain(self.second.get()) {
            connection.invalidate(dataset);
        }
    }

    /// Drops the connections, if there are any, and returns the pid of the backend that held the claim.
    pub(crate) fn disconnect(&mut self) -> Option<i32> {
        self.second.take();
        self.connection.take().map(|connection| connection.backend_pid())
    }

    /// Aborts what the connections do, and closes them.
    pub async fn abort(&mut self, settings: &Settings) {
        for connection in self.take_all() {
            connection.abort(settings).await;
        }
    }

    /// Closes the connections.
    pub async fn close(&mut self) {
        for connection in self.take_all() {
            connection.close().await;
        }
    }

    fn take_all(&mut self) -> impl Iterator<Item = Connection> + use<> {
        self.second.take().into_iter().chain(self.connection.take())
    }
}

fn lane<'c>(connection: Option<&'c Connection>, dataset: &Dataset) -> Result<Lane<'c>> {
    let connection = connection.ok_or_else(not_connected)?;
    let copy = connection.copy_of(dataset).ok_or_else(not_connected)?;
    Ok(Lane { connection, copy })
}

/// Whether there is a connection that no longer answers.
async fn is_lost(connection: Option<&Connection>) -> bool {
    let Some(connection) = connection else { return false };
    let answers =
        async { !connection.is_closed() && connection.client().simple_query("").await.is_ok() };
    let is_lost = !tokio::time::timeout(CHECK_TIMEOUT, answers).await.unwrap_or(false);
    if is_lost {
        info!("the connection was lost since the last invocation; connecting again");
    }
    is_lost
}

fn not_connected() -> Error {
    Error::new(ErrorKind::DatabaseLost, Stage::Connect, "there is no connection to the database")
}
