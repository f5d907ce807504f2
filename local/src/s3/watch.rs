//! Watch: folders that people copy files into in, object versions and deletions out.
//!
//! A scan compares every file with its record. What differs, and looked the same one scan ago, is
//! taken in. Nothing relies on notices of the system, which differ between systems, miss network
//! folders, and do not exist for what happened while we were not running.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::LocalS3Error;
use super::name;
use super::record::{Headers, Stamp};
use super::spool;
use super::store::{Condition, Put, Source, Store};

/// What the last scan saw of one file: `None` where it is gone.
type Seen = BTreeMap<(String, String), Option<Stamp>>;

/// The watcher's memory between two scans.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    differing: Seen,
    /// Files that cannot become objects, and were told of.
    told: BTreeSet<PathBuf>,
}

impl Watcher {
    /// Looks once at all files.
    pub fn scan(&mut self, store: &Store) -> Result<(), LocalS3Error> {
        self.adopt_buckets(store)?;
        let mut differing = Seen::new();
        for bucket in store.bucket_names() {
            self.compare(store, &bucket, &mut differing)?;
        }
        for ((bucket, key), stamp) in &differing {
            let same_as_before = self.differing.get(&(bucket.clone(), key.clone())) == Some(stamp);
            let taken = match stamp {
                _ if !same_as_before => continue,
                Some(stamp) => take_in(store, bucket, key, *stamp),
                None => store.delete_vanished(bucket, key),
            };
            // A file that went away or may not be read is tried again by the next scan.
            if let Err(error) = taken
                && self.told.insert(store.bucket_dir(bucket).join(key))
            {
                tracing::warn!(bucket, key, %error, "local s3: a file could not be taken in (yet)");
            }
        }
        self.differing = differing;
        Ok(())
    }

    /// A folder that somebody made beside the buckets is a bucket, if its name may be one's.
    fn adopt_buckets(&mut self, store: &Store) -> Result<(), LocalS3Error> {
        let known = store.bucket_names();
        for entry in entries(store.root())? {
            let Some(bucket) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let is_new = !bucket.starts_with('.') && !known.contains(&bucket);
            if !is_new || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if let Err(error) = store.create_bucket(&bucket)
                && self.told.insert(entry.path())
            {
                tracing::warn!(%error, "local s3: a folder is not taken for a bucket");
            }
        }
        Ok(())
    }

    fn compare(
        &mut self,
        store: &Store,
        bucket: &str,
        differing: &mut Seen,
    ) -> Result<(), LocalS3Error> {
        let dir = store.bucket_dir(bucket);
        let mut known: BTreeMap<String, Option<Stamp>> = BTreeMap::new();
        store.read(bucket, |keys| {
            for record in keys.values().filter(|record| record.plain.is_some()) {
                known.insert(store.fold(&record.key), record.plain);
                let stamp =
                    name::plain_path(&record.key).and_then(|path| Stamp::of(&dir.join(path)));
                if stamp != record.plain {
                    differing.insert((bucket.to_owned(), record.key.clone()), stamp);
                }
            }
        })?;
        let mut folders = vec![dir.clone()];
        while let Some(folder) = folders.pop() {
            // A folder that was removed meanwhile holds nothing.
            for entry in entries(&folder).unwrap_or_default() {
                let Ok(kind) = entry.file_type() else { continue };
                let path = entry.path();
                let file_name = entry.file_name();
                if name::is_unfinished(&file_name.to_string_lossy()) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_symlink() {
                    self.tell(path, "a link is not followed");
                } else if let Some(key) = name::key_of(&dir, &path) {
                    let stamp =
                        entry.metadata().ok().and_then(|metadata| Stamp::from_metadata(&metadata));
                    if stamp.is_some() && !known.contains_key(&store.fold(&key)) {
                        differing.insert((bucket.to_owned(), key), stamp);
                    }
                } else {
                    self.tell(path, "a name that is no UTF-8 cannot be a key");
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, path: PathBuf, why: &str) {
        if !self.told.contains(&path) {
            tracing::warn!(path = %path.display(), "local s3: {why}");
            self.told.insert(path);
        }
    }
}

fn entries(folder: &Path) -> Result<Vec<std::fs::DirEntry>, LocalS3Error> {
    let entries = std::fs::read_dir(folder).map_err(LocalS3Error::io("read", folder))?;
    Ok(entries.filter_map(Result::ok).collect())
}

/// Makes the file as it is now the newest version of its key, unless it changes meanwhile.
fn take_in(store: &Store, bucket: &str, key: &str, stamp: Stamp) -> Result<(), LocalS3Error> {
    let path = store.bucket_dir(bucket).join(key);
    let bytes = spool::spool_file(&store.spool_dir(), &path)?;
    if Stamp::of(&path) != Some(stamp) || bytes.size_bytes != stamp.size_bytes {
        return Ok(());
    }
    let (etag, headers) = (None, Headers::default());
    let (event, condition, source) = ("ObjectCreated:Put", Condition::None, Source::Plain(stamp));
    store.put(Put { bucket, key, bytes, etag, headers, event, condition, source })?;
    Ok(())
}
