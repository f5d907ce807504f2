//! Health: checks everything that a load needs, and reports what is not healthy. Writes nothing.

use std::time::{Duration, Instant};

use crate::db::Client;
use serde_json::{Map, Value, json};

use super::Handler;
use super::time_limit::within;
use crate::db::database_error;
use crate::error::{Result, Stage};
use crate::load;

/// A database that does not answer within this time is reported as failing.
const TIMEOUT: Duration = Duration::from_secs(20);

impl Handler {
    /// Checks everything. What is not healthy is listed under `failing`, with the reason; the
    /// invocation itself succeeds.
    pub(super) async fn health(&mut self, deadline: Option<Instant>) -> Value {
        let mut failing = Map::new();
        let (cancel, timeout) = (self.loader.cancellation_token(), Instant::now() + TIMEOUT);
        let until = deadline.map_or(timeout, |end| end.min(timeout));
        let contracts: Vec<(String, String)> = self
            .loader
            .star()
            .datasets
            .iter()
            .map(|dataset| (dataset.name.clone(), dataset.fingerprint.clone()))
            .collect();
        // Null, for unknown, where the database does not answer.
        let mut datasets: Map<String, Value> =
            contracts.iter().map(|(name, _)| (name.clone(), Value::Null)).collect();
        let check = self.check_database(&contracts, &mut datasets, &mut failing);
        let checked = within(Some(until), &cancel, "answered by the database", check).await;
        if let Err(error) = &checked {
            failing.insert("database".to_owned(), error.to_string().into());
        }
        let server_version = checked.ok();
        if self.queue_url.is_none() {
            let why = "no queue to continue loads by: STARDROP_QUEUE_URL is not set";
            failing.insert("queue".to_owned(), why.into());
        }
        self.check_enrichments(&mut failing).await;
        for (part, why) in &failing {
            tracing::warn!("{part} is not healthy: {}", why.as_str().unwrap_or_default());
        }
        json!({
            "healthy": failing.is_empty(),
            "failing": failing,
            "version": env!("CARGO_PKG_VERSION"),
            "database": { "reachable": server_version.is_some(), "server_version": server_version },
            "datasets": datasets,
            "queue": self.queue_url.is_some(),
        })
    }

    /// Opens the files of all enrichments.
    async fn check_enrichments(&mut self, failing: &mut Map<String, Value>) {
        let catalog = self.loader.catalog();
        for dataset in catalog.datasets().iter().filter(|d| !d.enrichments.is_empty()) {
            if let Err(error) = self.loader.enrichment_files(&dataset.name).await {
                failing.insert(format!("enrich.{}", dataset.name), error.to_string().into());
            }
        }
    }

    /// Checks whether the database has the current version of each contract, and returns the server's version.
    ///
    /// # Errors
    /// Those of connecting, and [`database_error`]'s for the query of the version.
    async fn check_database(
        &mut self,
        contracts: &[(String, String)],
        datasets: &mut Map<String, Value>,
        failing: &mut Map<String, Value>,
    ) -> Result<String> {
        let client = self.loader.client().await?;
        let version = server_version(client).await?;
        for (name, fingerprint) in contracts {
            let problem = match load::contract_of(client, name).await {
                Ok(Some(applied)) if applied == *fingerprint => None,
                Ok(Some(_)) => Some("the database has another version of this contract".to_owned()),
                Ok(None) => Some("the database does not have this dataset".to_owned()),
                Err(error) => Some(error.to_string()),
            };
            datasets.insert(name.clone(), problem.is_none().into());
            if let Some(problem) = problem {
                let why = format!("{problem}; run: stardrop migrate");
                failing.insert(format!("datasets.{name}"), why.into());
            }
        }
        Ok(version)
    }
}

async fn server_version(client: &Client) -> Result<String> {
    let row = client.query_one("show server_version", &[]).await;
    row.and_then(|row| row.try_get(0)).map_err(|error| database_error(error, Stage::Connect))
}
