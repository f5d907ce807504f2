//! Asks S3 for what surrounds an upload: small objects read and written whole, and uploads that were never completed.

use aws_sdk_s3::primitives::ByteStream;

use super::s3_error::s3_error;
use super::upload::{Expected, for_writing};
use super::{Source, Upload, object_error};
use crate::error::{ErrorKind, Result};

/// Objects that are read whole may not be larger: they are written by Stardrop, and small.
const MAX_SMALL_BYTES: i64 = 1 << 20;

impl Source {
    /// Starts to write an object. Nothing is visible before [`Upload::finish`].
    pub async fn upload(&self, bucket: &str, key: &str, expected: Expected) -> Upload {
        Upload::new(self.s3().await, bucket, key, expected)
    }

    /// Reads a small object and its etag; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// As [`Source::open`]; [`ErrorKind::OverLimit`] if it is larger than 1 MiB.
    pub async fn get_small(&self, bucket: &str, key: &str) -> Result<Option<(Vec<u8>, String)>> {
        let s3 = self.s3().await;
        let named = |error: crate::error::Error| error.of_object(format!("s3://{bucket}/{key}"));
        let got = match s3.client.get_object().bucket(bucket).key(key).send().await {
            Ok(got) => got,
            Err(error) => {
                let error = s3_error(error, &s3);
                if error.kind == ErrorKind::ObjectMissing {
                    return Ok(None);
                }
                return Err(named(error));
            }
        };
        if got.content_length.is_none_or(|length| length > MAX_SMALL_BYTES) {
            return Err(named(object_error(
                ErrorKind::OverLimit,
                "the object is larger than 1 MiB",
            )));
        }
        let etag = got.e_tag.unwrap_or_default().trim_matches('"').to_owned();
        let bytes = got.body.collect().await.map_err(|error| {
            let message = "the connection to S3 was lost";
            named(object_error(ErrorKind::ObjectUnreadable, message).caused_by(error))
        })?;
        Ok(Some((bytes.to_vec(), etag)))
    }

    /// Writes a small object by one request.
    ///
    /// # Errors
    ///
    /// As [`Upload::finish`].
    pub async fn put_small(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        expected: &Expected,
    ) -> Result<()> {
        let s3 = self.s3().await;
        let request = s3.client.put_object().bucket(bucket).key(key).body(ByteStream::from(bytes));
        let request =
            request.set_if_match(expected.if_match()).set_if_none_match(expected.if_none_match());
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(for_writing(s3_error(error, &s3)).of_object(format!("s3://{bucket}/{key}")))
            }
        }
    }

    /// Aborts the multipart uploads below a prefix whose key `is_own` accepts, and returns their number: those of a
    /// process that was killed.
    ///
    /// # Errors
    ///
    /// As [`Source::open`].
    pub async fn abort_uploads(
        &self,
        bucket: &str,
        prefix: &str,
        is_own: impl Fn(&str) -> bool,
    ) -> Result<usize> {
        let s3 = self.s3().await;
        let failed = |error| for_writing(error).of_object(format!("s3://{bucket}/{prefix}"));
        let (mut key_marker, mut id_marker, mut aborted) = (None, None, 0);
        loop {
            let request = s3.client.list_multipart_uploads().bucket(bucket).prefix(prefix);
            let request = request.set_key_marker(key_marker).set_upload_id_marker(id_marker);
            let page = request.send().await.map_err(|error| failed(s3_error(error, &s3)))?;
            for upload in page.uploads() {
                let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) else { continue };
                if !is_own(key) {
                    continue;
                }
                let abort = s3.client.abort_multipart_upload().bucket(bucket).key(key);
                match abort.upload_id(id).send().await.map_err(|error| s3_error(error, &s3)) {
                    Ok(_) => aborted += 1,
                    // It was completed or aborted meanwhile.
                    Err(error) if error.kind == ErrorKind::ObjectChanged => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            if page.is_truncated != Some(true) {
                return Ok(aborted);
            }
            (key_marker, id_marker) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }
}
