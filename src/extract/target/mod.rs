//! Target: where files and states go: a bucket or a folder. A file is visible only once it is complete.

mod address;
mod folder;

use std::collections::HashMap;

pub use address::Address;
use folder::{Folder, PartialFile};

use super::extract_error;
use super::window::Keys;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Expected, Source, Upload};

/// A place to write files to.
pub(super) enum Target<'s> {
    S3 { source: &'s Source, bucket: String },
    Folder(Folder),
}

/// A file that is being written.
pub(super) enum Sink {
    S3(Box<Upload>),
    File(PartialFile),
}

/// A state as it was read, so that it is replaced only if it is still that one.
pub(super) type StateVersion = Option<String>;

impl<'s> Target<'s> {
    /// The bucket or folder of an address; a folder is created, and locked until the target is dropped.
    ///
    /// # Errors
    ///
    /// A folder that cannot be written, or that another run uses.
    pub fn open(address: &Address, source: &'s Source) -> Result<Target<'s>> {
        match address {
            Address::S3 { bucket, .. } => Ok(Target::S3 { source, bucket: bucket.clone() }),
            Address::Folder(path) => Folder::open(path).map(Target::Folder),
        }
    }

    /// The name of a key in messages and reports.
    pub fn display(&self, key: &str) -> String {
        match self {
            Target::S3 { bucket, .. } => format!("s3://{bucket}/{key}"),
            Target::Folder(folder) => folder.path(key).display().to_string(),
        }
    }

    /// Removes what runs of this table that were killed have left behind. A run that is still writing there fails.
    ///
    /// # Errors
    ///
    /// Those of S3 or of the file system.
    pub async fn remove_unfinished(&self, keys: Keys<'_>) -> Result<()> {
        match self {
            Target::S3 { source, bucket } => {
                let is_own = |key: &str| keys.is_own(key);
                let aborted = source.abort_uploads(bucket, keys.prefix, is_own).await?;
                if aborted > 0 {
                    tracing::info!(aborted, "aborted the uploads of a run that did not finish");
                }
                Ok(())
            }
            Target::Folder(folder) => folder.remove_unfinished(keys.prefix),
        }
    }

    /// The etags of the objects below a prefix: what a run may replace. A folder is locked instead.
    ///
    /// # Errors
    ///
    /// Those of S3.
    pub async fn existing(&self, prefix: &str) -> Result<HashMap<String, String>> {
        let Target::S3 { source, bucket } = self else { return Ok(HashMap::new()) };
        let mut found = HashMap::new();
        let mut listing = source.list(bucket, prefix).await;
        while let Some(page) = listing.next_page().await? {
            found.extend(page.into_iter().filter_map(|object| Some((object.key, object.etag?))));
        }
        Ok(found)
    }

    /// Starts to write a file, which replaces the object with this etag, or none.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub async fn create(&self, key: &str, replaces: Option<&String>) -> Result<Sink> {
        match self {
            Target::S3 { source, bucket } => {
                let expected = expected(replaces.cloned());
                Ok(Sink::S3(Box::new(source.upload(bucket, key, expected).await)))
            }
            Target::Folder(folder) => folder.create(key).map(Sink::File),
        }
    }

    /// Reads a state; `None` if there is none.
    ///
    /// # Errors
    ///
    /// Those of S3 or of the file system.
    pub async fn read_state(&self, key: &str) -> Result<Option<(Vec<u8>, StateVersion)>> {
        match self {
            Target::S3 { source, bucket } => {
                let found = source.get_small(bucket, key).await?;
                Ok(found.map(|(bytes, etag)| (bytes, Some(etag))))
            }
            Target::Folder(folder) => Ok(folder.read(key)?.map(|bytes| (bytes, None))),
        }
    }

    /// Replaces the state that was read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ExtractOvertaken`] if another run has replaced it meanwhile; those of S3 or of the file system.
    pub async fn write_state(
        &self,
        key: &str,
        bytes: Vec<u8>,
        version: StateVersion,
    ) -> Result<()> {
        match self {
            Target::S3 { source, bucket } => {
                let put = source.put_small(bucket, key, bytes, &expected(version)).await;
                put.map_err(overtaken)
            }
            Target::Folder(folder) => folder.replace(key, &bytes),
        }
    }
}

impl Sink {
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Sink::S3(upload) => upload.write(bytes).await.map_err(overtaken),
            Sink::File(file) => file.write(bytes),
        }
    }

    /// Makes the file visible.
    pub async fn finish(&mut self) -> Result<()> {
        match self {
            Sink::S3(upload) => upload.finish().await.map(drop).map_err(overtaken),
            Sink::File(file) => file.finish(),
        }
    }

    /// Removes what was written.
    pub async fn abort(&mut self) {
        match self {
            Sink::S3(upload) => upload.abort().await,
            Sink::File(file) => file.abort(),
        }
    }
}

fn expected(etag: Option<String>) -> Expected {
    etag.map_or(Expected::Nothing, Expected::Etag)
}

/// The error for an object that another run, or somebody else, has changed since this run began.
fn overtaken(error: Error) -> Error {
    // If-Match of an object that was removed is a missing object.
    if !matches!(error.kind, ErrorKind::ObjectChanged | ErrorKind::ObjectMissing) {
        return error;
    }
    let object = error.object.unwrap_or_default();
    extract_error(
        ErrorKind::ExtractOvertaken,
        "another run has extracted the table meanwhile, or the object was changed",
    )
    .of_object(object)
}
