//! Request: reads and writes `{"bucket": .., "key": ..}`, our own event for one object.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::content::{Content, malformed};
use super::notification::{bare_etag, check_location, real_version};
use crate::error::Result;
use crate::object::ObjectRef;

#[derive(Deserialize)]
struct Request {
    bucket: String,
    key: String,
    #[serde(default)]
    version_id: Option<String>,
    #[serde(default)]
    etag: Option<String>,
    #[serde(default)]
    size_bytes: Option<u64>,
    #[serde(default)]
    object_time: Option<String>,
    #[serde(default)]
    sequencer: Option<String>,
    #[serde(default)]
    continuations: u32,
}

/// Reads a request. Its key is not URL-encoded.
pub(super) fn read(event: &Value) -> Result<Content> {
    if event.get("dataset").is_some_and(|dataset| !dataset.is_null()) {
        return Err(malformed(
            "a request cannot name a `dataset`: the patterns of the datasets decide by the key",
        ));
    }
    let request = Request::deserialize(event).map_err(|_| {
        malformed("the request has no readable `bucket` or `key`, or a field of the wrong type")
    })?;
    check_location(&request.bucket, &request.key)?;
    let object = ObjectRef {
        bucket: request.bucket,
        key: request.key,
        version_id: real_version(request.version_id),
        etag: request.etag.as_deref().and_then(bare_etag),
        size_bytes: request.size_bytes,
        object_time: request.object_time.and_then(|time| time.parse::<Timestamp>().ok()),
        sequencer: request.sequencer,
    };
    Ok(Content::Objects(vec![object], request.continuations))
}

/// The request that loads an object. A load that runs out of time sends it to the queue, so that another invocation
/// continues; `continuations` counts how often that happened.
pub fn request(object: &ObjectRef, continuations: u32) -> Value {
    json!({
        "bucket": object.bucket,
        "key": object.key,
        "version_id": object.version_id,
        "etag": object.etag,
        "size_bytes": object.size_bytes,
        "object_time": object.object_time.map(|time| time.to_string()),
        "sequencer": object.sequencer,
        "continuations": continuations,
    })
}
