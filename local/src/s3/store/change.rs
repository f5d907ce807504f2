//! Change: a put or a deletion in; the record, the plain file and the event changed, or nothing, out.

use super::{Keys, Store};
use crate::s3::LocalS3Error;
use crate::s3::event;
use crate::s3::plain;
use crate::s3::record::{self, Headers, Record, Stamp, Version};
use crate::s3::spool::Spooled;

/// What is to become the newest version of a key.
pub(in crate::s3) struct Put<'a> {
    pub bucket: &'a str,
    pub key: &'a str,
    pub bytes: Spooled,
    /// Without quotes; `None` is the MD5 of the bytes.
    pub etag: Option<String>,
    pub headers: Headers,
    /// Such as `ObjectCreated:Put`.
    pub event: &'static str,
    pub condition: Condition,
    pub source: Source,
}

/// What must hold of the newest version for a change to be made.
pub(in crate::s3) enum Condition {
    None,
    /// There is none (`If-None-Match: *`).
    Absent,
    /// It has this ETag (`If-Match`).
    Etag(String),
}

/// Where new bytes come from.
pub(in crate::s3) enum Source {
    Request,
    /// The plain file, as it was when it was read.
    Plain(Stamp),
}

/// What a deletion did.
#[derive(Debug, Default)]
pub(in crate::s3) struct Deleted {
    pub version_id: Option<String>,
    pub is_marker: bool,
}

impl Store {
    /// Adds the newest version of a key, and sends its event. `None` where the plain file that it
    /// came from is known already.
    pub fn put(&self, put: Put<'_>) -> Result<Option<Version>, LocalS3Error> {
        let Put { bucket, key, bytes, .. } = put;
        let copied = match put.source {
            Source::Request => plain::prepare(key, bytes.path(), &self.spool_dir()),
            Source::Plain(_) => None,
        };
        let mut buckets = self.lock();
        let no_bucket = || LocalS3Error::NoSuchBucket(bucket.to_owned());
        let keys = buckets.get_mut(bucket).ok_or_else(no_bucket)?;
        let current = keys.get(key).and_then(Record::current);
        match (&put.condition, current) {
            (Condition::Absent, Some(_)) => return Err(LocalS3Error::PreconditionFailed),
            (Condition::Etag(_), None) => return Err(LocalS3Error::NoSuchKey(key.to_owned())),
            (Condition::Etag(wish), Some(current)) if *wish != current.etag => {
                return Err(LocalS3Error::PreconditionFailed);
            }
            _ => {}
        }
        let known = keys.get(key).and_then(|record| record.plain);
        let etag = put.etag.unwrap_or_else(|| bytes.md5_hex());
        let version = self.new_version(Some((bytes.size_bytes, etag)), put.headers)?;
        let dir = self.key_dir(bucket, key);
        std::fs::create_dir_all(&dir).map_err(LocalS3Error::io("create", &dir))?;
        // The plain file before the record: were we killed in between, the watcher would find a
        // file it does not know, and the object would come twice. The other way round it would
        // take the old file for an edited one, and old rows would come back.
        let plain = match put.source {
            Source::Plain(stamp) if known == Some(stamp) => return Ok(None),
            Source::Plain(stamp) => Some(stamp),
            Source::Request if self.is_taken(keys, key) => known,
            Source::Request => match copied {
                Some(copied) => copied.place(&self.bucket_dir(bucket), key).or(known),
                None => known,
            },
        };
        bytes.keep_as(&dir.join(version.file.as_deref().unwrap_or_default()))?;
        self.commit(bucket, keys, key, version.clone(), plain, put.event)?;
        Ok(Some(version))
    }

    /// Whether the plain file of a key would be that of another key.
    fn is_taken(&self, keys: &Keys, key: &str) -> bool {
        let folded = self.fold(key);
        self.folds_case
            && keys.values().any(|other| {
                other.plain.is_some() && other.key != key && self.fold(&other.key) == folded
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

    /// Makes `version` the newest, in place of a version with the same id.
    fn commit(
        &self,
        bucket: &str,
        keys: &mut Keys,
        key: &str,
        version: Version,
        plain: Option<Stamp>,
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
        let record = Record { key: key.to_owned(), versions, plain };
        self.events.note(&sequencer, &event)?;
        record::write_json(&dir.join("record.json"), &record)?;
        keys.insert(key.to_owned(), record);
        for file in replaced.into_iter().filter_map(|old| old.file) {
            let _ = std::fs::remove_file(dir.join(file));
        }
        self.events.send(&sequencer, event);
        Ok(())
    }

    /// Deletes a key, or one version of it. What is not there is deleted already.
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

    /// Deletes a key whose plain file somebody removed.
    pub fn delete_vanished(&self, bucket: &str, key: &str) -> Result<(), LocalS3Error> {
        let mut buckets = self.lock();
        let Some(keys) = buckets.get_mut(bucket) else { return Ok(()) };
        let is_known = keys.get(key).is_some_and(|record| record.plain.is_some());
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
        let plain = keys.get(key).and_then(|record| record.plain);
        let has_others = keys.get(key).is_some_and(|record| {
            record.versions.iter().any(|version| version.version_id.is_some())
        });
        if version_id.is_none() && (self.versioned || has_others) {
            let marker = self.new_version(None, Headers::default())?;
            let version_id = marker.version_id.clone();
            plain::remove(&bucket_dir, key, plain);
            self.commit(bucket, keys, key, marker, None, "ObjectRemoved:DeleteMarkerCreated")?;
            return Ok(Deleted { version_id, is_marker: true });
        }
        let Some(record) = keys.get(key) else { return Ok(Deleted::default()) };
        let wish = version_id.unwrap_or("null");
        let Some(place) = record.versions.iter().position(|version| version.id() == wish) else {
            return Ok(Deleted { version_id: version_id.map(str::to_owned), is_marker: false });
        };
        let mut record = record.clone();
        let gone = record.versions.remove(place);
        let dir = self.key_dir(bucket, key);
        if place == record.versions.len() {
            // The version before it is the newest again.
            plain::remove(&bucket_dir, key, plain);
            let file = record.current().and_then(|version| version.file.as_deref());
            let copied =
                file.and_then(|file| plain::prepare(key, &dir.join(file), &self.spool_dir()));
            record.plain = copied.and_then(|copied| copied.place(&bucket_dir, key));
        }
        let told = Version {
            sequencer: self.events.next_sequencer()?,
            modified_ms: record::now_ms(),
            ..gone.clone()
        };
        let event = event::record("ObjectRemoved:Delete", bucket, key, &told);
        self.events.note(&told.sequencer, &event)?;
        if record.versions.is_empty() {
            std::fs::remove_dir_all(&dir).map_err(LocalS3Error::io("remove", &dir))?;
            keys.remove(key);
        } else {
            record::write_json(&dir.join("record.json"), &record)?;
            keys.insert(key.to_owned(), record);
            if let Some(file) = &gone.file {
                let _ = std::fs::remove_file(dir.join(file));
            }
        }
        self.events.send(&told.sequencer, event);
        Ok(Deleted { is_marker: gone.is_marker(), version_id: version_id.map(str::to_owned) })
    }

    /// Sends the creation event of every current version again.
    pub fn announce_all(&self) {
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
