//! Reads the bytes of an open local file, and notices if the file changes meanwhile.

use std::fs::Metadata;
use std::io::{self, Seek, SeekFrom};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::object_error;
use crate::error::{Error, ErrorKind, Result};

/// The most bytes of one read: large enough that switching threads for each read costs little.
pub(super) const READ_BYTES: usize = 256 << 10;

/// An open file, with its size and time when it was opened.
pub(super) struct FileBody {
    file: File,
    stamp: (u64, Timestamp),
    /// The bytes that are not read yet.
    left: u64,
}

impl FileBody {
    /// Opens a file at `from_offset`.
    ///
    /// # Errors
    ///
    /// The kinds of [`unreadable`].
    pub async fn open(path: &str, from_offset: u64) -> Result<FileBody> {
        let path = path.to_owned();
        // One switch of threads instead of three: a small file takes little else.
        let opening = tokio::task::spawn_blocking(move || -> Result<_> {
            let mut file = std::fs::File::open(path).map_err(unreadable)?;
            let stamp = stamp(&file.metadata().map_err(unreadable)?)?;
            file.seek(SeekFrom::Start(from_offset)).map_err(unreadable)?;
            Ok((file, stamp))
        });
        let (file, stamp) = opening.await.map_err(|error| {
            object_error(ErrorKind::ObjectUnreadable, "opening the file was interrupted")
                .caused_by(error)
        })??;
        let left = stamp.0.saturating_sub(from_offset);
        Ok(FileBody { file: File::from_std(file), stamp, left })
    }

    /// The size and the time of the file when it was opened.
    pub(crate) fn stamp(&self) -> (u64, Timestamp) {
        self.stamp
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// The kinds of [`unreadable`], and [`ErrorKind::ObjectChanged`] if the file has another size or
    /// time at its end than when it was opened.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.left > 0 {
            let size = self.left.min(READ_BYTES as u64) as usize;
            let mut chunk = BytesMut::with_capacity(size);
            let count = self.file.read_buf(&mut chunk).await.map_err(unreadable)?;
            self.left = self.left.saturating_sub(count as u64);
            if count > 0 {
                return Ok(Some(chunk.freeze()));
            }
        }
        let now = stamp(&self.file.metadata().await.map_err(unreadable)?)?;
        if now != self.stamp { Err(changed()) } else { Ok(None) }
    }
}

/// The size of a file, and the time of its last change in the microseconds that Postgres stores.
///
/// # Errors
///
/// [`ErrorKind::ObjectUnreadable`] if it is a folder, or if its time is out of range.
pub(super) fn stamp(metadata: &Metadata) -> Result<(u64, Timestamp)> {
    if metadata.is_dir() {
        return Err(object_error(ErrorKind::ObjectUnreadable, "is a folder, not a file"));
    }
    let modified = metadata.modified().map_err(unreadable)?;
    let time = Timestamp::try_from(modified)
        .and_then(|time| Timestamp::from_microsecond(time.as_microsecond()))
        .map_err(|error| {
            object_error(ErrorKind::ObjectUnreadable, "the file's time is out of range")
                .caused_by(error)
        })?;
    Ok((metadata.len(), time))
}

/// The error for a file that is not the identified one any more.
pub(super) fn changed() -> Error {
    object_error(ErrorKind::ObjectChanged, "the file has changed since it was identified")
}

/// The error for a file that is missing ([`ErrorKind::ObjectMissing`]), whose permissions forbid
/// reading ([`ErrorKind::ObjectDenied`]), or that cannot be read ([`ErrorKind::ObjectUnreadable`]).
pub(super) fn unreadable(error: io::Error) -> Error {
    let (kind, message) = match error.kind() {
        io::ErrorKind::NotFound => (ErrorKind::ObjectMissing, "the file does not exist"),
        io::ErrorKind::PermissionDenied => {
            (ErrorKind::ObjectDenied, "permission to read the file is denied")
        }
        _ => (ErrorKind::ObjectUnreadable, "the file cannot be read"),
    };
    object_error(kind, message).caused_by(error)
}
