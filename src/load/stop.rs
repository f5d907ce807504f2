//! Stop: a word from outside that the process ends in; loads that hear it out.

use tokio::sync::watch;

use super::Loader;
use crate::db;
use crate::error::{Error, ErrorKind, Stage};

/// Tells a loader to let go of what it is at. Clones are the same word.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Stop(watch::Sender::new(false))
    }
}

impl Stop {
    /// Says it. There is no way back.
    pub fn tell(&self) {
        self.0.send_replace(true);
    }

    /// Returns once it is said.
    pub async fn told(&self) {
        // The other end is this one: it does not go away meanwhile.
        let _ = self.0.subscribe().wait_for(|told| *told).await;
    }

    /// The error of whoever heard it.
    pub fn error() -> Error {
        let message = "the loader was told to end; what is committed stays";
        Error::new(ErrorKind::OutOfTime, Stage::Event, message)
    }
}

impl Loader {
    /// By which the loader is told to stop.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Leaves the load at hand at its last checkpoint, and its key to whoever comes next: the
    /// server drops the open batch at once, where else it would first go through with it.
    pub(super) async fn give_up(&mut self) {
        if let Some(session) = self.database.take() {
            db::cancel(&self.settings, &session.database).await;
            session.database.close().await;
        }
    }

    /// Ends the connection.
    pub async fn close(&mut self) {
        if let Some(session) = self.database.take() {
            session.database.close().await;
        }
    }
}
