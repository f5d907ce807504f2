//! Envelope: takes S3 events out of SNS notifications, and reads each kind of S3 event and request.

use serde_json::Value;

use super::content::{Content, malformed};
use super::{cloud_trail, notification, request};
use crate::error::Result;

/// The list `Records` of an event by S3, SNS or SQS.
pub(super) fn records_of(event: &Value) -> Option<&[Value]> {
    event.get("Records")?.as_array().map(Vec::as_slice)
}

/// Reads what may be a whole event as well as the body of an SQS message.
///
/// # Errors
/// [`MalformedEvent`](crate::error::ErrorKind::MalformedEvent) where the event is of no known kind, or lacks a field.
pub(super) fn open(event: &Value) -> Result<Content> {
    if event.get("Type").and_then(Value::as_str) == Some("Notification") {
        return enclosed(event.get("Message"));
    }
    if let Some([record]) = records_of(event)
        && let Some(sns) = record.get("Sns")
    {
        return enclosed(sns.get("Message"));
    }
    without_sns(event)
}

/// Reads the event within an SNS notification. A notification within a notification is refused.
fn enclosed(message: Option<&Value>) -> Result<Content> {
    let Some(text) = message.and_then(Value::as_str) else {
        return Err(malformed("the SNS notification has no `Message`"));
    };
    let event = serde_json::from_str(text).map_err(|error| {
        malformed("the `Message` of the SNS notification is not valid JSON").caused_by(error)
    })?;
    without_sns(&event)
}

fn without_sns(event: &Value) -> Result<Content> {
    if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Content::Nothing("S3 tested its notification"));
    }
    if let Some(records) = records_of(event) {
        return notification::of_s3(records);
    }
    if let Some(detail_type) = event.get("detail-type") {
        if detail_type.as_str() == Some(cloud_trail::DETAIL_TYPE) {
            return cloud_trail::read(event);
        }
        return notification::of_event_bridge(event);
    }
    if event.get("bucket").is_some() || event.get("key").is_some() {
        return request::read(event);
    }
    let from = event.get("eventSource").and_then(Value::as_str).filter(|name| is_service(name));
    let from = from.map_or_else(String::new, |name| format!(", of {name}"));
    Err(malformed(format!(
        "unknown kind of event{from}: expected `Records` (S3, SQS, SNS), `detail-type` \
         (EventBridge), an array of these (EventBridge Pipes), `invocationSchemaVersion` (S3 Batch \
         Operations), `bucket` and `key`, `migrate`, `health` or `reconcile`",
    )))
}

/// Whether a text reads like the name of a service, such as `aws:kinesis`.
fn is_service(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    !text.is_empty() && text.len() <= 64 && text.bytes().all(plain)
}
