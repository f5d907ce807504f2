//! Migrate: changes the database to match the datasets, and creates the logins that the event lists.

use std::time::Instant;

use serde_json::{Value, json};

use super::Handler;
use super::time_limit::within;
use crate::db;
use crate::error::Result;
use crate::event::Migrate;
use crate::migrate;

impl Handler {
    /// Migrates over a separate connection, which is closed afterwards.
    ///
    /// # Errors
    /// Those of connecting and of [`migrate::deploy`];
    /// [`OutOfTime`](crate::error::ErrorKind::OutOfTime) where the migration does not finish within the invocation.
    pub(super) async fn migrate(
        &mut self,
        wanted: &Migrate,
        deadline: Option<Instant>,
    ) -> Result<Value> {
        let settings = self.loader.settings();
        let mut database = db::connect(settings).await?;
        let deployed = migrate::deploy(&mut database.client, self.loader.star(), wanted);
        let deployed =
            within(deadline, &self.loader.cancellation_token(), "migrated", deployed).await;
        if deployed.is_err() {
            // A statement that still runs would block the next attempt.
            db::cancel(settings, &database).await;
        }
        database.close().await;
        let (report, ledger_version) = deployed?;
        for change in &report.changes {
            tracing::info!("{change}");
        }
        for note in &report.notes {
            tracing::warn!("{note}");
        }
        Ok(json!({
            "migrated": true,
            "changes": report.changes,
            "notes": report.notes,
            "ledger_version": ledger_version,
            "version": env!("CARGO_PKG_VERSION"),
        }))
    }
}
