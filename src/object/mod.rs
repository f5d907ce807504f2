//! Identifies objects in S3 and local files, and streams their bytes; writes objects to S3.

mod content_hash;
mod file;
mod file_body;
mod s3;
mod s3_endpoint;
mod s3_error;
mod s3_write;
#[cfg(test)]
mod scripted_server;
mod stream;
mod upload;

use std::fmt;
use std::path::Path;

use tokio::sync::OnceCell;

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Settings;
pub use content_hash::ContentHash;
pub use s3::Listing;
use s3_endpoint::S3Endpoint;
pub use stream::ObjectStream;
pub use upload::{Expected, Upload};

/// The bucket name of local files, whose keys are absolute paths.
pub const FILE_BUCKET: &str = "file";

/// One version of one S3 key, or one local file.
///
/// `None` means that the event did not say. [`Display`](fmt::Display) gives `s3://bucket/key`, or the
/// path of a local file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef {
    /// The name of the bucket, or [`FILE_BUCKET`].
    pub bucket: String,
    /// The decoded key: never percent-encoded.
    pub key: String,
    /// Also `None` if the bucket keeps no versions.
    pub version_id: Option<String>,
    /// Without quotes.
    pub etag: Option<String>,
    /// The size of the object.
    pub size_bytes: Option<u64>,
    /// When S3 wrote the object: the time of the event, or else Last-Modified.
    pub object_time: Option<jiff::Timestamp>,
    /// The order in which S3 wrote the versions of one key: hexadecimal, of varying length.
    pub sequencer: Option<String>,
}

impl ObjectRef {
    /// Whether the object is a local file.
    pub(crate) fn is_local_file(&self) -> bool {
        self.bucket == FILE_BUCKET
    }

    /// Whether S3 need not be asked for anything.
    ///
    /// An object with a sequencer comes from an event of S3, which has the version if the bucket keeps
    /// versions. A listing or a person names none even then.
    fn is_identified(&self) -> bool {
        self.etag.is_some()
            && self.size_bytes.is_some()
            && self.object_time.is_some()
            && (self.version_id.is_some() || self.sequencer.is_some())
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_local_file() {
            f.write_str(&self.key)
        } else {
            write!(f, "s3://{}/{}", self.bucket, self.key)
        }
    }
}

/// Reads objects from S3 and from local files.
///
/// The S3 client is built when it is first needed.
pub struct Source {
    endpoint: Option<String>,
    client: OnceCell<aws_sdk_s3::Client>,
}

impl Source {
    /// Reads from the S3 that the settings name, with the credentials and region of the AWS SDK.
    pub fn new(settings: &Settings) -> Source {
        Source { endpoint: settings.s3_endpoint.clone(), client: OnceCell::new() }
    }

    /// Reads with a client that is set up already. `endpoint` is its URL in messages.
    pub fn with_client(client: aws_sdk_s3::Client, endpoint: Option<String>) -> Source {
        Source { endpoint, client: OnceCell::new_with(Some(client)) }
    }

    /// Completes a reference: asks for its etag, version, size and time if the event did not say them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ObjectMissing`], [`ErrorKind::NoBucket`], [`ErrorKind::ObjectDenied`],
    /// [`ErrorKind::ObjectUnreadable`]; [`ErrorKind::ObjectChanged`] if the object has another etag
    /// than `object` says.
    pub async fn identify(&self, object: &ObjectRef) -> Result<ObjectRef> {
        let named = if object.is_local_file() {
            file::identify(object).await
        } else if object.is_identified() {
            Ok(object.clone())
        } else {
            s3::identify(&self.s3().await, object).await
        };
        named.map_err(|error| error.of_object(object))
    }

    /// Streams the bytes of exactly the version that `object` names, from `from_offset` on.
    ///
    /// # Errors
    ///
    /// As [`Source::identify`]. The stream has the errors of [`ObjectStream::next_chunk`].
    pub async fn open(&self, object: &ObjectRef, from_offset: u64) -> Result<ObjectStream> {
        let opened = if object.is_local_file() {
            file::open(object, from_offset).await
        } else {
            s3::open(&self.s3().await, object, from_offset).await
        };
        opened.map_err(|error| error.of_object(object))
    }

    /// The objects of `bucket` whose keys begin with `prefix`, page by page, in key order.
    ///
    /// They have no version: [`Source::identify`] asks for it.
    pub async fn list(&self, bucket: &str, prefix: &str) -> Listing {
        Listing::new(self.s3().await, bucket, prefix)
    }

    async fn s3(&self) -> S3Endpoint {
        let url = self.endpoint.clone();
        let client = self.client.get_or_init(|| s3_endpoint::client(url.as_deref())).await.clone();
        S3Endpoint { client, url }
    }
}

/// The reference to a local file, for [`Source::identify`] to complete.
///
/// # Errors
///
/// [`ErrorKind::ObjectMissing`], [`ErrorKind::ObjectDenied`] or [`ErrorKind::ObjectUnreadable`] if the
/// path cannot be resolved or is not valid UTF-8.
pub fn local_file(path: &Path) -> Result<ObjectRef> {
    file::reference(path).map_err(|error| error.of_object(path.display()))
}

fn object_error(kind: ErrorKind, message: impl Into<String>) -> Error {
    Error::new(kind, Stage::Object, message)
}
