//! Asks S3 for the identity, the bytes and the listing of objects.

use aws_sdk_s3::primitives::DateTime;
use jiff::Timestamp;

use super::s3_endpoint::S3Endpoint;
use super::s3_error::s3_error;
use super::stream::{Body, ObjectStream};
use super::{ObjectRef, object_error};
use crate::error::{ErrorKind, Result};

/// Fills in what `object` lacks: etag, version, size and time.
///
/// # Errors
///
/// As [`s3_error`]. A missing object in a missing bucket is [`ErrorKind::NoBucket`].
pub(super) async fn identify(s3: &S3Endpoint, object: &ObjectRef) -> Result<ObjectRef> {
    let request = s3.client.head_object().bucket(&object.bucket).key(&object.key);
    let request = match (&object.version_id, &object.etag) {
        (Some(version_id), _) => request.version_id(version_id),
        (None, Some(etag)) => request.if_match(format!("\"{etag}\"")),
        (None, None) => request,
    };
    let head = match request.send().await {
        Ok(head) => head,
        Err(error) => {
            let error = s3_error(error, s3);
            // The response to HEAD has no body, so a missing bucket looks like a missing key.
            if error.kind == ErrorKind::ObjectMissing {
                bucket_exists(s3, &object.bucket).await?;
            }
            return Err(error);
        }
    };
    let known = object.clone();
    let version_id = head.version_id.filter(|version| version != "null");
    let etag = head.e_tag.map(|etag| etag.trim_matches('"').to_owned());
    let size_bytes = head.content_length.and_then(|length| u64::try_from(length).ok());
    Ok(ObjectRef {
        version_id: known.version_id.or(version_id),
        etag: known.etag.or(etag),
        size_bytes: known.size_bytes.or(size_bytes),
        object_time: known.object_time.or_else(|| timestamp(head.last_modified.as_ref()?)),
        ..known
    })
}

/// Checks that the bucket exists.
///
/// # Errors
///
/// [`ErrorKind::NoBucket`] if S3 says that it does not; other errors are ignored.
async fn bucket_exists(s3: &S3Endpoint, bucket: &str) -> Result<()> {
    let response = s3.client.head_bucket().bucket(bucket).send().await;
    match response.map_err(|error| s3_error(error, s3)) {
        Err(error) if error.kind == ErrorKind::ObjectMissing => {
            Err(object_error(ErrorKind::NoBucket, "the bucket does not exist"))
        }
        _ => Ok(()),
    }
}

/// Opens exactly the version that `object` names, at `from_offset`.
///
/// # Errors
///
/// As [`s3_error`], and [`ErrorKind::ObjectUnreadable`] if the response does not have the bytes that
/// were asked for.
pub(super) async fn open(
    s3: &S3Endpoint,
    object: &ObjectRef,
    from_offset: u64,
) -> Result<ObjectStream> {
    if from_offset > 0 && object.size_bytes == Some(from_offset) {
        // S3 has no way to ask for an empty range.
        return Ok(ObjectStream::new(object, Body::Empty, from_offset, from_offset));
    }
    let mut request = s3.client.get_object().bucket(&object.bucket).key(&object.key);
    request = match (&object.version_id, &object.etag) {
        (Some(version_id), _) => request.version_id(version_id),
        (None, Some(etag)) => request.if_match(format!("\"{etag}\"")),
        (None, None) => request,
    };
    if from_offset > 0 {
        request = request.range(format!("bytes={from_offset}-"));
    }
    let got = request.send().await.map_err(|error| s3_error(error, s3))?;
    if from_offset > 0 && got.content_range.is_none() {
        return Err(object_error(
            ErrorKind::ObjectUnreadable,
            format!(
                "S3 ignored the range and sent the whole object, not the bytes from {from_offset} on"
            ),
        ));
    }
    let encrypted_with_a_key = got.sse_customer_algorithm.is_some()
        || got.server_side_encryption.as_ref().is_some_and(|sse| sse.as_str().starts_with("aws:"));
    let is_multipart = got.e_tag.as_ref().is_none_or(|etag| etag.contains('-'));
    let length = got.content_length.and_then(|length| u64::try_from(length).ok());
    let Some(size) = length.map(|length| from_offset + length).or(object.size_bytes) else {
        return Err(object_error(
            ErrorKind::ObjectUnreadable,
            "the response of S3 has no Content-Length",
        ));
    };
    if object.size_bytes.is_some_and(|known| known != size) {
        let known = object.size_bytes.unwrap_or_default();
        // S3 has checked the version or etag, so it is the response that is incomplete.
        let same = object.version_id.is_some() || object.etag.is_some();
        let kind = if same { ErrorKind::ObjectUnreadable } else { ErrorKind::ObjectChanged };
        return Err(object_error(kind, format!("the object has {size} bytes, not {known}")));
    }
    let mut stream = ObjectStream::new(object, Body::S3(got.body), from_offset, size);
    stream.etag_is_md5 = !encrypted_with_a_key && !is_multipart;
    Ok(stream)
}

/// The objects below a prefix, one page of up to 1,000 at a time.
pub struct Listing {
    s3: S3Endpoint,
    bucket: String,
    prefix: String,
    /// Where the next page begins; `None` after the last one.
    next: Option<Start>,
}

enum Start {
    First,
    After(String),
}

impl Listing {
    pub(super) fn new(s3: S3Endpoint, bucket: &str, prefix: &str) -> Listing {
        Listing { s3, bucket: bucket.into(), prefix: prefix.into(), next: Some(Start::First) }
    }

    /// The next page, or `None` after the last one, without the markers of empty folders.
    ///
    /// # Errors
    /// [`ErrorKind::NoBucket`], [`ErrorKind::ObjectDenied`], [`ErrorKind::ObjectUnreadable`].
    pub async fn next_page(&mut self) -> Result<Option<Vec<ObjectRef>>> {
        let token = match &self.next {
            None => return Ok(None),
            Some(Start::First) => None,
            Some(Start::After(token)) => Some(token.clone()),
        };
        let request = self.s3.client.list_objects_v2().bucket(&self.bucket);
        let request = request.prefix(&self.prefix).set_continuation_token(token);
        let page = request.send().await.map_err(|error| {
            s3_error(error, &self.s3).of_object(format!("s3://{}/{}", self.bucket, self.prefix))
        })?;
        self.next = page.next_continuation_token.map(Start::After);
        let objects = page.contents.unwrap_or_default().into_iter().filter_map(|entry| {
            let key = entry.key.filter(|key| !(key.ends_with('/') && entry.size == Some(0)))?;
            Some(ObjectRef {
                bucket: self.bucket.clone(),
                key,
                version_id: None,
                etag: entry.e_tag.map(|etag| etag.trim_matches('"').to_owned()),
                size_bytes: entry.size.and_then(|size| u64::try_from(size).ok()),
                object_time: entry.last_modified.as_ref().and_then(timestamp),
                sequencer: None,
            })
        });
        Ok(Some(objects.collect()))
    }
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

#[cfg(test)]
#[path = "s3_tests.rs"]
mod tests;
