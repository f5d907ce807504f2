//! Options: how a local S3 endpoint shall be.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

/// How to start a [`LocalS3`].
#[derive(Debug, Clone)]
pub struct LocalS3Options {
    /// The folder of the buckets; created where needed.
    pub root: PathBuf,
    /// `None` takes a free port.
    pub port: Option<u16>,
    /// Whether buckets keep old versions, as S3 does with versioning enabled.
    pub versioned: bool,
    /// What clients sign with: `test` unless set.
    pub access_key: String,
    /// What clients sign with: `test` unless set.
    pub secret_key: String,
    /// Where events go, as S3 sends them: at least once each, in the order of the changes.
    pub event_sink: Option<UnboundedSender<Value>>,
    /// How often the plain files are looked at; `None` is never. A file is taken in by the second
    /// look that finds it unchanged.
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
