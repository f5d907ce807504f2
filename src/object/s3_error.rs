//! Turns an error of the S3 client into an error of the pipeline. Only this file knows the codes of S3.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use std::error::Error as StdError;
use std::iter;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::object_error;
use super::s3_endpoint::S3Endpoint;
use crate::error::{Error, ErrorKind};

/// The error of the pipeline for a request to `s3` that failed: [`ErrorKind::NoBucket`],
/// [`ErrorKind::ObjectMissing`], [`ErrorKind::ObjectChanged`], [`ErrorKind::ObjectDenied`],
/// [`ErrorKind::ObjectUnreadable`] or [`ErrorKind::BadSetting`].
pub(super) fn s3_error<E>(error: SdkError<E>, s3: &S3Endpoint) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    match &error {
        SdkError::ServiceError(refusal) => {
            let code = refusal.err().code().unwrap_or_default();
            response_error(code, status.unwrap_or_default())
        }
        // A response that S3 did not write, such as the error page of a proxy.
        SdkError::ResponseError(_) => response_error("", status.unwrap_or_default()),
        // The next two fail before anything is sent, and only the text of a cause tells which it is.
        _ if causes(&error).any(|cause| cause.to_string().contains("redential")) => {
            object_error(ErrorKind::ObjectDenied, "no credentials for AWS: set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
                .caused_by(Cause::of(&error))
        }
        _ if causes(&error).any(|cause| cause.to_string().contains("region must be set")) => {
            object_error(ErrorKind::BadSetting, "no region is set: set AWS_REGION")
        }
        SdkError::ConstructionFailure(_) => {
            object_error(ErrorKind::BadSetting, "cannot build the request to S3").caused_by(Cause::of(&error))
        }
        _ => {
            let name = s3.url.as_deref().unwrap_or("AWS");
            object_error(ErrorKind::ObjectUnreadable, format!("cannot connect to S3 at {name}"))
                .caused_by(Cause::of(&error))
        }
    }
}

/// The error for a response, by its code or, if it has none (HEAD), by its status.
fn response_error(code: &str, status: u16) -> Error {
    let (kind, message) = match (code, status) {
        ("NoSuchBucket", _) => (ErrorKind::NoBucket, "the bucket does not exist"),
        ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "TemporaryRedirect", _)
        | (_, 301 | 307) => (ErrorKind::NoBucket, "the bucket is in another region"),
        ("NoSuchKey" | "NotFound", _) => (ErrorKind::ObjectMissing, "the object does not exist"),
        ("NoSuchVersion", _) => (ErrorKind::ObjectMissing, "the version does not exist"),
        // A version that is a delete marker can be named, but not read.
        ("MethodNotAllowed", _) | (_, 405) => (ErrorKind::ObjectMissing, "the object was deleted"),
        ("PreconditionFailed", _) | (_, 412) => {
            (ErrorKind::ObjectChanged, "the object was overwritten")
        }
        ("NoSuchUpload", _) => (
            ErrorKind::ObjectChanged,
            "the unfinished upload was aborted, by another run or by a rule of the bucket",
        ),
        ("InvalidRange", _) | (_, 416) => {
            (ErrorKind::ObjectChanged, "the object is shorter than its last checkpoint")
        }
        ("InvalidObjectState", _) => {
            (ErrorKind::ObjectDenied, "the object is archived: restore it first")
        }
        (
            "SlowDown" | "RequestTimeout" | "InternalError" | "ServiceUnavailable" | "Throttling",
            _,
        )
        | (_, 408 | 409 | 429 | 500..) => {
            (ErrorKind::ObjectUnreadable, "S3 is temporarily unavailable")
        }
        // Without s3:ListBucket, S3 does not say whether a key exists.
        ("AccessDenied", _) | ("", 403) => (
            ErrorKind::ObjectDenied,
            "access denied, or the object does not exist: S3 does not say which without s3:ListBucket",
        ),
        ("", 404) => (ErrorKind::ObjectMissing, "the object does not exist"),
        // Keys, tokens, signatures and KMS: the operator has to fix those.
        _ => (ErrorKind::ObjectDenied, "S3 refused the request"),
    };
    match code {
        "" => object_error(kind, format!("{message} (status {status})")),
        _ => object_error(kind, format!("{message} ({code})")),
    }
}

/// The innermost cause in one line. The SDK nests five, and the outer ones say little.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(String);

impl Cause {
    fn of(error: &(dyn StdError + 'static)) -> Cause {
        let text = causes(error).last().unwrap_or(error).to_string();
        let first_sentence = text.lines().next().unwrap_or_default().split(". ").next();
        Cause(first_sentence.unwrap_or_default().trim_end_matches('.').to_owned())
    }
}

/// The error, its cause, the cause of that, and so on.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(Some(error), |error| (**error).source())
}
