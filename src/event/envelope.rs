//! Envelope: takes S3 events out of SNS notifications, and reads each kind of S3 event and request.

use serde_json::Value;

use super::content::{Content, malformed};
use super::{notification, request};
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
    if event.get("detail-type").is_some() {
        return notification::of_event_bridge(event);
    }
    if event.get("bucket").is_some() || event.get("key").is_some() {
        return request::read(event);
    }
    Err(malformed(
        "unknown kind of event: expected `Records` (S3, SQS, SNS), `detail-type` (EventBridge), \
         `bucket` and `key`, `migrate`, `health` or `reconcile`",
    ))
}
