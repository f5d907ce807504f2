//! Writes and deletes the object versions of a schedule in S3, and records what S3 did, in order.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::Value;
use stardrop::object::ObjectRef;
use tokio::sync::Mutex;

use super::files;
use super::schedule::Schedule;
use super::site::Site;
use crate::support::cloud::object_of;

/// An object version that was written.
#[derive(Debug, Clone)]
pub struct WrittenObject {
    /// Its number in the schedule.
    pub put: usize,
    pub event: Value,
    /// As the event names it.
    pub object: ObjectRef,
}

/// What happened to a key.
#[derive(Debug, Clone)]
pub enum S3Change {
    Put(Box<WrittenObject>),
    Delete { key: String },
}

impl S3Change {
    pub fn key(&self) -> &str {
        match self {
            S3Change::Put(written) => &written.object.key,
            S3Change::Delete { key } => key,
        }
    }
}

pub struct Bucket {
    pub site: Arc<Site>,
    pub schedule: Arc<Schedule>,
    pub name: String,
    /// The number of faults that the endpoint was asked to inject.
    pub s3_faults: AtomicU64,
    changes: Mutex<Vec<S3Change>>,
}

impl Bucket {
    pub fn new(site: &Arc<Site>, schedule: &Arc<Schedule>, name: String) -> Bucket {
        site.endpoint(schedule.versioned).s3.create_bucket(&name).unwrap();
        Bucket {
            site: Arc::clone(site),
            schedule: Arc::clone(schedule),
            name,
            s3_faults: AtomicU64::new(0),
            changes: Mutex::default(),
        }
    }

    /// Writes an object, unless that was done already.
    pub async fn put(&self, number: usize) {
        let mut changes = self.changes.lock().await;
        if changes
            .iter()
            .any(|change| matches!(change, S3Change::Put(written) if written.put == number))
        {
            return;
        }
        let put = &self.schedule.puts[number];
        let endpoint = self.site.endpoint(self.schedule.versioned);
        let bytes = files::bytes(&put.parts);
        let receipt = endpoint.s3.put_bytes(&self.name, &put.key, bytes).await.unwrap();
        let mut event = endpoint.event(&receipt.sequencer);
        let time = &mut event["Records"][0]["eventTime"];
        let right: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
        let skewed = right + jiff::SignedDuration::from_millis(put.skew_ms);
        *time = format!("{skewed:.3}").into();
        let object = object_of(&event);
        changes.push(S3Change::Put(Box::new(WrittenObject { put: number, event, object })));
    }

    /// Deletes the key of an object.
    pub async fn delete(&self, number: usize) {
        let mut changes = self.changes.lock().await;
        let key = self.schedule.puts[number].key.clone();
        let client = self.site.endpoint(self.schedule.versioned).s3.client();
        client.delete_object().bucket(&self.name).key(&key).send().await.unwrap();
        changes.push(S3Change::Delete { key });
    }

    /// The object of that number, once it has been written.
    pub async fn written(&self, number: usize) -> Option<WrittenObject> {
        self.changes.lock().await.iter().find_map(|change| match change {
            S3Change::Put(written) if written.put == number => Some((**written).clone()),
            _ => None,
        })
    }

    /// Everything that happened, in order.
    pub async fn changes(&self) -> Vec<S3Change> {
        self.changes.lock().await.clone()
    }
}
