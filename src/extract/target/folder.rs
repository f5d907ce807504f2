//! Folder: writes files under a temporary, hidden name and renames them once they are complete.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::super::extract_error;
use crate::error::{Error, ErrorKind, Result};

/// The name of a file that is not complete. Watchers of folders ignore hidden files and those that end in `.tmp`.
const UNFINISHED: (&str, &str) = (".stardrop-", ".tmp");

/// A folder that only this run writes to.
pub(in crate::extract) struct Folder {
    path: PathBuf,
    /// The system releases it when the process ends, however it does.
    _lock: File,
}

/// A file that is not complete.
pub(in crate::extract) struct PartialFile {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
}

impl Folder {
    pub fn open(path: &Path) -> Result<Folder> {
        create_folder(path)?;
        let lock_path = path.join(".stardrop-lock");
        let lock = File::options().create(true).append(true).open(&lock_path);
        let lock = lock.map_err(|error| unwritable(&lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(extract_error(ErrorKind::ExtractOvertaken, "another run writes to this folder")
                    .of_object(path.display()))
            }
            Err(TryLockError::Error(error)) => Err(unwritable(&lock_path, error)),
        }
    }

    pub fn path(&self, key: &str) -> PathBuf {
        self.path.join(key)
    }

    pub fn create(&self, key: &str) -> Result<PartialFile> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.path);
        create_folder(folder)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!("{}{name}{}", UNFINISHED.0, UNFINISHED.1));
        let file = File::create(&temporary).map_err(|error| unwritable(&temporary, error))?;
        Ok(PartialFile { file, temporary, path })
    }

    /// Removes the files that a killed run left in the folder of a table and in those of its windows.
    pub fn remove_unfinished(&self, prefix: &str) -> Result<()> {
        let table = self.path(prefix);
        let windows = entries(&table)?.into_iter().filter(|path| path.is_dir());
        for folder in windows.chain([table.clone()]) {
            for path in entries(&folder)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name.starts_with(UNFINISHED.0) && name.ends_with(UNFINISHED.1) {
                    fs::remove_file(&path).map_err(|error| unwritable(&path, error))?;
                }
            }
        }
        Ok(())
    }

    pub fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(key);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(extract_error(ErrorKind::ObjectDenied, "cannot be read")
                .caused_by(error)
                .of_object(path.display())),
        }
    }

    pub fn replace(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let mut file = self.create(key)?;
        file.write(bytes)?;
        file.finish()
    }
}

impl PartialFile {
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| unwritable(&self.temporary, error))
    }

    pub fn finish(&mut self) -> Result<()> {
        // Before the rename, so that a crash of the machine leaves no file that only looks complete.
        self.file.sync_all().map_err(|error| unwritable(&self.temporary, error))?;
        fs::rename(&self.temporary, &self.path).map_err(|error| unwritable(&self.path, error))
    }

    pub fn abort(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| unwritable(path, error))
}

/// What is in a folder; nothing if it does not exist.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(found) => Ok(found.filter_map(|entry| Some(entry.ok()?.path())).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unwritable(folder, error)),
    }
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    extract_error(ErrorKind::ObjectDenied, "cannot be written")
        .caused_by(error)
        .with_hint("check the rights to the folder, and the space on its disk")
        .of_object(path.display())
}
