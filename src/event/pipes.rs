//! Pipes: reads the array of events with which EventBridge Pipes invokes a function, whatever their
//! number.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>

use serde_json::Value;

use super::content::{Content, malformed};
use super::envelope;
use super::sqs::{self, QueueMessage};
use crate::error::Result;

/// What the array holds.
pub(super) enum Piped {
    /// The source of the pipe is a queue.
    Messages(Vec<QueueMessage>),
    /// The content of all events.
    Content(Content),
}

/// Reads the array; an event that cannot be read fails all of them, unless they are messages.
pub(super) fn read(events: &[Value]) -> Result<Piped> {
    if events.first().is_some_and(|first| first.get("messageId").is_some()) {
        return sqs::messages(events).map(Piped::Messages);
    }
    let (mut objects, mut nothing) = (Vec::new(), None);
    for (index, event) in events.iter().enumerate() {
        let opened = envelope::open(event).map_err(|mut error| {
            error.message = format!("event {} of the array: {}", index + 1, error.message);
            error
        });
        match opened? {
            Content::Objects(found, _) => objects.extend(found),
            Content::Nothing(why) => nothing = Some(why),
        }
    }
    match nothing {
        _ if !objects.is_empty() => Ok(Piped::Content(Content::Objects(objects, 0))),
        Some(why) => Ok(Piped::Content(Content::Nothing(why))),
        None => Err(malformed("the array of events is empty")),
    }
}
