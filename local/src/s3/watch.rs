//! Watches the buckets' folders: files that people add, change or remove become object versions
//! and deletions.
//!
//! A scan compares every file with its record. A file that differs, and has not changed since the
//! last scan, is imported. Notifications of the operating system are not used: they differ between
//! systems, miss network folders, and do not exist for changes made while we were not running.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::LocalS3Error;
use super::name;
use super::record::{FileStamp, Headers};
use super::store::{Condition, Put, Source, Store};
use super::temporary;

/// Files that differ from their records, by bucket and key; `None` if the file was removed.
type Differences = BTreeMap<(String, String), Option<FileStamp>>;

/// What the watcher remembers between two scans.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    differing: Differences,
    /// Files that cannot become objects, and were logged.
    warned: BTreeSet<PathBuf>,
}

impl Watcher {
    /// Scans all files once.
    pub fn scan(&mut self, store: &Store) -> Result<(), LocalS3Error> {
        self.add_buckets(store)?;
        let mut differing = Differences::new();
        for bucket in store.bucket_names() {
            self.compare(store, &bucket, &mut differing)?;
        }
        for ((bucket, key), stamp) in &differing {
            let same_as_before = self.differing.get(&(bucket.clone(), key.clone())) == Some(stamp);
            let imported = match stamp {
                _ if !same_as_before => continue,
                Some(stamp) => import(store, bucket, key, *stamp),
                None => store.delete_removed_file(bucket, key),
            };
            // The next scan tries again.
            if let Err(error) = imported
                && self.warned.insert(store.bucket_dir(bucket).join(key))
            {
                tracing::warn!(bucket, key, %error, "local s3: a file could not be imported (yet)");
            }
        }
        self.differing = differing;
        Ok(())
    }

    /// Makes a bucket of each new folder whose name is a valid bucket name.
    fn add_buckets(&mut self, store: &Store) -> Result<(), LocalS3Error> {
        let known = store.bucket_names();
        for entry in entries(store.root())? {
            let Some(bucket) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let is_new = !bucket.starts_with('.') && !known.contains(&bucket);
            if !is_new || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if let Err(error) = store.create_bucket(&bucket)
                && self.warned.insert(entry.path())
            {
                tracing::warn!(%error, "local s3: a folder cannot be a bucket");
            }
        }
        Ok(())
    }

    fn compare(
        &mut self,
        store: &Store,
        bucket: &str,
        differing: &mut Differences,
    ) -> Result<(), LocalS3Error> {
        let dir = store.bucket_dir(bucket);
        let mut known: BTreeMap<String, Option<FileStamp>> = BTreeMap::new();
        store.read(bucket, |keys| {
            for record in keys.values().filter(|record| record.visible.is_some()) {
                known.insert(store.fold(&record.key), record.visible);
                let stamp =
                    name::visible_path(&record.key).and_then(|path| FileStamp::of(&dir.join(path)));
                if stamp != record.visible {
                    differing.insert((bucket.to_owned(), record.key.clone()), stamp);
                }
            }
        })?;
        let mut folders = vec![dir.clone()];
        while let Some(folder) = folders.pop() {
            // The folder may have been removed in the meantime.
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
                    self.warn_once(path, "a symbolic link is ignored");
                } else if let Some(key) = name::key_of(&dir, &path) {
                    let stamp = entry
                        .metadata()
                        .ok()
                        .and_then(|metadata| FileStamp::from_metadata(&metadata));
                    if stamp.is_some() && !known.contains_key(&store.fold(&key)) {
                        differing.insert((bucket.to_owned(), key), stamp);
                    }
                } else {
                    self.warn_once(path, "a file is ignored: its name is not UTF-8");
                }
            }
        }
        Ok(())
    }

    fn warn_once(&mut self, path: PathBuf, why: &str) {
        if !self.warned.contains(&path) {
            tracing::warn!(path = %path.display(), "local s3: {why}");
            self.warned.insert(path);
        }
    }
}

fn entries(folder: &Path) -> Result<Vec<std::fs::DirEntry>, LocalS3Error> {
    let entries = std::fs::read_dir(folder).map_err(LocalS3Error::io("read", folder))?;
    Ok(entries.filter_map(Result::ok).collect())
}

/// Imports a file as the newest version of its key, unless it changes while it is read.
fn import(store: &Store, bucket: &str, key: &str, stamp: FileStamp) -> Result<(), LocalS3Error> {
    let path = store.bucket_dir(bucket).join(key);
    let bytes = temporary::copy_file(&store.temporary_dir(), &path)?;
    if FileStamp::of(&path) != Some(stamp) || bytes.size_bytes != stamp.size_bytes {
        return Ok(());
    }
    let (etag, headers) = (None, Headers::default());
    let (event, condition, source) =
        ("ObjectCreated:Put", Condition::None, Source::VisibleFile(stamp));
    store.put(Put { bucket, key, bytes, etag, headers, event, condition, source })?;
    Ok(())
}
