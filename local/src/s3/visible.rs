//! The visible file of an object: writes the newest version's bytes to the bucket's folder, where
//! people see and edit them, and removes them there.
//!
//! Not every key can be a file: `a//b`, `../a`, a part longer than 255 bytes, `a` next to `a/b`.
//! Such an object exists in the store, but has no visible file; the log says so.

use std::path::{Path, PathBuf};

use super::name;
use super::record::FileStamp;

/// A copy that is ready to become the visible file.
pub(super) struct Copied {
    path: PathBuf,
    stamp: FileStamp,
}

impl Drop for Copied {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Copies `bytes` to a temporary file, which can be moved in one step; `None` if `key` cannot be a
/// file, or the copy fails.
pub(super) fn prepare(key: &str, bytes: &Path, temporary_dir: &Path) -> Option<Copied> {
    let path = temporary_dir.join(format!("{:016x}.visible", rand::random::<u64>()));
    if name::visible_path(key).is_none() {
        tracing::info!(key, "local s3: the object is stored, but its key cannot be a file");
        return None;
    }
    // The standard library's copy shares blocks where the file system can.
    let copied = std::fs::copy(bytes, &path);
    let stamp = copied.is_ok().then(|| FileStamp::of(&path)).flatten();
    if stamp.is_none() {
        tracing::warn!(
            key,
            ?copied,
            "local s3: the object is stored, but its visible file could not be written"
        );
        let _ = std::fs::remove_file(&path);
    }
    stamp.map(|stamp| Copied { path, stamp })
}

impl Copied {
    /// Moves the copy into the bucket's folder, and returns its stamp. If that fails it logs a warning
    /// and returns `None`.
    pub fn place(self, bucket_dir: &Path, key: &str) -> Option<FileStamp> {
        let target = bucket_dir.join(name::visible_path(key)?);
        let placed =
            make_parents(bucket_dir, key).and_then(|()| std::fs::rename(&self.path, &target));
        match placed {
            Ok(()) => Some(self.stamp),
            Err(error) => {
                tracing::warn!(key, %error, "local s3: the object is stored, but its visible file could not be written");
                prune(bucket_dir, &target);
                None
            }
        }
    }
}

/// Creates the folders of a key. Fails on a symbolic link among them, which could lead outside.
fn make_parents(bucket_dir: &Path, key: &str) -> std::io::Result<()> {
    let mut folder = bucket_dir.to_path_buf();
    std::fs::create_dir_all(&folder)?;
    let Some((parents, _)) = key.rsplit_once('/') else { return Ok(()) };
    for part in parents.split('/') {
        folder.push(part);
        match std::fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                return Err(std::io::Error::other(format!("{} is not a folder", folder.display())));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                std::fs::create_dir(&folder)?
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Removes the visible file of a deleted object, and the folders that become empty. A file that was
/// changed since then is kept: the watcher imports it as a new version.
pub(super) fn remove(bucket_dir: &Path, key: &str, known: Option<FileStamp>) {
    let (Some(path), Some(known)) = (name::visible_path(key), known) else { return };
    let path = bucket_dir.join(path);
    match FileStamp::of(&path) {
        Some(stamp) if stamp != known => return,
        Some(_) if make_parents(bucket_dir, key).is_ok() => {
            let _ = std::fs::remove_file(&path);
        }
        _ => {}
    }
    prune(bucket_dir, &path);
}

/// Removes the empty folders above `path`, up to the bucket's.
fn prune(bucket_dir: &Path, path: &Path) {
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != bucket_dir) {
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
}
