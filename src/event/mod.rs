//! Event: reads the JSON that a Lambda invocation gets, and returns the objects to load or the task to do.

mod batch_operations;
mod cloud_trail;
mod content;
mod envelope;
mod extract;
mod notification;
mod pipes;
mod request;
mod sqs;
mod task;

use serde_json::Value;

pub use batch_operations::{BatchOperation, BatchTask};
pub use extract::{Extract, ExtractQuery};
pub use request::request;
pub use sqs::QueueMessage;
pub use task::{Migrate, Reconcile, Task};

use crate::error::Result;
use crate::object::ObjectRef;
use content::Content;
use pipes::Piped;

/// What an invocation asks for.
#[derive(Debug)]
pub enum Event {
    /// The objects of an S3 notification (also within SNS), an EventBridge event or a direct request.
    Objects(Vec<ObjectRef>),
    /// SQS messages. Each one succeeds or fails separately.
    Queue(Vec<QueueMessage>),
    /// The tasks of an S3 Batch Operations job, which expects an answer for each.
    BatchOperation(BatchOperation),
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
    if let Some(events) = event.as_array() {
        return Ok(match pipes::read(events)? {
            Piped::Messages(messages) => Event::Queue(messages),
            Piped::Content(content) => of_content(content),
        });
    }
    if let Some(operation) = batch_operations::read(event)? {
        return Ok(Event::BatchOperation(operation));
    }
    if let Some(records @ [first, ..]) = envelope::records_of(event)
        && first.get("messageId").is_some()
    {
        return sqs::messages(records).map(Event::Queue);
    }
    envelope::open(event).map(of_content)
}

fn of_content(content: Content) -> Event {
    match content {
        Content::Objects(objects, _) => Event::Objects(objects),
        Content::Nothing(why) => Event::Nothing(why),
    }
}

#[cfg(test)]
mod further_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
