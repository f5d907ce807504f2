//! Task: reads the events that ask for something other than a load: migrate, health, reconcile, extract.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::content::malformed;
use super::extract::Extract;
use crate::error::Result;

/// A task of the Lambda other than loading objects.
#[derive(Debug)]
pub enum Task {
    /// Report whether everything that a load needs works.
    Health,
    /// Change the database to match the datasets.
    Migrate(Migrate),
    /// Compare a bucket with the ledger.
    Reconcile(Reconcile),
    /// Copy tables of a database into the bucket.
    Extract(Box<Extract>),
}

/// `{"migrate": true, "iam": true, "logins": {"stardrop_load": "stardrop_loader"}}`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrate {
    /// The logins to create, each with its role.
    pub logins: BTreeMap<String, String>,
    /// Whether these logins authenticate with AWS IAM tokens.
    pub iam: bool,
}

/// `{"reconcile": {"bucket": "inbox", "prefix": "sales/", "heal": true}}`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// The bucket to compare with the ledger.
    pub bucket: String,
    /// The start of the keys to compare; empty for all.
    #[serde(default)]
    pub prefix: String,
    /// Whether to load the objects that are missing, changed or stuck.
    #[serde(default)]
    pub heal: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MigrateEvent {
    migrate: bool,
    #[serde(default)]
    logins: BTreeMap<String, String>,
    #[serde(default)]
    iam: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HealthEvent {
    health: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReconcileEvent {
    reconcile: Reconcile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtractEvent {
    extract: Extract,
}

/// The task that an event asks for, or `None`. Unknown fields are an error, since these events are our own: a
/// misspelt `heal` must not look like a success.
pub(super) fn read(event: &Value) -> Result<Option<Task>> {
    if event.get("migrate").is_some() {
        let shape = r#"{"migrate": true, "logins": {"<login>": "<role>"}, "iam": true or false}"#;
        let MigrateEvent { migrate, logins, iam } = strict(event, shape)?;
        return wanted(migrate, Task::Migrate(Migrate { logins, iam }), shape).map(Some);
    }
    if event.get("health").is_some() {
        let shape = r#"{"health": true}"#;
        let HealthEvent { health } = strict(event, shape)?;
        return wanted(health, Task::Health, shape).map(Some);
    }
    if event.get("reconcile").is_some() {
        let shape = r#"{"reconcile": {"bucket": "..", "prefix": "..", "heal": true or false}}"#;
        let ReconcileEvent { reconcile } = strict(event, shape)?;
        let named = !reconcile.bucket.is_empty();
        return wanted(named, Task::Reconcile(reconcile), shape).map(Some);
    }
    if event.get("extract").is_some() {
        let shape = r#"{"extract": {"source": "mysql://user@host/database", "tables": [".."], "to": "s3://bucket/prefix/", ..}}"#;
        let ExtractEvent { extract } = strict(event, shape)?;
        extract.check()?;
        return Ok(Some(Task::Extract(Box::new(extract))));
    }
    Ok(None)
}

fn strict<T: DeserializeOwned>(event: &Value, shape: &str) -> Result<T> {
    T::deserialize(event).map_err(|error| {
        // Serde's other messages may quote a value.
        let error = error.to_string();
        let unknown = error.split('`').nth(1).filter(|_| error.starts_with("unknown field"));
        let unknown = unknown.map_or_else(String::new, |key| format!(", found `{key}`"));
        malformed(format!("expected {shape}{unknown}"))
    })
}

fn wanted(value: bool, task: Task, shape: &str) -> Result<Task> {
    if value { Ok(task) } else { Err(malformed(format!("expected {shape}"))) }
}
