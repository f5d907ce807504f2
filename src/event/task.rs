//! Task: a request that is not about one object (migrate, health, reconcile) in; what it asks for out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Event, malformed};
use crate::error::Result;

/// `{"migrate": true, "iam": true, "logins": {"stardrop_load": "stardrop_loader"}}`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrate {
    /// Logins that are to be there, each with the role it is to have.
    pub logins: BTreeMap<String, String>,
    /// Whether these logins sign in with a token of AWS IAM.
    pub iam: bool,
}

/// `{"reconcile": {"bucket": "inbox", "prefix": "sales/", "heal": true}}`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    pub bucket: String,
    #[serde(default)]
    pub prefix: String,
    /// Whether what is missing, changed or stuck gets loaded.
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

/// The task that an event asks for, if it asks for one. These events are our own, so what is not
/// known in them is a mistake: a misspelt `heal` must not look like a success.
pub(super) fn read(event: &Value) -> Result<Option<Event>> {
    if event.get("migrate").is_some() {
        let shape = r#"{"migrate": true, "logins": {"<login>": "<role>"}, "iam": true or false}"#;
        let MigrateEvent { migrate, logins, iam } = strict(event, shape)?;
        return wanted(migrate, Event::Migrate(Migrate { logins, iam }), shape).map(Some);
    }
    if event.get("health").is_some() {
        let shape = r#"{"health": true}"#;
        let HealthEvent { health } = strict(event, shape)?;
        return wanted(health, Event::Health, shape).map(Some);
    }
    if event.get("reconcile").is_some() {
        let shape = r#"{"reconcile": {"bucket": "..", "prefix": "..", "heal": true or false}}"#;
        let ReconcileEvent { reconcile } = strict(event, shape)?;
        let named = !reconcile.bucket.is_empty();
        return wanted(named, Event::Reconcile(reconcile), shape).map(Some);
    }
    Ok(None)
}

fn strict<T: DeserializeOwned>(event: &Value, shape: &str) -> Result<T> {
    T::deserialize(event).map_err(|error| {
        // Of all that serde says, this alone never quotes a value.
        let error = error.to_string();
        let unknown = error.split('`').nth(1).filter(|_| error.starts_with("unknown field"));
        let unknown = unknown.map_or_else(String::new, |key| format!(", found `{key}`"));
        malformed(format!("expected {shape}{unknown}"))
    })
}

fn wanted(value: bool, event: Event, shape: &str) -> Result<Event> {
    if value { Ok(event) } else { Err(malformed(format!("expected {shape}"))) }
}
