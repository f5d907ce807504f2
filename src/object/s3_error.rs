//! S3 errors: what the SDK says in, what follows from it out. The one place that reads S3's codes.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use std::error::Error as StdError;
use std::iter;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::object_error;
use super::s3::S3Endpoint;
use crate::error::{Error, ErrorKind};

/// The error in our words.
pub(super) fn s3_error<E>(error: SdkError<E>, s3: &S3Endpoint) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    match &error {
        SdkError::ServiceError(refusal) => {
            let code = refusal.err().code().unwrap_or_default();
            answered(code, status.unwrap_or_default())
        }
        // An answer that is none of S3's: a proxy's page, a status in between.
        SdkError::ResponseError(_) => answered("", status.unwrap_or_default()),
        // Both fail before anything is sent, and only the text of a cause tells them apart.
        _ if causes(&error).any(|cause| cause.to_string().contains("redential")) => {
            object_error(ErrorKind::ObjectDenied, "no credentials for AWS: set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
                .caused_by(Cause::of(&error))
        }
        _ if causes(&error).any(|cause| cause.to_string().contains("region must be set")) => {
            object_error(ErrorKind::BadSetting, "no region is set: set AWS_REGION")
        }
        SdkError::ConstructionFailure(_) => {
            object_error(ErrorKind::BadSetting, "S3 cannot be asked").caused_by(Cause::of(&error))
        }
        _ => {
            let name = s3.url.as_deref().unwrap_or("AWS");
            object_error(ErrorKind::ObjectUnreadable, format!("no S3 answers at {name}"))
                .caused_by(Cause::of(&error))
        }
    }
}

/// What an answer means, by its code or, where it has none (HEAD), by its status.
fn answered(code: &str, status: u16) -> Error {
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
        ("InvalidRange", _) | (_, 416) => {
            (ErrorKind::ObjectChanged, "the object is shorter than what was read of it")
        }
        ("InvalidObjectState", _) => {
            (ErrorKind::ObjectDenied, "the object is archived and has to be restored first")
        }
        (
            "SlowDown" | "RequestTimeout" | "InternalError" | "ServiceUnavailable" | "Throttling",
            _,
        )
        | (_, 408 | 409 | 429 | 500..) => {
            (ErrorKind::ObjectUnreadable, "S3 could not answer for now")
        }
        // Without s3:ListBucket S3 does not tell whether a key exists.
        ("AccessDenied", _) | ("", 403) => (
            ErrorKind::ObjectDenied,
            "may not be read, or does not exist: S3 does not say which without s3:ListBucket",
        ),
        ("", 404) => (ErrorKind::ObjectMissing, "the object does not exist"),
        // Keys, tokens, signatures and KMS: whoever runs us has to mend those.
        _ => (ErrorKind::ObjectDenied, "S3 refused the request"),
    };
    match code {
        "" => object_error(kind, format!("{message} (status {status})")),
        _ => object_error(kind, format!("{message} ({code})")),
    }
}

/// The innermost cause, in one line: the SDK nests five and says little in the others.
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
