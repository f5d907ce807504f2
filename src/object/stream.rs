//! Streams the bytes of an object in chunks of at most 1 MiB, and reports an end that comes too early.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::content_hash::ContentHash;
use super::file_body::FileBody;
use super::{ObjectRef, object_error};
use crate::aws::IDLE_TIMEOUT;
use crate::error::{Error, ErrorKind, Result};

/// The largest chunk. The rest of the pipeline holds one chunk at a time, so this bounds its memory.
pub(super) const MAX_CHUNK_BYTES: usize = 1 << 20;

/// The bytes of one object, in order.
pub struct ObjectStream {
    object: ObjectRef,
    body: Body,
    /// The offset in the object of the next chunk.
    offset: u64,
    size_bytes: u64,
    /// The rest of a chunk that was too large.
    rest: Bytes,
    hash: Option<ContentHash>,
    /// Whether the etag is the MD5 of the bytes.
    pub(super) etag_is_md5: bool,
    idle_timeout: Duration,
}

pub(super) enum Body {
    S3(ByteStream),
    File(FileBody),
    /// Nothing is left to read.
    Empty,
}

impl std::fmt::Debug for ObjectStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ObjectStream({} at {} of {})", self.object, self.offset, self.size_bytes)
    }
}

impl ObjectStream {
    pub(super) fn new(object: &ObjectRef, body: Body, offset: u64, size_bytes: u64) -> Self {
        ObjectStream {
            object: object.clone(),
            body,
            offset,
            size_bytes,
            rest: Bytes::new(),
            hash: None,
            etag_is_md5: false,
            idle_timeout: IDLE_TIMEOUT,
        }
    }

    /// The size of the whole object, whatever the offset at which the stream began.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The offset in the object at which the next chunk begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Hashes what is read from now on, once [`hash_to`](ObjectStream::hash_to) says how far.
    pub(crate) fn hash_with(&mut self, hash: ContentHash) {
        self.hash = Some(hash);
    }

    /// Hashes the bytes before `offset` and returns the state there; `None` if the stream does not hash,
    /// or has not read that far.
    pub(crate) fn hash_to(&mut self, offset: u64) -> Option<Vec<u8>> {
        let hash = self.hash.as_mut()?;
        hash.advance(offset);
        (hash.offset() == offset).then(|| hash.state())
    }

    /// The SHA-256 of the whole object, once it has been read to its end.
    pub fn content_hash(&mut self) -> Option<Vec<u8>> {
        self.hash_to(self.size_bytes)?;
        self.hash.as_ref().map(ContentHash::digest)
    }

    /// Whether the etag is the MD5 of the bytes, so that equal etags mean equal bytes. It is not after a
    /// multipart upload, or if the object is encrypted with a key of KMS or of the client.
    pub(crate) fn etag_is_md5(&self) -> bool {
        self.etag_is_md5
    }

    /// The next bytes, at least one; `None` once the object has been read to its last byte.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ObjectUnreadable`] if no data is received for 20 seconds or the stream ends too
    /// early, [`ErrorKind::ObjectChanged`] if a file changed while it was read.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        let chunk = self.read().await.map_err(|error| error.of_object(&self.object))?;
        if let Some(chunk) = &chunk {
            self.offset += chunk.len() as u64;
            if let Some(hash) = &mut self.hash {
                hash.push(chunk.clone());
            }
        }
        Ok(chunk)
    }

    async fn read(&mut self) -> Result<Option<Bytes>> {
        while self.rest.is_empty() {
            let read = async {
                match &mut self.body {
                    Body::S3(body) => body.next().await.transpose().map_err(|error| {
                        object_error(ErrorKind::ObjectUnreadable, "reading from S3 failed")
                            .caused_by(error)
                    }),
                    Body::File(body) => body.next().await,
                    Body::Empty => Ok(None),
                }
            };
            let Ok(read) = tokio::time::timeout(self.idle_timeout, read).await else {
                let seconds = self.idle_timeout.as_secs_f32();
                let message = format!("no data received for {seconds} s");
                return Err(self.interrupted(object_error(ErrorKind::ObjectUnreadable, message)));
            };
            match read {
                Ok(Some(chunk)) => self.rest = chunk,
                Ok(None) if self.offset == self.size_bytes => return Ok(None),
                Ok(None) => {
                    let early = self.offset < self.size_bytes;
                    let message =
                        if early { "the data ends too early" } else { "there is more data" };
                    return Err(
                        self.interrupted(object_error(ErrorKind::ObjectUnreadable, message))
                    );
                }
                Err(error) => return Err(self.interrupted(error)),
            }
        }
        Ok(Some(self.rest.split_to(self.rest.len().min(MAX_CHUNK_BYTES))))
    }

    /// Adds to the error how far the stream got, unless the object itself has changed.
    fn interrupted(&self, mut error: Error) -> Error {
        if error.kind == ErrorKind::ObjectUnreadable {
            let (offset, size) = (self.offset, self.size_bytes);
            error.message =
                format!("reading stopped at byte {offset} of {size}: {}", error.message);
        }
        error
    }

    /// Sets a short timeout, for tests.
    #[cfg(test)]
    pub(super) fn with_idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.idle_timeout = idle_timeout;
        self
    }
}
