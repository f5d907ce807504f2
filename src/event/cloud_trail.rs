//! CloudTrail: reads the calls of S3's API that CloudTrail reports through EventBridge.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>

use serde_json::Value;

use super::content::{Content, malformed};
use super::notification::{NOTHING_CREATED, check_location, real_version};
use crate::error::Result;
use crate::object::ObjectRef;

/// The `detail-type` of such an event.
pub(super) const DETAIL_TYPE: &str = "AWS API Call via CloudTrail";

/// The calls after which an object exists that did not exist before.
const CREATING_CALLS: [&str; 4] =
    ["PutObject", "CopyObject", "CompleteMultipartUpload", "PostObject"];

/// The object that the call created. Its key is not URL-encoded. CloudTrail says neither etag nor
/// size, and its time is that of the call, so S3 is asked for them.
pub(super) fn read(event: &Value) -> Result<Content> {
    let detail = event.get("detail");
    let text = |path: &[&str]| {
        let found = path.iter().try_fold(detail?, |value, name| value.get(name));
        found.and_then(Value::as_str)
    };
    let source = event.get("source").and_then(Value::as_str);
    if source != Some("aws.s3") || text(&["eventSource"]) != Some("s3.amazonaws.com") {
        return Err(malformed(
            "the `source` of the CloudTrail event is not aws.s3, or its `detail.eventSource` is not s3.amazonaws.com",
        ));
    }
    let Some(call) = text(&["eventName"]) else {
        return Err(malformed("the CloudTrail event has no `detail.eventName`"));
    };
    if !CREATING_CALLS.contains(&call) {
        return Ok(Content::Nothing(NOTHING_CREATED));
    }
    if text(&["errorCode"]).is_some() {
        return Ok(Content::Nothing("the call failed, so no object was created"));
    }
    let (Some(bucket), Some(key)) =
        (text(&["requestParameters", "bucketName"]), text(&["requestParameters", "key"]))
    else {
        return Err(malformed(
            "the CloudTrail event has no readable `detail.requestParameters.bucketName` or \
             `detail.requestParameters.key`",
        ));
    };
    let sent =
        detail.and_then(|d| d.get("additionalEventData")?.get("bytesTransferredIn")?.as_f64());
    // The empty object that the S3 console creates as a folder.
    if key.ends_with('/') && sent == Some(0.0) {
        return Ok(Content::Nothing(NOTHING_CREATED));
    }
    check_location(bucket, key)?;
    let version_id = text(&["responseElements", "x-amz-version-id"]).map(str::to_owned);
    let object = ObjectRef {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: real_version(version_id),
        etag: None,
        size_bytes: None,
        object_time: None,
        sequencer: None,
    };
    Ok(Content::Objects(vec![object], 0))
}
