//! Reconcile: a bucket and the ledger in; the objects out that one has and the other has not.

use serde::Serialize;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::dataset::{Catalog, Match};
use crate::error::Result;
use crate::ledger::view::{self, Newest};
use crate::object::{Listing, ObjectRef, Source};

/// What is wrong with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The ledger does not know its key: an event was lost.
    Missing,
    /// The ledger knows another version of it as the newest.
    Changed,
    /// Its load is not finished, and nobody works on it.
    Stuck,
    /// Its load has failed: `stardrop replay` starts it again, once what was wrong is mended.
    Failed,
}

impl What {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Missing => "missing",
            What::Changed => "changed",
            What::Stuck => "stuck",
            What::Failed => "failed",
        }
    }

    /// Whether loading the object mends it.
    pub fn heals(self) -> bool {
        self != What::Failed
    }
}

/// An object that bucket and ledger do not agree about.
#[derive(Debug, Clone)]
pub struct Difference {
    pub what: What,
    pub object: ObjectRef,
    pub load_id: Option<i64>,
}

impl Difference {
    /// The same for programs.
    pub fn to_json(&self) -> Value {
        let object = &self.object;
        json!({
            "what": self.what, "bucket": object.bucket, "key": object.key, "etag": object.etag,
            "size_bytes": object.size_bytes, "load_id": self.load_id,
        })
    }
}

/// What a comparison came to.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    pub differences: Vec<Difference>,
    /// Objects that belong to a dataset.
    pub compared: u64,
    /// Objects whose key fits no dataset.
    pub strangers: u64,
}

/// Compares the objects below `prefix` with the ledger, all of them.
///
/// # Errors
/// What the bucket or the database says.
pub async fn compare(
    source: &Source,
    client: &Client,
    catalog: &Catalog,
    bucket: &str,
    prefix: &str,
) -> Result<Comparison> {
    let mut comparing = Comparing::new(source, catalog, bucket, prefix).await;
    let mut differences = Vec::new();
    while let Some(page) = comparing.next_page(client).await? {
        differences.extend(page);
    }
    Ok(Comparison { differences, compared: comparing.compared, strangers: comparing.strangers })
}

/// A comparison under way, in the order of the keys.
pub struct Comparing<'c> {
    catalog: &'c Catalog,
    bucket: &'c str,
    listing: Listing,
    /// As in [`Comparison`], so far.
    pub compared: u64,
    pub strangers: u64,
    /// The last key of the last page.
    pub reached: Option<String>,
}

impl<'c> Comparing<'c> {
    /// One that begins at the first key below `prefix`.
    pub async fn new(
        source: &Source,
        catalog: &'c Catalog,
        bucket: &'c str,
        prefix: &str,
    ) -> Comparing<'c> {
        let listing = source.list(bucket, prefix).await;
        Comparing { catalog, bucket, listing, compared: 0, strangers: 0, reached: None }
    }

    /// The differences of the next page of the bucket, maybe none; `None` at its end.
    ///
    /// # Errors
    /// What the bucket or the database says.
    pub async fn next_page(&mut self, client: &Client) -> Result<Option<Vec<Difference>>> {
        let Some(page) = self.listing.next_page().await? else { return Ok(None) };
        self.reached = page.last().map(|object| object.key.clone()).or(self.reached.take());
        let (ours, others): (Vec<_>, Vec<_>) = page
            .into_iter()
            .partition(|object| matches!(self.catalog.match_key(&object.key), Match::One(_)));
        self.compared += ours.len() as u64;
        self.strangers += others.len() as u64;
        let keys: Vec<&str> = ours.iter().map(|object| object.key.as_str()).collect();
        let newest = view::newest_loads(client, self.bucket, &keys).await?;
        let differences = ours.into_iter().filter_map(|object| {
            let load = newest.get(&object.key);
            let what = difference(&object, load)?;
            Some(Difference { what, load_id: load.map(|load| load.load_id), object })
        });
        Ok(Some(differences.collect()))
    }
}

fn difference(object: &ObjectRef, newest: Option<&Newest>) -> Option<What> {
    let Some(newest) = newest else { return Some(What::Missing) };
    if newest.etag != object.etag {
        return Some(What::Changed);
    }
    match newest.state.as_str() {
        "loading" if newest.idle => Some(What::Stuck),
        "failed" => Some(What::Failed),
        // It was gone when its event came, and is here now.
        "missing" => Some(What::Changed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_load_of_a_key_says_what_is_wrong_with_its_object() {
        let object = ObjectRef {
            bucket: "b".to_owned(),
            key: "k".to_owned(),
            version_id: None,
            etag: Some("now".to_owned()),
            size_bytes: None,
            object_time: None,
            sequencer: None,
        };
        let of = |etag: &str, state: &str, idle| {
            let (etag, state) = (Some(etag.to_owned()), state.to_owned());
            difference(&object, Some(&Newest { load_id: 1, etag, state, idle }))
        };
        assert_eq!(difference(&object, None), Some(What::Missing));
        assert_eq!(of("before", "loaded", false), Some(What::Changed));
        assert_eq!(of("now", "loading", true), Some(What::Stuck));
        assert_eq!(of("now", "loading", false), None);
        assert_eq!(of("now", "failed", false), Some(What::Failed));
        assert_eq!(of("now", "missing", false), Some(What::Changed));
        for state in ["loaded", "duplicate", "undone"] {
            assert_eq!(of("now", state, false), None, "{state}");
        }
    }
}
