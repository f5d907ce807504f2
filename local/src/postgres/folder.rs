//! The folders of a server: a temporary one for its socket, and a kept one for its data, locked and
//! reachable for the server's account.

use std::fs::{File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::account::Account;
use super::error::PostgresError;

/// The place of data whose requested folder only root may enter. Not below `/var/tmp`, where the
/// system removes files that were not used for a month.
const FALLBACK: &str = "/var/lib/stardrop";

/// A new folder below `/tmp` for the socket, whose path may have at most 103 bytes (the temporary
/// folders of macOS are too long), and for all files of a throwaway server.
#[derive(Debug)]
pub(crate) struct RunFolder {
    pub path: PathBuf,
    /// The current user: the owner of what it creates.
    pub own_uid: u32,
}

impl RunFolder {
    pub fn create() -> Result<RunFolder, PostgresError> {
        let path = PathBuf::from(format!("/tmp/stardrop-{:012x}", rand::random::<u64>() >> 16));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(PostgresError::io("create", &path))?;
        let metadata = std::fs::metadata(&path).map_err(PostgresError::io("read", &path))?;
        Ok(RunFolder { path, own_uid: metadata.uid() })
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // Usually the supervisor has removed it.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A kept folder: `data` (or a link to it), `server.log` and `lock`.
#[derive(Debug)]
pub(super) struct KeptFolder {
    path: PathBuf,
    /// Held as long as the server may run. The system releases it when this process ends.
    _lock: File,
}

impl KeptFolder {
    /// Creates the folder if it does not exist, and takes its lock.
    pub fn open(folder: &Path) -> Result<KeptFolder, PostgresError> {
        let path = std::path::absolute(folder).map_err(PostgresError::io("find", folder))?;
        std::fs::create_dir_all(&path).map_err(PostgresError::io("create", &path))?;
        let lock_path = path.join("lock");
        let lock = File::options().create(true).append(true).open(&lock_path);
        let lock = lock.map_err(PostgresError::io("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(KeptFolder { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(PostgresError::InUse {
                path,
                by: "another process runs a server there; stop it, or choose another folder"
                    .to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(PostgresError::io("lock", &lock_path)(error)),
        }
    }

    pub fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub fn log(&self) -> PathBuf {
        self.path.join("server.log")
    }

    /// The data folder, which `account` can reach. It may not exist yet.
    ///
    /// If the current user is root, and others cannot enter the folder (such as `/root/project`), the
    /// data is in `/var/lib/stardrop/<hash of the path>`, and `data` is a link to it. If the link was
    /// removed, the user wants an empty database: the old data is kept, once, as `<hash>.old`.
    pub fn resolve(&self, account: &Account) -> Result<PathBuf, PostgresError> {
        let data = self.data();
        let link = std::fs::read_link(&data).ok();
        if !account.is_switched() || (link.is_none() && account.may_execute(&self.path)) {
            return Ok(link.unwrap_or(data));
        }
        if let Some(target) = link.as_ref().filter(|target| target.exists()) {
            return Ok(target.clone());
        }
        if data.is_dir() {
            return Err(PostgresError::Unreachable {
                account: account.name().to_owned(),
                action: "enter",
                path: self.path.clone(),
                hint: "let others enter it and the folders above it (chmod o+x)",
            });
        }
        let hash = Sha256::digest(self.path.as_os_str().as_encoded_bytes());
        let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let target = Path::new(FALLBACK).join(&name);
        std::fs::create_dir_all(FALLBACK)
            .map_err(PostgresError::io("create", Path::new(FALLBACK)))?;
        if target.exists() {
            let old = target.with_extension("old");
            let _ = std::fs::remove_dir_all(&old);
            std::fs::rename(&target, &old).map_err(PostgresError::io("rename", &target))?;
        }
        if link.is_some() {
            std::fs::remove_file(&data).map_err(PostgresError::io("remove", &data))?;
        }
        std::os::unix::fs::symlink(&target, &data).map_err(PostgresError::io("link", &data))?;
        Ok(target)
    }
}
