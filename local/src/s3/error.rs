//! The errors of the local S3 endpoint.

use std::io;
use std::path::{Path, PathBuf};

/// Why the endpoint could not start, or rejects a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each variant explains its fields")]
pub enum LocalS3Error {
    /// Another process serves the same folder.
    #[error("the folder {} is already served by another process", .0.display())]
    InUse(PathBuf),
    /// The port is in use, or needs more rights.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen { port: u16, source: io::Error },
    /// A file below `.local-s3` is not valid JSON.
    #[error("{} is damaged: remove it, and upload its object again", .path.display())]
    Damaged { path: PathBuf, source: serde_json::Error },
    /// A file or folder could not be read or written.
    #[error("cannot {doing} {}", .path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    /// S3 does not allow the bucket's name.
    #[error("{0:?} is not a valid bucket name: use 3 to 63 of a-z, 0-9, `.` and `-`")]
    BadBucketName(String),
    /// The bucket does not exist.
    #[error("the bucket {0} does not exist")]
    NoSuchBucket(String),
    /// The key has never existed, or was deleted without versions.
    #[error("the key {0:?} does not exist")]
    NoSuchKey(String),
    /// The newest version of the key is a delete marker.
    #[error("the key {0:?} was deleted")]
    Deleted(String),
    /// The requested version is a delete marker.
    #[error("this version of the key {0:?} is a delete marker")]
    IsMarker(String),
    /// The key has no version with this id.
    #[error("the key {key:?} has no version {version_id:?}")]
    NoSuchVersion { key: String, version_id: String },
    /// `If-Match` or `If-None-Match` does not hold.
    #[error("the object does not meet the condition")]
    PreconditionFailed,
    /// The body is not what the client sent.
    #[error("the MD5 of the body is not the Content-MD5 of the request")]
    BadDigest,
    /// The upload was completed, aborted or never created.
    #[error("the multipart upload {0:?} does not exist")]
    NoSuchUpload(String),
    /// A part that completes an upload is missing.
    #[error("part {0} was not uploaded, or has another ETag")]
    InvalidPart(i32),
    /// The parts that complete an upload are in the wrong order.
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    /// The client disconnected before the end of the body.
    #[error("the body ended early: {0}")]
    BodyBroken(String),
}

impl LocalS3Error {
    /// For `map_err`: the action that failed, and its path.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LocalS3Error {
        let path = path.to_path_buf();
        move |source| LocalS3Error::Io { doing, path, source }
    }
}
