//! What is stored about one key, in its `record.json`: its versions, and the state of its visible file.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::LocalS3Error;

/// One version of an object, or a delete marker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    /// `None` is S3's version "null": written while the bucket kept no versions.
    pub version_id: Option<String>,
    /// The name of the file that holds its bytes, in the key's folder. `None` for a delete marker.
    pub file: Option<String>,
    pub size_bytes: u64,
    /// Without quotes. Empty for a delete marker.
    pub etag: String,
    /// Milliseconds since 1970.
    pub modified_ms: u64,
    pub sequencer: String,
    #[serde(default)]
    pub headers: Headers,
}

impl Version {
    pub fn is_marker(&self) -> bool {
        self.file.is_none()
    }

    pub fn modified(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.modified_ms)
    }

    /// The id as a request names it.
    pub fn id(&self) -> &str {
        self.version_id.as_deref().unwrap_or("null")
    }
}

/// The headers that a client stores with an object and receives with it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Headers {
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// The size and time of a file, to detect that it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileStamp {
    pub size_bytes: u64,
    /// Nanoseconds since 1970, until 2262.
    pub mtime_ns: i64,
}

impl FileStamp {
    /// The stamp of a regular file; `None` if `path` is not one.
    pub fn of(path: &Path) -> Option<FileStamp> {
        Self::from_metadata(&std::fs::symlink_metadata(path).ok()?)
    }

    pub fn from_metadata(metadata: &Metadata) -> Option<FileStamp> {
        let mtime_ns =
            metadata.mtime().checked_mul(1_000_000_000)?.checked_add(metadata.mtime_nsec())?;
        metadata.is_file().then_some(FileStamp { size_bytes: metadata.len(), mtime_ns })
    }
}

/// The content of a key's `record.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub key: String,
    /// Oldest first. Never empty.
    pub versions: Vec<Version>,
    /// The visible file when we last wrote or imported it. `None` if the key has none.
    pub visible: Option<FileStamp>,
}

impl Record {
    /// The newest version, unless that is a delete marker.
    pub fn current(&self) -> Option<&Version> {
        self.versions.last().filter(|version| !version.is_marker())
    }
}

/// Writes a file atomically: readers see all of it or none.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), LocalS3Error> {
    let unfinished = path.with_extension("tmp");
    let text = serde_json::to_vec_pretty(value)
        .map_err(|source| LocalS3Error::Damaged { path: path.to_path_buf(), source })?;
    std::fs::write(&unfinished, text).map_err(LocalS3Error::io("write", &unfinished))?;
    std::fs::rename(&unfinished, path).map_err(LocalS3Error::io("write", path))
}

pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, LocalS3Error> {
    let text = std::fs::read(path).map_err(LocalS3Error::io("read", path))?;
    serde_json::from_slice(&text)
        .map_err(|source| LocalS3Error::Damaged { path: path.to_path_buf(), source })
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
