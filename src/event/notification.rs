//! Notification: S3's own words, directly or by EventBridge, in; objects out.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use super::{Content, malformed};
use crate::error::Result;
use crate::object::{FILE_BUCKET, ObjectRef};

const NOTHING_CREATED: &str = "no object was created";

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

/// The objects that S3's records say were created. Other records are passed over.
pub(super) fn of_s3(records: &[Value]) -> Result<Content> {
    let mut objects = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let lacking = || {
            malformed(format!(
                "record {} of the S3 event lacks a readable `eventName`, `s3.bucket.name` or \
                 `s3.object.key`",
                index + 1
            ))
        };
        let (Some(name), Some(_)) =
            (record.get("eventName").and_then(Value::as_str), record.get("s3"))
        else {
            return Err(lacking());
        };
        // MinIO writes the prefix that only the subscription has at AWS.
        if !name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
            continue;
        }
        let record = S3Record::deserialize(record).map_err(|_| lacking())?;
        let key = decode_key(&record.s3.object.key)?;
        let (bucket, time) = (record.s3.bucket.name, record.event_time);
        objects.extend(object_ref(bucket, key, record.s3.object, time.as_deref())?);
    }
    Ok(created(objects))
}

/// The object of an EventBridge event. Keys are not encoded here.
pub(super) fn of_event_bridge(event: &Value) -> Result<Content> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    if text("source") != Some("aws.s3") {
        return Err(malformed("expected `source` aws.s3 in the EventBridge event, found another"));
    }
    if text("detail-type") != Some("Object Created") {
        return Ok(Content::Nothing(NOTHING_CREATED));
    }
    let detail = event.get("detail").and_then(|detail| S3Entity::deserialize(detail).ok());
    let Some(detail) = detail else {
        return Err(malformed(
            "the EventBridge event lacks a readable `detail.bucket.name` or `detail.object.key`",
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

/// `None` is the marker that S3's console leaves for an empty folder.
fn object_ref(
    bucket: String,
    key: String,
    object: Object,
    time: Option<&str>,
) -> Result<Option<ObjectRef>> {
    if key.ends_with('/') && object.size == Some(0) {
        return Ok(None);
    }
    checked_place(&bucket, &key)?;
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

/// Refuses what no event of S3's holds. The bucket that stands for local files is none of S3's:
/// else an event could have any file of the machine read.
pub(super) fn checked_place(bucket: &str, key: &str) -> Result<()> {
    match (bucket, key) {
        ("", _) => Err(malformed("the bucket's name is empty")),
        (_, "") => Err(malformed("the object's key is empty")),
        (FILE_BUCKET, _) => Err(malformed("a bucket in an event cannot be called `file`")),
        _ => Ok(()),
    }
}

/// In a bucket without versions S3 writes no version, an empty one or "null".
pub(super) fn real_version(version_id: Option<String>) -> Option<String> {
    version_id.filter(|version| !version.is_empty() && version != "null")
}

pub(super) fn bare_etag(etag: &str) -> Option<String> {
    let etag = etag.trim_matches('"');
    (!etag.is_empty()).then(|| etag.to_owned())
}

/// S3 encodes a key as a form does: a blank is `+`, and a plus sign is `%2B`.
fn decode_key(encoded: &str) -> Result<String> {
    let with_blanks = encoded.replace('+', " ");
    percent_decode_str(&with_blanks)
        .decode_utf8()
        .map(|key| key.into_owned())
        .map_err(|_| malformed("the object's key is no UTF-8 once it is decoded"))
}
