//! Health: what a load needs in; each part of it, and whether it is well, out. Writes nothing.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tokio_postgres::Client;

use super::{Handler, within};
use crate::db::database_error;
use crate::error::{Result, Stage};
use crate::load;

/// A database that has not answered by then is not well, whatever it is at.
const PATIENCE: Duration = Duration::from_secs(20);

impl Handler {
    /// Looks at everything. What is not well is named under `failing`, with the reason: that is an
    /// answer, and no failure of the invocation.
    pub(super) async fn health(&mut self, deadline: Option<Instant>) -> Value {
        let mut failing = Map::new();
        let (cancel, patience) = (self.loader.cancellation_token(), Instant::now() + PATIENCE);
        let until = deadline.map_or(patience, |end| end.min(patience));
        let contracts: Vec<(String, String)> = self
            .loader
            .star()
            .datasets
            .iter()
            .map(|dataset| (dataset.name.clone(), dataset.fingerprint.clone()))
            .collect();
        // Of a database that does not answer, nothing is known.
        let mut datasets: Map<String, Value> =
            contracts.iter().map(|(name, _)| (name.clone(), Value::Null)).collect();
        let look = self.look(&contracts, &mut datasets, &mut failing);
        let looked = within(Some(until), &cancel, "answered by the database", look).await;
        if let Err(error) = &looked {
            failing.insert("database".to_owned(), error.to_string().into());
        }
        let server_version = looked.ok();
        if self.queue_url.is_none() {
            let why = "no queue to hand loads on by: STARDROP_QUEUE_URL is not set";
            failing.insert("queue".to_owned(), why.into());
        }
        for (part, why) in &failing {
            tracing::warn!("{part} is not well: {}", why.as_str().unwrap_or_default());
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

    /// Whether the database has each of the contracts, and the server's version.
    async fn look(
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
                Ok(Some(_)) => Some("the database has another version of it".to_owned()),
                Ok(None) => Some("the database does not have it".to_owned()),
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
