//! Migrate: the request of an apply in; a database that fits the datasets and has the logins, out.

use std::time::Instant;

use serde_json::{Value, json};

use super::{Handler, within};
use crate::db;
use crate::error::Result;
use crate::event::Migrate;
use crate::migrate;

impl Handler {
    /// Migrates over a connection of its own, as another login than loads usually have.
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
            // What was not through in time still runs, and would hold up the next attempt.
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
