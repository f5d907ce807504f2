//! Changes to the store: a new version or a deletion updates the record and the visible file, and
//! sends the event.

use super::versions::{Keys, Store};
use crate::s3::error::LocalS3Error;
use crate::s3::event;
use crate::s3::record::{self, FileStamp, Headers, Record, Version};
use crate::s3::temporary::TemporaryFile;
use crate::s3::visible;

/// A new version of a key.
pub(in crate::s3) struct Put<'a> {
    pub bucket: &'a str,
    pub key: &'a str,
    pub bytes: TemporaryFile,
    /// Without quotes; `None` is the MD5 of the bytes.
    pub etag: Option<String>,
    pub headers: Headers,
    /// Such as `ObjectCreated:Put`.
    pub event: &'static str,
    pub condition: Condition,
    pub source: Source,
}

/// The condition that the newest version must meet.
pub(in crate::s3) enum Condition {
    None,
    /// It does not exist (`If-None-Match: *`).
    Absent,
    /// It has this ETag (`If-Match`).
    Etag(String),
}

/// The origin of the new bytes.
pub(in crate::s3) enum Source {
    Request,
    /// The visible file, with its stamp when it was read.
    VisibleFile(FileStamp),
}

/// The result of a deletion.
#[derive(Debug, Default)]
pub(in crate::s3) struct Deleted {
    pub version_id: Option<String>,
    pub is_marker: bool,
}

impl Store {
    /// Adds a version of a key, and sends its event. `None` if the bytes come from a visible file that
    /// was imported already.
    pub fn put(&self, put: Put<'_>) -> Result<Option<Version>, LocalS3Error> {
        let Put { bucket, key, bytes, .. } = put;
        let copied = match put.source {
            Source::Request => visible::prepare(key, bytes.path(), &self.temporary_dir()),
            Source::VisibleFile(_) => None,
        };
        let mut buckets = self.lock();
        let no_bucket = || LocalS3Error::NoSuchBucket(bucket.to_owned());
        let keys = buckets.get_mut(bucket).ok_or_else(no_bucket)?;
        let current = keys.get(key).and_then(Record::current);
        match (&put.condition, current) {
            (Condition::Absent, Some(_)) => return Err(LocalS3Error::PreconditionFailed),
            (Condition::Etag(_), None) => return Err(LocalS3Error::NoSuchKey(key.to_owned())),
            (Condition::Etag(etag), Some(current)) if *etag != current.etag => {
                return Err(LocalS3Error::PreconditionFailed);
            }
            _ => {}
        }
        let known = keys.get(key).and_then(|record| record.visible);
        let etag = put.etag.unwrap_or_else(|| bytes.md5_hex());
        let version = self.new_version(Some((bytes.size_bytes, etag)), put.headers)?;
        let dir = self.key_dir(bucket, key);
        std::fs::create_dir_all(&dir).map_err(LocalS3Error::io("create", &dir))?;
        // Write the visible file before the record: after a crash in between, the watcher finds a
        // file that it does not know, and imports the same object twice. In the other order it would
        // take the old file for an edited one, and import old bytes as the newest version.
        let visible = match put.source {
            Source::VisibleFile(stamp) if known == Some(stamp) => return Ok(None),
            Source::VisibleFile(stamp) => Some(stamp),
            Source::Request if self.shares_visible_file(keys, key) => known,
            Source::Request => match copied {
                Some(copied) => copied.place(&self.bucket_dir(bucket), key).or(known),
                None => known,
            },
        };
        bytes.keep_as(&dir.join(version.file.as_deref().unwrap_or_default()))?;
        self.commit(bucket, keys, key, version.clone(), visible, put.event)?;
        Ok(Some(version))
    }

    /// Whether another key has the same visible file.
    fn shares_visible_file(&self, keys: &Keys, key: &str) -> bool {
        let folded = self.fold(key);
        self.folds_case
            && keys.values().any(|other| {
                other.visible.is_some() && other.key != key && self.fold(&other.key) == folded
            })
    }

    fn new_version(
        &self,
        bytes: Option<(u64, String)>,
        headers: Headers,
    ) -> Result<Version, LocalS3Error> {
        let sequencer = self.events.next_sequencer()?;
        let version_id = self.versioned.then(|| format!("{:032x}", rand::random::<u128>()));
        let file = bytes.is_some().then(|| format!("{sequencer}.bytes"));
        let (size_bytes, etag) = bytes.unwrap_or_default();
        let modified_ms = record::now_ms();
        Ok(Version { version_id, file, size_bytes, etag, modified_ms, sequencer, headers })
    }

    /// Makes `version` the newest. It replaces a version with the same id.
    fn commit(
        &self,
        bucket: &str,
        keys: &mut Keys,
        key: &str,
        version: Version,
        visible: Option<FileStamp>,
        event: &str,
    ) -> Result<(), LocalS3Error> {
        let dir = self.key_dir(bucket, key);
        std::fs::create_dir_all(&dir).map_err(LocalS3Error::io("create", &dir))?;
        let mut versions = keys.get(key).map(|record| record.versions.clone()).unwrap_or_default();
        let replaced: Vec<Version> =
            versions.extract_if(.., |old| old.version_id == version.version_id).collect();
        let (sequencer, event) =
            (version.sequencer.clone(), event::record(event, bucket, key, &version));
        versions.push(version);
        let record = Record { key: key.to_owned(), versions, visible };
        self.events.save(&sequencer, &event)?;
        record::write_json(&dir.join("record.json"), &record)?;
        keys.insert(key.to_owned(), record);
        for file in replaced.into_iter().filter_map(|old| old.file) {
            let _ = std::fs::remove_file(dir.join(file));
        }
        self.events.send(&sequencer, event);
        Ok(())
    }

    /// Deletes a key, or one version of it. It is not an error if that does not exist.
    pub fn delete(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Deleted, LocalS3Error> {
        let mut buckets = self.lock();
        let no_bucket = || LocalS3Error::NoSuchBucket(bucket.to_owned());
        let keys = buckets.get_mut(bucket).ok_or_else(no_bucket)?;
        self.delete_locked(bucket, keys, key, version_id)
    }

    /// Deletes a key whose visible file was removed.
    pub fn delete_removed_file(&self, bucket: &str, key: &str) -> Result<(), LocalS3Error> {
        let mut buckets = self.lock();
        let Some(keys) = buckets.get_mut(bucket) else { return Ok(()) };
        let is_known = keys.get(key).is_some_and(|record| record.visible.is_some());
        if is_known && std::fs::symlink_metadata(self.bucket_dir(bucket).join(key)).is_err() {
            self.delete_locked(bucket, keys, key, None)?;
        }
        Ok(())
    }

    fn delete_locked(
        &self,
        bucket: &str,
        keys: &mut Keys,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Deleted, LocalS3Error> {
        let bucket_dir = self.bucket_dir(bucket);
        let visible = keys.get(key).and_then(|record| record.visible);
        let has_others = keys.get(key).is_some_and(|record| {
            record.versions.iter().any(|version| version.version_id.is_some())
        });
        if version_id.is_none() && (self.versioned || has_others) {
            let marker = self.new_version(None, Headers::default())?;
            let version_id = marker.version_id.clone();
            visible::remove(&bucket_dir, key, visible);
            self.commit(bucket, keys, key, marker, None, "ObjectRemoved:DeleteMarkerCreated")?;
            return Ok(Deleted { version_id, is_marker: true });
        }
        let Some(record) = keys.get(key) else { return Ok(Deleted::default()) };
        let version_id_text = version_id.unwrap_or("null");
        let Some(index) =
            record.versions.iter().position(|version| version.id() == version_id_text)
        else {
            return Ok(Deleted { version_id: version_id.map(str::to_owned), is_marker: false });
        };
        let mut record = record.clone();
        let deleted = record.versions.remove(index);
        let dir = self.key_dir(bucket, key);
        if index == record.versions.len() {
            // The version before it becomes the newest.
            visible::remove(&bucket_dir, key, visible);
            let file = record.current().and_then(|version| version.file.as_deref());
            let copied =
                file.and_then(|file| visible::prepare(key, &dir.join(file), &self.temporary_dir()));
            record.visible = copied.and_then(|copied| copied.place(&bucket_dir, key));
        }
        let removed = Version {
            sequencer: self.events.next_sequencer()?,
            modified_ms: record::now_ms(),
            ..deleted.clone()
        };
        let event = event::record("ObjectRemoved:Delete", bucket, key, &removed);
        self.events.save(&removed.sequencer, &event)?;
        if record.versions.is_empty() {
            std::fs::remove_dir_all(&dir).map_err(LocalS3Error::io("remove", &dir))?;
            keys.remove(key);
        } else {
            record::write_json(&dir.join("record.json"), &record)?;
            keys.insert(key.to_owned(), record);
            if let Some(file) = &deleted.file {
                let _ = std::fs::remove_file(dir.join(file));
            }
        }
        self.events.send(&removed.sequencer, event);
        Ok(Deleted { is_marker: deleted.is_marker(), version_id: version_id.map(str::to_owned) })
    }

    /// Sends the creation event of every current version again.
    pub fn resend_events(&self) {
        for (bucket, keys) in self.lock().iter() {
            for record in keys.values() {
                if let Some(version) = record.current() {
                    let event = event::record("ObjectCreated:Put", bucket, &record.key, version);
                    self.events.send(&version.sequencer, event);
                }
            }
        }
    }
}
