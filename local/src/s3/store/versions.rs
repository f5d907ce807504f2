//! The buckets, their records and their versions: reads them at the start, and finds a version.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::s3::error::LocalS3Error;
use crate::s3::event::Events;
use crate::s3::name;
use crate::s3::record::{self, Record, Version};

/// The records of a bucket, by key.
pub(in crate::s3) type Keys = BTreeMap<String, Record>;

/// The folder, below the root, of everything but the visible files.
const FOLDER: &str = ".local-s3";

/// All buckets of a folder.
#[derive(Debug)]
pub(in crate::s3) struct Store {
    root: PathBuf,
    pub(super) versioned: bool,
    pub(super) events: Events,
    /// Whether `A` and `a` are the same file, as on most Macs.
    pub(super) folds_case: bool,
    /// Records and visible files change only under this lock.
    buckets: Mutex<BTreeMap<String, Keys>>,
    _lock: File,
}

impl Store {
    pub fn open(
        root: PathBuf,
        versioned: bool,
        sink: Option<UnboundedSender<Value>>,
    ) -> Result<Store, LocalS3Error> {
        let meta = root.join(FOLDER);
        for name in ["buckets", "uploads", "tmp"] {
            let path = meta.join(name);
            std::fs::create_dir_all(&path).map_err(LocalS3Error::io("create", &path))?;
        }
        let lock_path = meta.join("lock");
        let lock = File::options().create(true).append(true).open(&lock_path);
        let lock = lock.map_err(LocalS3Error::io("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LocalS3Error::InUse(root)),
            Err(TryLockError::Error(error)) => {
                return Err(LocalS3Error::io("lock", &lock_path)(error));
            }
        }
        for leftover in list(&meta.join("tmp"))? {
            let _ = std::fs::remove_file(leftover);
        }
        let mut buckets = BTreeMap::new();
        for folder in list(&meta.join("buckets"))? {
            if let Some(bucket) = folder.file_name().and_then(|name| name.to_str()) {
                buckets.insert(bucket.to_owned(), load_bucket(&folder)?);
            }
        }
        let events = Events::open(meta.join("events"), sink)?;
        let folds_case = meta.join("TMP").exists();
        let store = Store {
            root,
            versioned,
            events,
            folds_case,
            buckets: Mutex::new(buckets),
            _lock: lock,
        };
        store.events.send_unsent(|event| store.has_happened(event))?;
        Ok(store)
    }

    /// Whether the version of a saved event exists. Events of deletions are always sent again.
    fn has_happened(&self, event: &Value) -> bool {
        let text = |path| event.pointer(path).and_then(Value::as_str);
        let sequencer = text("/Records/0/s3/object/sequencer").unwrap_or_default();
        let bucket = text("/Records/0/s3/bucket/name").unwrap_or_default();
        let exists = |keys: &Keys| {
            keys.values()
                .flat_map(|record| &record.versions)
                .any(|version| version.sequencer == sequencer)
        };
        text("/Records/0/eventName").is_some_and(|name| name.starts_with("ObjectRemoved:"))
            || self.lock().get(bucket).is_some_and(exists)
    }

    pub fn temporary_dir(&self) -> PathBuf {
        self.root.join(FOLDER).join("tmp")
    }

    pub fn uploads_dir(&self) -> PathBuf {
        self.root.join(FOLDER).join("uploads")
    }

    pub fn bucket_dir(&self, bucket: &str) -> PathBuf {
        self.root.join(bucket)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn key_dir(&self, bucket: &str, key: &str) -> PathBuf {
        self.root.join(FOLDER).join("buckets").join(bucket).join(name::folder_name(key))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Keys>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A text that is the same for keys whose visible file is the same on this file system.
    pub fn fold(&self, key: &str) -> String {
        if self.folds_case { key.to_lowercase() } else { key.to_owned() }
    }

    pub fn create_bucket(&self, bucket: &str) -> Result<(), LocalS3Error> {
        if !s3s::path::check_bucket_name(bucket) {
            return Err(LocalS3Error::BadBucketName(bucket.to_owned()));
        }
        let mut buckets = self.lock();
        for path in [self.root.join(FOLDER).join("buckets").join(bucket), self.bucket_dir(bucket)] {
            std::fs::create_dir_all(&path).map_err(LocalS3Error::io("create", &path))?;
        }
        buckets.entry(bucket.to_owned()).or_default();
        Ok(())
    }

    pub fn bucket_names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// Calls `read` with the records of a bucket.
    pub fn read<T>(&self, bucket: &str, read: impl FnOnce(&Keys) -> T) -> Result<T, LocalS3Error> {
        let no_bucket = || LocalS3Error::NoSuchBucket(bucket.to_owned());
        Ok(read(self.lock().get(bucket).ok_or_else(no_bucket)?))
    }

    /// A version, by its id or else the newest, and its open file, which stays readable even if the
    /// version is deleted.
    pub fn find(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<(Version, File), LocalS3Error> {
        self.read(bucket, |keys| {
            let versions =
                keys.get(key).map(|record| record.versions.as_slice()).unwrap_or_default();
            let Some(version_id) = version_id else {
                let Some(version) = versions.last() else {
                    return Err(LocalS3Error::NoSuchKey(key.to_owned()));
                };
                return if version.is_marker() {
                    Err(LocalS3Error::Deleted(key.to_owned()))
                } else {
                    self.open_version(bucket, key, version)
                };
            };
            match versions.iter().find(|version| version.id() == version_id) {
                Some(version) if version.is_marker() => Err(LocalS3Error::IsMarker(key.to_owned())),
                Some(version) => self.open_version(bucket, key, version),
                None => {
                    let (key, version_id) = (key.to_owned(), version_id.to_owned());
                    Err(LocalS3Error::NoSuchVersion { key, version_id })
                }
            }
        })?
    }

    fn open_version(
        &self,
        bucket: &str,
        key: &str,
        version: &Version,
    ) -> Result<(Version, File), LocalS3Error> {
        let path = self.key_dir(bucket, key).join(version.file.as_deref().unwrap_or_default());
        Ok((version.clone(), File::open(&path).map_err(LocalS3Error::io("open", &path))?))
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, LocalS3Error> {
    let entries = std::fs::read_dir(folder).map_err(LocalS3Error::io("read", folder))?;
    Ok(entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
}

/// Reads the records of a bucket, and removes files that no record names.
fn load_bucket(folder: &Path) -> Result<Keys, LocalS3Error> {
    let mut keys = Keys::new();
    for dir in list(folder)? {
        let path = dir.join("record.json");
        if !path.exists() {
            std::fs::remove_dir_all(&dir).map_err(LocalS3Error::io("remove", &dir))?;
            continue;
        }
        let record: Record = record::read_json(&path)?;
        for file in list(&dir)? {
            let named = file.file_name().and_then(|name| name.to_str());
            let is_known = |version: &Version| version.file.as_deref() == named;
            if file != path && !record.versions.iter().any(is_known) {
                let _ = std::fs::remove_file(file);
            }
        }
        keys.insert(record.key.clone(), record);
    }
    Ok(keys)
}
