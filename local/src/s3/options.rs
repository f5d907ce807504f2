//! The options of a local S3 endpoint.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

/// How to start a [`LocalS3`](super::LocalS3).
#[derive(Debug, Clone)]
pub struct LocalS3Options {
    /// The folder of the buckets; created where needed.
    pub root: PathBuf,
    /// `None` chooses a free port.
    pub port: Option<u16>,
    /// Whether buckets keep old versions, as S3 does with versioning enabled.
    pub versioned: bool,
    /// The access key that clients sign with. Default: `test`.
    pub access_key: String,
    /// The secret key that clients sign with. Default: `test`.
    pub secret_key: String,
    /// Receives the events, in S3's format: each at least once, in the order of the changes.
    pub event_sink: Option<UnboundedSender<Value>>,
    /// The time between two scans of the visible files; `None` never scans. A file is imported once
    /// two scans in a row find it unchanged.
    pub scan_every: Option<Duration>,
}

impl LocalS3Options {
    /// An endpoint over `root` on a free port, without versions or events.
    pub fn new(root: impl Into<PathBuf>) -> LocalS3Options {
        LocalS3Options {
            root: root.into(),
            port: None,
            versioned: false,
            access_key: "test".to_owned(),
            secret_key: "test".to_owned(),
            event_sink: None,
            scan_every: Some(Duration::from_millis(300)),
        }
    }
}
