//! Event: reads the JSON that a Lambda invocation gets, and returns the objects to load or the task to do.

mod content;
mod envelope;
mod notification;
mod request;
mod sqs;
mod task;

use serde_json::Value;

pub use request::request;
pub use sqs::QueueMessage;
pub use task::{Migrate, Reconcile, Task};

use crate::error::Result;
use crate::object::ObjectRef;
use content::Content;

/// What an invocation asks for.
#[derive(Debug)]
pub enum Event {
    /// The objects of an S3 notification (also within SNS), an EventBridge event or a direct request.
    Objects(Vec<ObjectRef>),
    /// SQS messages. Each one succeeds or fails separately.
    Queue(Vec<QueueMessage>),
    /// Nothing to load, and why. The invocation succeeds.
    Nothing(&'static str),
    /// A task other than loading objects.
    Task(Task),
}

/// Reads an invocation's event. Unknown fields are ignored in what AWS sends, and refused in
/// tasks.
///
/// # Errors
/// [`MalformedEvent`](crate::error::ErrorKind::MalformedEvent) where the event is of no known kind, or lacks a field.
/// An error in one SQS message is in the content of that message.
pub fn parse(event: &Value) -> Result<Event> {
    if let Some(task) = task::read(event)? {
        return Ok(Event::Task(task));
    }
    if let Some(records @ [first, ..]) = envelope::records_of(event)
        && first.get("messageId").is_some()
    {
        return sqs::messages(records).map(Event::Queue);
    }
    Ok(match envelope::open(event)? {
        Content::Objects(objects, _) => Event::Objects(objects),
        Content::Nothing(why) => Event::Nothing(why),
    })
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
