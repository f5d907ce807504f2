//! Plain: the bytes of a newest version in, the file that people see out, where its name allows it.
//!
//! A key need not name a file: `a//b`, `../a`, one part longer than 255 bytes, or `a` beside
//! `a/b`. Such an object is whole in the store, and has no plain file; the log says so.

use std::path::{Path, PathBuf};

use super::name;
use super::record::Stamp;

/// A copy that is about to become a plain file.
pub(super) struct Copied {
    path: PathBuf,
    stamp: Stamp,
}

impl Drop for Copied {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Copies `bytes` to where they can be moved from in one step; `None` where `key` names no file.
pub(super) fn prepare(key: &str, bytes: &Path, spool_dir: &Path) -> Option<Copied> {
    let path = spool_dir.join(format!("{:016x}.plain", rand::random::<u64>()));
    if name::plain_path(key).is_none() {
        tracing::info!(
            key,
            "local s3: the key names no file: it is stored, and not visible as one"
        );
        return None;
    }
    // The standard library's copy shares blocks where the file system can.
    let copied = std::fs::copy(bytes, &path);
    let stamp = copied.is_ok().then(|| Stamp::of(&path)).flatten();
    if stamp.is_none() {
        tracing::warn!(
            key,
            ?copied,
            "local s3: the object is stored, but its plain file is not written"
        );
        let _ = std::fs::remove_file(&path);
    }
    stamp.map(|stamp| Copied { path, stamp })
}

impl Copied {
    /// Moves the copy to its place, and says by what it can be known again. `None`, and a line in
    /// the log, where that does not work.
    pub fn place(self, bucket_dir: &Path, key: &str) -> Option<Stamp> {
        let target = bucket_dir.join(name::plain_path(key)?);
        let placed =
            make_parents(bucket_dir, key).and_then(|()| std::fs::rename(&self.path, &target));
        match placed {
            Ok(()) => Some(self.stamp),
            Err(error) => {
                tracing::warn!(key, %error, "local s3: the object is stored, but cannot be a plain file");
                prune(bucket_dir, &target);
                None
            }
        }
    }
}

/// Makes the folders of a key. A link among them is refused: it may lead anywhere.
fn make_parents(bucket_dir: &Path, key: &str) -> std::io::Result<()> {
    let mut folder = bucket_dir.to_path_buf();
    std::fs::create_dir_all(&folder)?;
    let Some((parents, _)) = key.rsplit_once('/') else { return Ok(()) };
    for part in parents.split('/') {
        folder.push(part);
        match std::fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                return Err(std::io::Error::other(format!("{} is no folder", folder.display())));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                std::fs::create_dir(&folder)?
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Removes the plain file of a deleted object and the folders that it leaves empty. A file that
/// somebody has changed since stays: the watcher makes a new version of it.
pub(super) fn remove(bucket_dir: &Path, key: &str, known: Option<Stamp>) {
    let (Some(path), Some(known)) = (name::plain_path(key), known) else { return };
    let path = bucket_dir.join(path);
    match Stamp::of(&path) {
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
