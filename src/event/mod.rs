//! Event: whatever invoked us in, the objects that it names out.

mod notification;
mod request;
mod task;

use serde::Deserialize;
use serde_json::Value;

pub use request::request;
pub use task::{Migrate, Reconcile};

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::object::ObjectRef;

/// What an invocation asks for.
#[derive(Debug)]
pub enum Event {
    /// An S3 notification (also by SNS), an EventBridge event or a direct request: its objects.
    Objects(Vec<ObjectRef>),
    /// SQS messages. Each one succeeds or fails by itself.
    Queue(Vec<QueueMessage>),
    /// A success with nothing to do, and why.
    Nothing(&'static str),
    /// Whether everything that a load needs is there.
    Health,
    /// The database is to be made to match the datasets.
    Migrate(Migrate),
    /// A bucket is to be compared with the ledger.
    Reconcile(Reconcile),
}

/// One SQS message, and what it holds or why that cannot be read.
#[derive(Debug)]
pub struct QueueMessage {
    pub message_id: String,
    pub receipt_handle: String,
    /// How often SQS has handed the message out, this time included.
    pub receive_count: u32,
    /// Empty where the event does not say.
    pub queue_arn: String,
    /// How often the load has been handed on by a message to ourselves; see [`request`].
    pub continuations: u32,
    /// No object at all is a message with nothing to do, such as S3's test event.
    pub content: Result<Vec<ObjectRef>>,
}

/// Reads an invocation's event. Fields that are not known are ignored in what AWS sends, and
/// refused in tasks.
///
/// # Errors
/// [`ErrorKind::MalformedEvent`] where the event is none that is known. A bad message among those
/// of a queue is an error of that message alone.
pub fn parse(event: &Value) -> Result<Event> {
    if let Some(task) = task::read(event)? {
        return Ok(task);
    }
    if let Some([first, ..]) = records_of(event)
        && first.get("messageId").is_some()
    {
        let messages = records_of(event).unwrap_or_default().iter();
        return messages.map(queue_message).collect::<Result<_>>().map(Event::Queue);
    }
    Ok(match content(event)? {
        Content::Objects(objects, _) => Event::Objects(objects),
        Content::Nothing(why) => Event::Nothing(why),
    })
}

/// What an event or a message holds, once its envelopes are off.
enum Content {
    /// The objects, and the continuations of a request that we sent to ourselves.
    Objects(Vec<ObjectRef>, u32),
    Nothing(&'static str),
}

fn records_of(event: &Value) -> Option<&[Value]> {
    event.get("Records")?.as_array().map(Vec::as_slice)
}

/// The content of whatever may stand alone as well as in a queue's message.
fn content(event: &Value) -> Result<Content> {
    if event.get("Type").and_then(Value::as_str) == Some("Notification") {
        return enclosed(event.get("Message"), "SNS notification's `Message`");
    }
    if let Some([record]) = records_of(event)
        && let Some(sns) = record.get("Sns")
    {
        return enclosed(sns.get("Message"), "SNS notification's `Message`");
    }
    bare_content(event)
}

/// The same without SNS, which may be one envelope but not two.
fn bare_content(event: &Value) -> Result<Content> {
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
        "expected `Records` (S3, SQS, SNS), `detail-type` (EventBridge), `bucket` and `key`, \
         `migrate`, `health` or `reconcile`, found none of them",
    ))
}

/// The content of JSON that travels as text.
fn enclosed(text: Option<&Value>, what: &str) -> Result<Content> {
    let Some(text) = text.and_then(Value::as_str) else {
        return Err(malformed(format!("the {what} is missing")));
    };
    let event = serde_json::from_str(text)
        .map_err(|error| malformed(format!("the {what} is no JSON")).caused_by(error))?;
    bare_content(&event)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SqsRecord {
    message_id: String,
    #[serde(default)]
    receipt_handle: String,
    #[serde(default)]
    body: String,
    #[serde(default, rename = "eventSourceARN")]
    event_source_arn: String,
    #[serde(default)]
    attributes: SqsAttributes,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct SqsAttributes {
    approximate_receive_count: Option<String>,
}

fn queue_message(record: &Value) -> Result<QueueMessage> {
    // Without an id SQS cannot be told which message failed: then all of them do.
    let record = SqsRecord::deserialize(record)
        .map_err(|_| malformed("an SQS record has no `messageId` or no text as its `body`"))?;
    let held = serde_json::from_str(&record.body)
        .map_err(|error| malformed("the SQS message's `body` is no JSON").caused_by(error))
        .and_then(|body: Value| content(&body));
    let (content, continuations) = match held {
        Ok(Content::Objects(objects, continuations)) => (Ok(objects), continuations),
        Ok(Content::Nothing(_)) => (Ok(Vec::new()), 0),
        Err(error) => (Err(error), 0),
    };
    let receive_count = record.attributes.approximate_receive_count;
    Ok(QueueMessage {
        message_id: record.message_id,
        receipt_handle: record.receipt_handle,
        receive_count: receive_count.and_then(|count| count.parse().ok()).unwrap_or(1),
        queue_arn: record.event_source_arn,
        continuations,
        content,
    })
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::MalformedEvent, Stage::Event, message)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
