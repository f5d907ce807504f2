//! Error: what can go wrong in the local S3 endpoint.

use std::io;
use std::path::{Path, PathBuf};

/// Why the endpoint could not start, or refuses a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalS3Error {
    /// Another process serves the same folder.
    #[error("the folder {} is served by another stardrop already", .0.display())]
    InUse(PathBuf),
    /// The address is taken, or may not be used.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen { port: u16, source: io::Error },
    /// A file of ours below `.stardrop` cannot be read.
    #[error("{} is damaged: move it away, and drop its object again", .path.display())]
    Damaged { path: PathBuf, source: serde_json::Error },
    #[error("cannot {doing} {}", .path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    /// A bucket's name has 3 to 63 of `a-z`, `0-9`, `.` and `-`.
    #[error("{0:?} is no name for a bucket: 3 to 63 of a-z, 0-9, `.` and `-`")]
    BadBucketName(String),
    #[error("the bucket {0} does not exist")]
    NoSuchBucket(String),
    #[error("the key {0:?} does not exist")]
    NoSuchKey(String),
    /// The newest version of the key is a delete marker.
    #[error("the key {0:?} was deleted")]
    Deleted(String),
    /// The version that was asked for by its id is a delete marker.
    #[error("this version of the key {0:?} is a delete marker")]
    IsMarker(String),
    #[error("the key {key:?} has no version {version_id:?}")]
    NoSuchVersion { key: String, version_id: String },
    #[error("the object does not fit the condition")]
    PreconditionFailed,
    #[error("the bytes do not fit the Content-MD5 that was sent")]
    BadDigest,
    #[error("the multipart upload {0:?} does not exist")]
    NoSuchUpload(String),
    #[error("part {0} was not uploaded, or has another ETag")]
    InvalidPart(i32),
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    /// The sender broke off.
    #[error("the body ended early: {0}")]
    BodyBroken(String),
}

impl LocalS3Error {
    /// For `map_err`: what was being done, and to which path.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LocalS3Error {
        let path = path.to_path_buf();
        move |source| LocalS3Error::Io { doing, path, source }
    }
}
