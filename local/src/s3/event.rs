//! Events: builds the JSON that S3 sends for a change of an object, and sends it at least once.
//!
//! An event is saved to disk before its change is made, and removed once it is sent: after a crash
//! the next start sends what was not sent.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::error::LocalS3Error;
use super::name;
use super::record::{self, Version};

/// The region that events and clients name.
pub(super) const REGION: &str = "us-east-1";

/// Sequencers are reserved on disk this far ahead, in nanoseconds: one small write per 10 seconds,
/// however many events there are.
const RESERVE_NS: u64 = 10_000_000_000;

/// Builds the event of S3's format 2.1:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.
pub(super) fn record(name: &str, bucket: &str, key: &str, version: &Version) -> Value {
    let mut object = Map::new();
    object.insert("key".to_owned(), name::encode_for_event(key).into());
    object.insert("sequencer".to_owned(), version.sequencer.clone().into());
    if name.starts_with("ObjectCreated:") {
        object.insert("size".to_owned(), version.size_bytes.into());
    }
    if !version.etag.is_empty() {
        object.insert("eTag".to_owned(), version.etag.clone().into());
    }
    if let Some(version_id) = &version.version_id {
        object.insert("versionId".to_owned(), version_id.clone().into());
    }
    let milliseconds = i64::try_from(version.modified_ms).unwrap_or(i64::MAX);
    let time =
        jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": format!("{time:.3}"),
        "eventName": name,
        "userIdentity": { "principalId": "local" },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "local",
            "bucket": {
                "name": bucket,
                "ownerIdentity": { "principalId": "local" },
                "arn": format!("arn:aws:s3:::{bucket}"),
            },
            "object": object,
        },
    }]})
}

/// Numbers events and sends them.
#[derive(Debug)]
pub(super) struct Events {
    folder: PathBuf,
    sink: Option<UnboundedSender<Value>>,
    sequence: Mutex<Sequence>,
}

#[derive(Debug)]
struct Sequence {
    last: u64,
    /// A restart continues after this number.
    reserved: u64,
    path: PathBuf,
}

impl Events {
    /// Opens the folder of unsent events; nothing else may write to it.
    pub fn open(
        folder: PathBuf,
        sink: Option<UnboundedSender<Value>>,
    ) -> Result<Events, LocalS3Error> {
        std::fs::create_dir_all(&folder).map_err(LocalS3Error::io("create", &folder))?;
        let path = folder.join("sequence");
        let reserved = if path.exists() { record::read_json(&path)? } else { 0 };
        let sequence = Mutex::new(Sequence { last: reserved, reserved, path });
        Ok(Events { folder, sink, sequence })
    }

    /// The next sequencer: the time, but always greater than all earlier ones, even if the clock is set
    /// back.
    pub fn next_sequencer(&self) -> Result<String, LocalS3Error> {
        let mut sequence = self.sequence.lock().unwrap_or_else(PoisonError::into_inner);
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let next = u64::try_from(clock).unwrap_or(0).max(sequence.last + 1);
        if next > sequence.reserved {
            record::write_json(&sequence.path, &(next + RESERVE_NS))?;
            sequence.reserved = next + RESERVE_NS;
        }
        sequence.last = next;
        Ok(format!("{next:016X}"))
    }

    /// Saves an event. Call this before its change is made.
    pub fn save(&self, sequencer: &str, event: &Value) -> Result<(), LocalS3Error> {
        if self.sink.is_none() {
            return Ok(());
        }
        record::write_json(&self.path_of(sequencer), event)
    }

    /// Sends a saved event. Call this once its change is made.
    pub fn send(&self, sequencer: &str, event: Value) {
        if let Some(sink) = &self.sink
            && sink.send(event).is_ok()
        {
            let _ = std::fs::remove_file(self.path_of(sequencer));
        }
    }

    /// Sends the saved events of an earlier run, if `happened` says that their change was made, and
    /// removes the others.
    pub fn send_unsent(&self, happened: impl Fn(&Value) -> bool) -> Result<(), LocalS3Error> {
        let entries =
            std::fs::read_dir(&self.folder).map_err(LocalS3Error::io("read", &self.folder))?;
        let is_event =
            |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
        let mut paths: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_event).collect();
        paths.sort();
        for path in paths {
            let event: Value = record::read_json(&path)?;
            let sequencer = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if happened(&event) {
                self.send(sequencer, event);
            } else {
                std::fs::remove_file(&path).map_err(LocalS3Error::io("remove", &path))?;
            }
        }
        Ok(())
    }

    fn path_of(&self, sequencer: &str) -> PathBuf {
        Path::join(&self.folder, format!("{sequencer}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequencers_grow_across_a_restart_even_if_the_clock_is_set_back() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Events::open(folder.path().to_path_buf(), None).unwrap();
        let events = open();
        let ahead = u64::MAX / 2;
        events.sequence.lock().unwrap().last = ahead;
        let before = [events.next_sequencer().unwrap(), events.next_sequencer().unwrap()];
        assert!(before[0] < before[1]);
        drop(events);
        assert!(open().next_sequencer().unwrap() > before[1]);
    }
}
