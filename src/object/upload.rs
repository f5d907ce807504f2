//! Writes an object to S3 that is visible only once it is complete: by one request, or by a multipart upload if it is large.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use tokio::task::JoinHandle;

use super::object_error;
use super::s3_endpoint::S3Endpoint;
use super::s3_error::s3_error;
use crate::error::{Error, ErrorKind, Result};

/// The size of a part. One is filled while another one is sent, so an upload holds two of them in memory.
const PART_BYTES: usize = 8 << 20;

/// An upload has at most 10,000 parts: from this one on they are twice as large, which allows objects of 120 GB.
const LARGER_FROM: usize = 5_000;

/// What may be at the key when the object is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Nothing (`If-None-Match: *`).
    Nothing,
    /// The object with this etag, without quotes (`If-Match`).
    Etag(String),
}

impl Expected {
    pub(super) fn if_match(&self) -> Option<String> {
        match self {
            Expected::Nothing => None,
            Expected::Etag(etag) => Some(format!("\"{etag}\"")),
        }
    }

    pub(super) fn if_none_match(&self) -> Option<String> {
        (*self == Expected::Nothing).then(|| "*".to_owned())
    }
}

/// An object that is being written. If it is dropped before [`Upload::finish`], S3 keeps the parts that were sent until
/// [`Source::abort_uploads`](super::Source::abort_uploads).
pub struct Upload {
    s3: S3Endpoint,
    bucket: String,
    key: String,
    expected: Expected,
    buffer: Vec<u8>,
    /// The id of the multipart upload, once the first part is full.
    id: Option<String>,
    parts: Vec<CompletedPart>,
    sending: Option<JoinHandle<Result<CompletedPart>>>,
}

impl Upload {
    pub(super) fn new(s3: S3Endpoint, bucket: &str, key: &str, expected: Expected) -> Upload {
        Upload {
            s3,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            expected,
            buffer: Vec::new(),
            id: None,
            parts: Vec::new(),
            sending: None,
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoBucket`], [`ErrorKind::ObjectDenied`] with a hint about the rights to write,
    /// [`ErrorKind::ObjectUnreadable`]; [`ErrorKind::ObjectChanged`] if another run has aborted the upload.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let mut rest = bytes;
        loop {
            let size = if self.parts.len() < LARGER_FROM { PART_BYTES } else { 2 * PART_BYTES };
            if self.buffer.capacity() == 0 && self.id.is_some() {
                // A buffer that grows is copied, and leaves holes in memory.
                self.buffer.reserve_exact(size);
            }
            let (now, later) = rest.split_at(rest.len().min(size - self.buffer.len().min(size)));
            self.buffer.extend_from_slice(now);
            rest = later;
            if self.buffer.len() < size {
                return Ok(());
            }
            let part = std::mem::take(&mut self.buffer);
            self.send(part).await.map_err(|error| self.named(error))?;
        }
    }

    /// Makes the object visible, and returns its etag.
    ///
    /// # Errors
    ///
    /// As [`Upload::write`]; [`ErrorKind::ObjectChanged`] if the key does not have what was expected.
    pub async fn finish(&mut self) -> Result<Option<String>> {
        let finished = match self.id.clone() {
            None => self.put().await,
            Some(id) => self.complete(&id).await,
        };
        finished.map_err(|error| self.named(error))
    }

    /// Removes what was sent. Best effort: it is called after another error, which is the one to report.
    pub async fn abort(&mut self) {
        if let Some(sending) = self.sending.take() {
            // A part that arrives after the abort would stay.
            let _ = sending.await;
        }
        let Some(id) = self.id.take() else { return };
        let request = self.s3.client.abort_multipart_upload().bucket(&self.bucket).key(&self.key);
        if let Err(error) = request.upload_id(id).send().await {
            let error = self.named(s3_error(error, &self.s3));
            tracing::warn!(%error, "an upload could not be aborted: the next run aborts it");
        }
    }

    async fn put(&mut self) -> Result<Option<String>> {
        let body = ByteStream::from(std::mem::take(&mut self.buffer));
        let request = self.s3.client.put_object().bucket(&self.bucket).key(&self.key).body(body);
        let request = request
            .set_if_match(self.expected.if_match())
            .set_if_none_match(self.expected.if_none_match());
        let put = request.send().await.map_err(|error| s3_error(error, &self.s3))?;
        Ok(put.e_tag.map(|etag| etag.trim_matches('"').to_owned()))
    }

    async fn complete(&mut self, id: &str) -> Result<Option<String>> {
        if !self.buffer.is_empty() {
            let part = std::mem::take(&mut self.buffer);
            self.send(part).await?;
        }
        self.sent().await?;
        let parts = std::mem::take(&mut self.parts);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request =
            self.s3.client.complete_multipart_upload().bucket(&self.bucket).key(&self.key);
        let request = request
            .upload_id(id)
            .multipart_upload(parts)
            .set_if_match(self.expected.if_match())
            .set_if_none_match(self.expected.if_none_match());
        let completed = request.send().await.map_err(|error| s3_error(error, &self.s3))?;
        self.id = None;
        Ok(completed.e_tag.map(|etag| etag.trim_matches('"').to_owned()))
    }

    /// Starts to send a part, once the one before it has arrived.
    async fn send(&mut self, part: Vec<u8>) -> Result<()> {
        let id = match &self.id {
            Some(id) => id.clone(),
            None => {
                let create =
                    self.s3.client.create_multipart_upload().bucket(&self.bucket).key(&self.key);
                let created = create.send().await.map_err(|error| s3_error(error, &self.s3))?;
                let id = created.upload_id.ok_or_else(|| {
                    object_error(ErrorKind::ObjectUnreadable, "S3 gave the upload no id")
                })?;
                self.id.insert(id).clone()
            }
        };
        self.sent().await?;
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let s3 = self.s3.clone();
        let request = s3.client.upload_part().bucket(&self.bucket).key(&self.key).upload_id(id);
        let request = request.part_number(number).body(ByteStream::from(Bytes::from(part)));
        self.sending = Some(tokio::spawn(async move {
            let sent = request.send().await.map_err(|error| s3_error(error, &s3))?;
            // S3 wants the checksum again that the client has chosen.
            Ok(CompletedPart::builder()
                .part_number(number)
                .set_e_tag(sent.e_tag)
                .set_checksum_crc32(sent.checksum_crc32)
                .build())
        }));
        Ok(())
    }

    /// Waits for the part that is being sent.
    async fn sent(&mut self) -> Result<()> {
        let Some(sending) = self.sending.take() else { return Ok(()) };
        let part = sending.await.map_err(|error| {
            object_error(ErrorKind::ObjectUnreadable, "sending a part was interrupted")
                .caused_by(error)
        })??;
        self.parts.push(part);
        Ok(())
    }

    fn named(&self, error: Error) -> Error {
        for_writing(error).of_object(format!("s3://{}/{}", self.bucket, self.key))
    }
}

/// The same error with a hint that suits writing.
pub(super) fn for_writing(error: Error) -> Error {
    match error.kind {
        ErrorKind::ObjectDenied => error.with_hint(
            "grant s3:GetObject, s3:PutObject, s3:AbortMultipartUpload, s3:ListBucket, s3:ListBucketMultipartUploads and kms:GenerateDataKey",
        ),
        _ => error,
    }
}
