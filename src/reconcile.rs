//! Reconcile: compares the objects of a bucket with the loads in the ledger, and returns the differences.

use crate::db::Client;
use serde::Serialize;
use serde_json::{Value, json};

use crate::dataset::{Catalog, Match};
use crate::error::Result;
use crate::ledger::view::{self, Newest};
use crate::object::{Listing, ObjectRef, Source};
use crate::settings::KeyPatterns;

/// How an object differs from the newest load of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// There is no load of the key: an event was lost.
    Missing,
    /// The newest load is of another version of the object.
    Changed,
    /// The load is not finished, and no worker holds it.
    Stuck,
    /// The load failed: `stardrop replay` retries it after the cause is fixed.
    Failed,
}

impl DifferenceKind {
    /// The name in output and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            DifferenceKind::Missing => "missing",
            DifferenceKind::Changed => "changed",
            DifferenceKind::Stuck => "stuck",
            DifferenceKind::Failed => "failed",
        }
    }

    /// Whether loading the object resolves the difference.
    pub fn is_healable(self) -> bool {
        self != DifferenceKind::Failed
    }
}

/// An object that differs from the ledger.
#[derive(Debug, Clone)]
pub struct Difference {
    /// How bucket and ledger differ.
    pub kind: DifferenceKind,
    /// The object in the bucket, or the one that the ledger knows.
    pub object: ObjectRef,
    /// Its newest load, if the ledger has one.
    pub load_id: Option<i64>,
}

impl Difference {
    /// The difference as a JSON object.
    pub fn to_json(&self) -> Value {
        let object = &self.object;
        json!({
            "difference": self.kind, "bucket": object.bucket, "key": object.key, "etag": object.etag,
            "size_bytes": object.size_bytes, "load_id": self.load_id,
        })
    }
}

/// Which keys belong to datasets, and which are no files to load.
#[derive(Clone, Copy)]
pub struct Keys<'c> {
    /// The contracts.
    pub catalog: &'c Catalog,
    /// The keys that are ignored.
    pub ignore: &'c KeyPatterns,
}

/// The result of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Each object that differs.
    pub differences: Vec<Difference>,
    /// The number of objects whose key matches a dataset.
    pub compared: u64,
    /// The number of objects whose key matches no dataset.
    pub unmatched: u64,
    /// The number of objects whose key is ignored.
    pub ignored: u64,
}

/// Compares all objects below `prefix` with the ledger.
///
/// # Errors
/// The bucket does not exist or cannot be read; the ledger's functions cannot be called.
pub async fn compare(
    source: &Source,
    client: &Client,
    keys: Keys<'_>,
    bucket: &str,
    prefix: &str,
) -> Result<Comparison> {
    let mut paged = PagedComparison::new(source, keys, bucket, prefix).await;
    let mut differences = Vec::new();
    while let Some(page) = paged.next_page(client).await? {
        differences.extend(page);
    }
    let PagedComparison { compared, unmatched, ignored, .. } = paged;
    Ok(Comparison { differences, compared, unmatched, ignored })
}

/// A comparison page by page, in the order of the keys.
pub(crate) struct PagedComparison<'c> {
    keys: Keys<'c>,
    bucket: &'c str,
    listing: Listing,
    /// As in [`Comparison`], for the pages so far.
    pub compared: u64,
    pub unmatched: u64,
    pub ignored: u64,
    /// The last key of the last page.
    pub reached: Option<String>,
}

impl<'c> PagedComparison<'c> {
    /// A comparison that starts at the first key below `prefix`.
    pub(crate) async fn new(
        source: &Source,
        keys: Keys<'c>,
        bucket: &'c str,
        prefix: &str,
    ) -> PagedComparison<'c> {
        let listing = source.list(bucket, prefix).await;
        PagedComparison {
            keys,
            bucket,
            listing,
            compared: 0,
            unmatched: 0,
            ignored: 0,
            reached: None,
        }
    }

    /// The differences of the next page of the bucket, which may be empty; `None` after the last page.
    ///
    /// # Errors
    /// The bucket does not exist or cannot be read; the ledger's functions cannot be called.
    pub(crate) async fn next_page(&mut self, client: &Client) -> Result<Option<Vec<Difference>>> {
        let Some(page) = self.listing.next_page().await? else { return Ok(None) };
        self.reached = page.last().map(|object| object.key.clone()).or(self.reached.take());
        let (ignored, page): (Vec<_>, Vec<_>) =
            page.into_iter().partition(|object| self.keys.ignore.fit(&object.key));
        self.ignored += ignored.len() as u64;
        let (matched, unmatched): (Vec<_>, Vec<_>) = page
            .into_iter()
            .partition(|object| !matches!(self.keys.catalog.match_key(&object.key), Match::None));
        self.compared += matched.len() as u64;
        self.unmatched += unmatched.len() as u64;
        let keys: Vec<&str> = matched.iter().map(|object| object.key.as_str()).collect();
        let newest = view::newest_loads(client, self.bucket, &keys).await?;
        let differences = matched.into_iter().filter_map(|object| {
            let load = newest.get(&object.key);
            let takers = takers(self.keys.catalog, &object);
            let kind = difference(&object, load, &takers)?;
            Some(Difference { kind, load_id: load.map(|load| load.load_id), object })
        });
        Ok(Some(differences.collect()))
    }
}

/// The datasets of a key that take parts of its object: each of them has loads of it.
fn takers<'c>(catalog: &'c Catalog, object: &ObjectRef) -> Vec<&'c str> {
    let datasets = match catalog.match_key(&object.key) {
        Match::None => Vec::new(),
        Match::One(dataset) => vec![dataset],
        Match::Several(datasets) => datasets,
    };
    let taking = datasets.into_iter().filter(|dataset| dataset.file.parts.is_some());
    taking.map(|dataset| dataset.name.as_str()).collect()
}

fn difference(
    object: &ObjectRef,
    newest: Option<&Newest>,
    takers: &[&str],
) -> Option<DifferenceKind> {
    let Some(newest) = newest else { return Some(DifferenceKind::Missing) };
    if newest.etag != object.etag {
        return Some(DifferenceKind::Changed);
    }
    let is_taken = |dataset: &&str| newest.datasets.iter().any(|known| known == dataset);
    match newest.state.as_str() {
        "loading" if newest.idle => Some(DifferenceKind::Stuck),
        "failed" => Some(DifferenceKind::Failed),
        // No dataset fitted the key at the time of its event, and one does now.
        "unmatched" => Some(DifferenceKind::Missing),
        // The object did not exist at the time of the load, and exists now.
        "missing" => Some(DifferenceKind::Changed),
        // A dataset that takes other parts of it came later.
        _ if !takers.iter().all(is_taken) => Some(DifferenceKind::Missing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_load_of_a_key_decides_how_its_object_differs() {
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
            let datasets = vec!["a".to_owned()];
            difference(&object, Some(&Newest { load_id: 1, etag, state, idle, datasets }), &["a"])
        };
        assert_eq!(difference(&object, None, &[]), Some(DifferenceKind::Missing));
        assert_eq!(of("before", "loaded", false), Some(DifferenceKind::Changed));
        assert_eq!(of("now", "loading", true), Some(DifferenceKind::Stuck));
        assert_eq!(of("now", "loading", false), None);
        assert_eq!(of("now", "failed", false), Some(DifferenceKind::Failed));
        assert_eq!(of("now", "missing", false), Some(DifferenceKind::Changed));
        assert_eq!(of("now", "unmatched", false), Some(DifferenceKind::Missing));
        for state in ["loaded", "duplicate", "undone"] {
            assert_eq!(of("now", state, false), None, "{state}");
        }
        let other = Newest {
            load_id: 1,
            etag: Some("now".to_owned()),
            state: "loaded".to_owned(),
            idle: false,
            datasets: vec!["a".to_owned()],
        };
        let missing = difference(&object, Some(&other), &["a", "b"]);
        assert_eq!(missing, Some(DifferenceKind::Missing), "the parts of b");
    }
}
