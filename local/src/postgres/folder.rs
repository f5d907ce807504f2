//! Folder: a wished place in, a locked place where the server's account can keep its data out.

use std::fs::{File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::PostgresError;
use super::account::Account;

/// Where data goes that lies, in its owner's eyes, below a folder that only root may enter. Not
/// below `/var/tmp`, where the system removes what was not touched for a month.
const STAND_IN: &str = "/var/lib/stardrop";

/// A new folder below `/tmp`: for the socket, whose path may have no more than 103 bytes (which
/// rules out the deep temporary folders of macOS), and for all of a throwaway server.
#[derive(Debug)]
pub(super) struct RunFolder {
    pub path: PathBuf,
    /// Our own user: the owner of what we create.
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
        // Usually the supervisor was faster.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A kept folder: `data` (or a link to it), `server.log` and `lock`.
#[derive(Debug)]
pub(super) struct KeptFolder {
    path: PathBuf,
    /// Held as long as the server may run; the system lets go of it when we end.
    _lock: File,
}

impl KeptFolder {
    /// Creates the folder where needed and takes its lock.
    pub fn open(wish: &Path) -> Result<KeptFolder, PostgresError> {
        let path = std::path::absolute(wish).map_err(PostgresError::io("find", wish))?;
        std::fs::create_dir_all(&path).map_err(PostgresError::io("create", &path))?;
        let lock_path = path.join("lock");
        let lock = File::options().create(true).append(true).open(&lock_path);
        let lock = lock.map_err(PostgresError::io("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(KeptFolder { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(PostgresError::InUse {
                path,
                by: "another stardrop runs there; stop it, or choose another folder".to_owned(),
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

    /// The real data folder, below which `account` may work. It may not exist yet.
    ///
    /// Where root started us in a folder that others may not enter (such as `/root/project`), the
    /// data goes to `/var/lib/stardrop/<hash of the path>`, and `data` is a link to it. When the
    /// link is gone, a user has thrown the folder away and wants a fresh start: what lay there is
    /// set aside, once, as `<hash>.old`.
    pub fn place(&self, account: &Account) -> Result<PathBuf, PostgresError> {
        let data = self.data();
        let link = std::fs::read_link(&data).ok();
        if !account.is_another() || (link.is_none() && account.may_execute(&self.path)) {
            return Ok(link.unwrap_or(data));
        }
        if let Some(target) = link.as_ref().filter(|target| target.exists()) {
            return Ok(target.clone());
        }
        if data.is_dir() {
            return Err(PostgresError::Unreachable {
                account: account.name().to_owned(),
                wish: "enter",
                path: self.path.clone(),
                hint: "let others enter it and the folders above it (chmod o+x)",
            });
        }
        let hash = Sha256::digest(self.path.as_os_str().as_encoded_bytes());
        let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let target = Path::new(STAND_IN).join(&name);
        std::fs::create_dir_all(STAND_IN)
            .map_err(PostgresError::io("create", Path::new(STAND_IN)))?;
        if target.exists() {
            let old = target.with_extension("old");
            let _ = std::fs::remove_dir_all(&old);
            std::fs::rename(&target, &old).map_err(PostgresError::io("set aside", &target))?;
        }
        if link.is_some() {
            std::fs::remove_file(&data).map_err(PostgresError::io("remove", &data))?;
        }
        std::os::unix::fs::symlink(&target, &data).map_err(PostgresError::io("link", &data))?;
        Ok(target)
    }
}
