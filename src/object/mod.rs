//! Object: which bytes are meant, and a stream of them.

mod content_hash;
mod file;
mod s3;
mod s3_error;
#[cfg(test)]
mod scripted_server;
mod stream;

use std::fmt;
use std::path::Path;

pub use content_hash::ContentHash;
pub use s3::Listing;
pub use stream::ObjectStream;
use tokio::sync::OnceCell;

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Settings;

/// The bucket name that stands for the local file system: the key is then an absolute path.
pub const FILE_BUCKET: &str = "file";

/// One version of one S3 key, or one local file.
///
/// What an event did not say is `None`; [`Display`](fmt::Display) gives `s3://bucket/key`, or the
/// path of a local file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef {
    pub bucket: String,
    /// The decoded key: never percent-encoded.
    pub key: String,
    /// `None` where the bucket keeps no versions.
    pub version_id: Option<String>,
    /// Without quotes.
    pub etag: Option<String>,
    pub size_bytes: Option<u64>,
    /// When S3 wrote the object: the event's time, else Last-Modified.
    pub object_time: Option<jiff::Timestamp>,
    /// S3's own order of the events of one key: hexadecimal, of varying length.
    pub sequencer: Option<String>,
}

impl ObjectRef {
    /// Whether the object is a file of this machine.
    pub fn is_local_file(&self) -> bool {
        self.bucket == FILE_BUCKET
    }

    /// Whether there is nothing left to ask S3.
    ///
    /// What has a sequencer comes from an event of S3's, which would have named the version if the
    /// bucket kept any. A listing or a person names none either way.
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

/// Where objects come from: S3, and the files of this machine.
///
/// Making one costs nothing: the S3 client is built when it is first needed.
pub struct Source {
    endpoint: Option<String>,
    client: OnceCell<aws_sdk_s3::Client>,
}

impl Source {
    /// The S3 that the settings name, with the AWS SDK's own credentials and region.
    pub fn new(settings: &Settings) -> Source {
        Source { endpoint: settings.s3_endpoint.clone(), client: OnceCell::new() }
    }

    /// An S3 that somebody else has set up: `endpoint` is its name in messages.
    pub fn with_client(client: aws_sdk_s3::Client, endpoint: Option<String>) -> Source {
        Source { endpoint, client: OnceCell::new_with(Some(client)) }
    }

    /// The object with its etag, version, size and time, asked for where the event did not say.
    ///
    /// # Errors
    /// [`ErrorKind::ObjectMissing`], [`ErrorKind::NoBucket`], [`ErrorKind::ObjectDenied`],
    /// [`ErrorKind::ObjectUnreadable`]; [`ErrorKind::ObjectChanged`] where the object is not the
    /// one with the given etag any more.
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

    /// The object's bytes from `from_offset` on, of exactly the version that `object` names.
    ///
    /// # Errors
    /// As [`Source::identify`]; the stream's own errors are those of [`ObjectStream::next_chunk`].
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
    /// They lack their version: [`Source::identify`] asks for it.
    pub async fn list(&self, bucket: &str, prefix: &str) -> Listing {
        Listing::new(self.s3().await, bucket, prefix)
    }

    async fn s3(&self) -> s3::S3Endpoint {
        let url = self.endpoint.clone();
        let client = self.client.get_or_init(|| s3::client(url.as_deref())).await.clone();
        s3::S3Endpoint { client, url }
    }
}

/// A file of this machine as an object that is still to be identified.
///
/// # Errors
/// [`ErrorKind::ObjectMissing`] and the like where the path cannot be followed, and
/// [`ErrorKind::ObjectUnreadable`] where it is no UTF-8.
pub fn local_file(path: &Path) -> Result<ObjectRef> {
    file::reference(path).map_err(|error| error.of_object(path.display()))
}

fn object_error(kind: ErrorKind, message: impl Into<String>) -> Error {
    Error::new(kind, Stage::Object, message)
}
