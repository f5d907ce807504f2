//! SQS: reads the messages of an SQS invocation, each with the objects that it names or the error in it.

use aws_lambda_events::sqs::SqsMessage;
use serde::Deserialize;
use serde_json::Value;

use super::content::{Content, malformed};
use super::envelope;
use crate::error::Result;
use crate::object::ObjectRef;

/// The attribute of a record that counts its deliveries.
const RECEIVE_COUNT: &str = "ApproximateReceiveCount";

/// One SQS message.
#[derive(Debug)]
pub struct QueueMessage {
    /// The id that a batch response names.
    pub message_id: String,
    /// The handle to change the message with.
    pub receipt_handle: String,
    /// How often SQS has delivered the message, this time included.
    pub receive_count: u32,
    /// Empty where the event does not name the queue.
    pub queue_arn: String,
    /// How often the load was continued in another invocation; see [`request`](super::request()).
    pub continuations: u32,
    /// The objects that the message names, or why it cannot be read. No object means that there is
    /// nothing to load, as for S3's test event.
    pub content: Result<Vec<ObjectRef>>,
}

/// The messages of an SQS event.
///
/// # Errors
/// [`MalformedEvent`](crate::error::ErrorKind::MalformedEvent) where one of them has no readable id: a batch response
/// could not name it, so SQS has to deliver the whole batch again.
pub(super) fn messages(records: &[Value]) -> Result<Vec<QueueMessage>> {
    let unreadable = || malformed("an SQS record has no `messageId`, or a field of the wrong type");
    // `SqsMessage` also accepts records without an id, and null for a text.
    let text_if_any = |record: &Value, name| record.get(name).is_none_or(Value::is_string);
    let readable = |record: &Value| {
        record.get("messageId").is_some_and(Value::is_string)
            && ["receiptHandle", "body", "eventSourceARN"]
                .into_iter()
                .all(|name| text_if_any(record, name))
            && record.get("attributes").is_none_or(Value::is_object)
    };
    if !records.iter().all(readable) {
        return Err(unreadable());
    }
    let read = |record: &Value| {
        SqsMessage::deserialize(used_fields(record)).map(queue_message).map_err(|_| unreadable())
    };
    records.iter().map(read).collect()
}

/// The record without the fields that are not used: an unexpected value in one of those, such as in
/// `messageAttributes`, must not fail the batch.
fn used_fields(record: &Value) -> Value {
    let mut used = serde_json::Map::new();
    for name in ["messageId", "receiptHandle", "body", "eventSourceARN"] {
        used.extend(record.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    let receive_count = record
        .get("attributes")
        .and_then(|all| all.get(RECEIVE_COUNT))
        .filter(|count| !count.is_null());
    used.extend(
        receive_count
            .map(|count| ("attributes".to_owned(), serde_json::json!({ RECEIVE_COUNT: count }))),
    );
    Value::Object(used)
}

fn queue_message(message: SqsMessage) -> QueueMessage {
    let opened = serde_json::from_str(&message.body.unwrap_or_default())
        .map_err(|error| {
            malformed("the `body` of the SQS message is not valid JSON").caused_by(error)
        })
        .and_then(|body: Value| envelope::open(&body));
    let (content, continuations) = match opened {
        Ok(Content::Objects(objects, continuations)) => (Ok(objects), continuations),
        Ok(Content::Nothing(_)) => (Ok(Vec::new()), 0),
        Err(error) => (Err(error), 0),
    };
    let receive_count = message.attributes.get(RECEIVE_COUNT);
    QueueMessage {
        message_id: message.message_id.unwrap_or_default(),
        receipt_handle: message.receipt_handle.unwrap_or_default(),
        receive_count: receive_count.and_then(|count| count.parse().ok()).unwrap_or(1),
        queue_arn: message.event_source_arn.unwrap_or_default(),
        continuations,
        content,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_record_without_an_id_or_with_a_wrong_type_fails_the_whole_batch() {
        for record in [
            json!({"messageId": 1, "body": "{}"}),
            json!({"messageId": null, "body": "{}"}),
            json!({"messageId": "m", "body": null}),
            json!({"messageId": "m", "body": {}}),
            json!({"messageId": "m", "receiptHandle": null}),
            json!({"messageId": "m", "eventSourceARN": null}),
            json!({"messageId": "m", "attributes": null}),
            json!({"messageId": "m", "attributes": {"ApproximateReceiveCount": 1}}),
        ] {
            let records = [json!({"messageId": "good", "body": "{}"}), record];
            let error = messages(&records).expect_err("unreadable");
            assert_eq!(error.kind, ErrorKind::MalformedEvent);
            assert_eq!(
                error.to_string(),
                "event: an SQS record has no `messageId`, or a field of the wrong type"
            );
        }
    }

    #[test]
    fn an_unexpected_value_in_an_unused_field_does_not_fail_the_batch() {
        let record = json!({
            "messageId": "m",
            "body": "{}",
            "messageAttributes": "not an object",
            "md5OfBody": 1,
            "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": 1},
        });
        let messages = messages(&[record]).expect("readable");
        assert_eq!(messages.iter().map(|m| m.receive_count).collect::<Vec<_>>(), [3]);
    }
}
