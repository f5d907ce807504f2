//! Writes and deletes the object versions of a schedule in S3, and records what S3 did, in order.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::Value;
use stardrop::object::ObjectRef;
use tokio::sync::Mutex;

use super::schedule::Schedule;
use super::site::Site;
use crate::support::cloud::object_of;

/// An object version that was written.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its number in the schedule.
    pub put: usize,
    pub event: Value,
    /// As the event names it.
    pub object: ObjectRef,
}

/// What happened to a key.
#[derive(Debug, Clone)]
pub enum Act {
    Put(Box<Made>),
    Delete { key: String },
}

impl Act {
    pub fn key(&self) -> &str {
        match self {
            Act::Put(made) => &made.object.key,
            Act::Delete { key } => key,
        }
    }
}

pub struct Bucket {
    pub site: Arc<Site>,
    pub schedule: Arc<Schedule>,
    pub name: String,
    /// How many faults the endpoint was told of.
    pub s3_faults: AtomicU64,
    acts: Mutex<Vec<Act>>,
}

impl Bucket {
    pub fn new(site: &Arc<Site>, schedule: &Arc<Schedule>, name: String) -> Bucket {
        site.endpoint(schedule.versioned).s3.create_bucket(&name).unwrap();
        Bucket {
            site: Arc::clone(site),
            schedule: Arc::clone(schedule),
            name,
            s3_faults: AtomicU64::new(0),
            acts: Mutex::default(),
        }
    }

    /// Writes an object, unless that was done already.
    pub async fn put(&self, number: usize) {
        let mut acts = self.acts.lock().await;
        if acts.iter().any(|act| matches!(act, Act::Put(made) if made.put == number)) {
            return;
        }
        let put = &self.schedule.puts[number];
        let endpoint = self.site.endpoint(self.schedule.versioned);
        let bytes = put.text.clone().into_bytes();
        let receipt = endpoint.s3.put_bytes(&self.name, &put.key, bytes).await.unwrap();
        let mut event = endpoint.event(&receipt.sequencer);
        let time = &mut event["Records"][0]["eventTime"];
        let right: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
        let skewed = right + jiff::SignedDuration::from_millis(put.skew_ms);
        *time = format!("{skewed:.3}").into();
        let object = object_of(&event);
        acts.push(Act::Put(Box::new(Made { put: number, event, object })));
    }

    /// Deletes the key of an object.
    pub async fn delete(&self, number: usize) {
        let mut acts = self.acts.lock().await;
        let key = self.schedule.puts[number].key.clone();
        let client = self.site.endpoint(self.schedule.versioned).s3.client();
        client.delete_object().bucket(&self.name).key(&key).send().await.unwrap();
        acts.push(Act::Delete { key });
    }

    /// The object of that number, once it has been written.
    pub async fn made(&self, number: usize) -> Option<Made> {
        self.acts.lock().await.iter().find_map(|act| match act {
            Act::Put(made) if made.put == number => Some((**made).clone()),
            _ => None,
        })
    }

    /// Everything that happened, in order.
    pub async fn acts(&self) -> Vec<Act> {
        self.acts.lock().await.clone()
    }
}
