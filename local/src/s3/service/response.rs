//! Translates our errors, conditions and versions into those of S3's protocol.

use s3s::dto::{ETag, ETagCondition, Metadata, Timestamp};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::s3::error::LocalS3Error;
use crate::s3::record::{Headers, Version};

impl From<LocalS3Error> for S3Error {
    fn from(error: LocalS3Error) -> S3Error {
        use S3ErrorCode as Code;
        let code = match &error {
            LocalS3Error::BadBucketName(_) => Code::InvalidBucketName,
            LocalS3Error::NoSuchBucket(_) => Code::NoSuchBucket,
            LocalS3Error::NoSuchKey(_) | LocalS3Error::Deleted(_) => Code::NoSuchKey,
            LocalS3Error::IsMarker(_) => Code::MethodNotAllowed,
            LocalS3Error::NoSuchVersion { .. } => Code::NoSuchVersion,
            LocalS3Error::PreconditionFailed => Code::PreconditionFailed,
            LocalS3Error::BadDigest => Code::BadDigest,
            LocalS3Error::NoSuchUpload(_) => Code::NoSuchUpload,
            LocalS3Error::InvalidPart(_) => Code::InvalidPart,
            LocalS3Error::InvalidPartOrder => Code::InvalidPartOrder,
            LocalS3Error::BodyBroken(_) => Code::IncompleteBody,
            LocalS3Error::InUse(_)
            | LocalS3Error::Listen { .. }
            | LocalS3Error::Damaged { .. }
            | LocalS3Error::Io { .. } => Code::InternalError,
        };
        if code == Code::InternalError {
            tracing::error!(%error, source = ?std::error::Error::source(&error), "local s3: a request failed");
        }
        let mut response = S3Error::with_message(code, error.to_string());
        if matches!(error, LocalS3Error::Deleted(_) | LocalS3Error::IsMarker(_)) {
            let mut headers = hyper::HeaderMap::new();
            headers.insert("x-amz-delete-marker", hyper::http::HeaderValue::from_static("true"));
            response.set_headers(headers);
        }
        response
    }
}

/// 412 and 304, as RFC 9110 requires.
pub(super) fn check_conditions(
    version: &Version,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    let matches = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == version.etag,
    };
    if if_match.is_some_and(|condition| !matches(condition)) {
        return Err(s3_error!(PreconditionFailed));
    }
    if if_none_match.is_some_and(matches) {
        return Err(s3_error!(NotModified));
    }
    Ok(())
}

pub(super) fn etag(version: &Version) -> Option<ETag> {
    Some(ETag::Strong(version.etag.clone()))
}

pub(super) fn modified(version: &Version) -> Option<Timestamp> {
    Some(Timestamp::from(version.modified()))
}

pub(super) fn metadata(headers: &Headers) -> Option<Metadata> {
    let pairs = headers.metadata.iter().map(|(name, value)| (name.clone(), value.clone()));
    (!headers.metadata.is_empty()).then(|| pairs.collect())
}

/// The headers that are stored with an object. `aws-chunked` describes the transfer, not the
/// content, and is left out.
pub(super) fn headers(
    content_type: Option<String>,
    content_encoding: Option<String>,
    metadata: Option<Metadata>,
) -> Headers {
    let content_encoding = content_encoding.and_then(|text| {
        let codings = text.split(',').map(str::trim);
        let content: Vec<&str> =
            codings.filter(|coding| !coding.is_empty() && *coding != "aws-chunked").collect();
        (!content.is_empty()).then(|| content.join(", "))
    });
    Headers {
        content_type,
        content_encoding,
        metadata: metadata.unwrap_or_default().into_iter().collect(),
    }
}
