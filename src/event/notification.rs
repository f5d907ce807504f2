//! Notification: reads S3 event notifications and EventBridge events, and returns the objects created.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use super::content::{Content, malformed};
use crate::error::Result;
use crate::object::{FILE_BUCKET, ObjectRef};

/// Why an event about something other than a new object is a success with nothing to load.
pub(super) const NOTHING_CREATED: &str = "no object was created";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct S3Record {
    #[serde(default)]
    event_time: Option<String>,
    s3: S3Entity,
}

#[derive(Deserialize)]
struct S3Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

/// The object as S3 (camelCase) and EventBridge (kebab-case) write it.
#[derive(Deserialize)]
struct Object {
    key: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default, alias = "eTag")]
    etag: Option<String>,
    #[serde(default, rename = "version-id", alias = "versionId")]
    version_id: Option<String>,
    #[serde(default)]
    sequencer: Option<String>,
}

/// The objects that these records of S3 say were created. Records of other events are ignored.
pub(super) fn of_s3(records: &[Value]) -> Result<Content> {
    let mut objects = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let unreadable = || {
            malformed(format!(
                "record {} of the S3 event has no readable `eventName`, `s3.bucket.name` or \
                 `s3.object.key`",
                index + 1
            ))
        };
        let (Some(name), Some(_)) =
            (record.get("eventName").and_then(Value::as_str), record.get("s3"))
        else {
            return Err(unreadable());
        };
        // AWS writes the prefix `s3:` in subscriptions only, MinIO also in events.
        if !name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
            continue;
        }
        let record = S3Record::deserialize(record).map_err(|_| unreadable())?;
        let key = decode_key(&record.s3.object.key)?;
        let (bucket, time) = (record.s3.bucket.name, record.event_time);
        objects.extend(object_ref(bucket, key, record.s3.object, time.as_deref())?);
    }
    Ok(created(objects))
}

/// The object of an EventBridge event, whose keys are not URL-encoded.
pub(super) fn of_event_bridge(event: &Value) -> Result<Content> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    if text("source") != Some("aws.s3") {
        return Err(malformed("the `source` of the EventBridge event is not aws.s3"));
    }
    match text("detail-type") {
        Some("Object Created") => {}
        // S3's other events, such as `Object Deleted` and `Object Tags Added`.
        Some(other) if other.starts_with("Object ") => {
            return Ok(Content::Nothing(NOTHING_CREATED));
        }
        _ => {
            return Err(malformed(
                "the `detail-type` of the EventBridge event is neither one of S3's, such as \
                 `Object Created`, nor `AWS API Call via CloudTrail`",
            ));
        }
    }
    let detail = event.get("detail").and_then(|detail| S3Entity::deserialize(detail).ok());
    let Some(detail) = detail else {
        return Err(malformed(
            "the EventBridge event has no readable `detail.bucket.name` or `detail.object.key`",
        ));
    };
    let key = detail.object.key.clone();
    let object = object_ref(detail.bucket.name, key, detail.object, text("time"))?;
    Ok(created(object.into_iter().collect()))
}

fn created(objects: Vec<ObjectRef>) -> Content {
    if objects.is_empty() {
        return Content::Nothing(NOTHING_CREATED);
    }
    Content::Objects(objects, 0)
}

/// `None` for the empty object that the S3 console creates as a folder.
fn object_ref(
    bucket: String,
    key: String,
    object: Object,
    time: Option<&str>,
) -> Result<Option<ObjectRef>> {
    if key.ends_with('/') && object.size == Some(0) {
        return Ok(None);
    }
    check_location(&bucket, &key)?;
    Ok(Some(ObjectRef {
        bucket,
        key,
        version_id: real_version(object.version_id),
        etag: object.etag.as_deref().and_then(bare_etag),
        size_bytes: object.size,
        object_time: time.and_then(|time| time.parse::<Timestamp>().ok()),
        sequencer: object.sequencer.filter(|sequencer| !sequencer.is_empty()),
    }))
}

/// Refuses an empty bucket or key, and the bucket `file`, which means local files in this program: with it, an event
/// could make the loader read any file of its machine.
pub(super) fn check_location(bucket: &str, key: &str) -> Result<()> {
    match (bucket, key) {
        ("", _) => Err(malformed("the bucket's name is empty")),
        (_, "") => Err(malformed("the object's key is empty")),
        (FILE_BUCKET, _) => Err(malformed("the bucket of an event cannot be `file`")),
        _ => Ok(()),
    }
}

/// The version's id; `None` where it is empty or "null", as S3 writes it for buckets without versioning.
pub(super) fn real_version(version_id: Option<String>) -> Option<String> {
    version_id.filter(|version| !version.is_empty() && version != "null")
}

pub(super) fn bare_etag(etag: &str) -> Option<String> {
    let etag = etag.trim_matches('"');
    (!etag.is_empty()).then(|| etag.to_owned())
}

/// Decodes a key, which S3 encodes like a form field: `+` is a space, `%2B` a plus sign.
pub(super) fn decode_key(encoded: &str) -> Result<String> {
    let with_spaces = encoded.replace('+', " ");
    percent_decode_str(&with_spaces)
        .decode_utf8()
        .map(|key| key.into_owned())
        .map_err(|_| malformed("the object's key is not valid UTF-8 after URL decoding"))
}
