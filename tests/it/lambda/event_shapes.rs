//! Shapes of events that the samples in `events/` lack: fields that only some services write, and messages
//! of other services.

use serde_json::{Value, json};
use stardrop::event::{Event, parse};
use stardrop::object::ObjectRef;

pub fn only_object(event: &Value) -> ObjectRef {
    match parse(event).unwrap() {
        Event::Objects(mut objects) if objects.len() == 1 => objects.remove(0),
        other => panic!("expected one object, found {other:?}"),
    }
}

/// An S3 notification with these fields of the object.
fn notification(object: &Value) -> Value {
    json!({ "Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1",
        "eventTime": "2026-01-05T18:00:12.345Z", "eventName": "ObjectCreated:CompleteMultipartUpload",
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "stardrop",
            "bucket": { "name": "inbox", "arn": "arn:aws:s3:::inbox" },
            "object": object,
        },
    }] })
}

#[test]
fn a_notification_gives_its_object_with_and_without_a_version_and_a_decoded_key() {
    let mut object = json!({
        "key": "sales/May+2026/caf%C3%A9.csv", "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e-2",
        "sequencer": "00677A2F5C1B3D4E5F",
    });
    let plain = only_object(&notification(&object));
    assert_eq!(plain.to_string(), "s3://inbox/sales/May 2026/caf\u{e9}.csv");
    assert_eq!((plain.version_id.as_deref(), plain.size_bytes), (None, Some(1024)));
    assert_eq!(plain.object_time, Some("2026-01-05T18:00:12.345Z".parse().unwrap()));
    assert!(plain.etag.is_some() && plain.sequencer.is_some());
    // What Lambda itself adds to the event decides nothing.
    object["urlDecodedKey"] = "something else".into();
    assert_eq!(only_object(&notification(&object)).key, plain.key);
    object["versionId"] = "v1".into();
    assert_eq!(only_object(&notification(&object)).version_id.as_deref(), Some("v1"));
}

fn sqs(body: &str, receive_count: u32) -> Value {
    json!({ "Records": [{
        "messageId": "m-1", "receiptHandle": "r-1", "body": body,
        "attributes": { "ApproximateReceiveCount": receive_count.to_string() },
        "messageAttributes": {
            "Attribute1": { "stringValue": "x", "stringListValues": [], "dataType": "String" },
        },
        "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:inbox",
    }] })
}

#[test]
fn a_queue_message_gives_its_object() {
    let object =
        json!({ "key": "a.csv", "size": 1, "eTag": "e", "sequencer": "01", "versionId": "v1" });
    let Event::Queue(messages) = parse(&sqs(&notification(&object).to_string(), 1)).unwrap() else {
        panic!("expected messages");
    };
    let [message] = messages.as_slice() else { panic!("expected one message") };
    assert_eq!(message.message_id, "m-1");
    assert_eq!(message.queue_arn, "arn:aws:sqs:eu-central-1:123456789012:inbox");
    let object = &message.content.as_ref().unwrap()[0];
    assert_eq!(object.to_string(), "s3://inbox/a.csv");
    assert_eq!(object.version_id.as_deref(), Some("v1"));
}

#[test]
fn a_queue_message_that_is_no_event_fails_alone() {
    let Event::Queue(messages) = parse(&sqs("Message Body", 2)).unwrap() else {
        panic!("expected messages");
    };
    assert_eq!(messages[0].receive_count, 2);
    assert!(messages[0].content.is_err());
}

#[test]
fn an_event_of_another_service_is_refused() {
    let event = json!({
        "id": "7bf73129", "detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2",
        "account": "123456789012", "time": "2026-01-05T18:00:12Z", "region": "eu-central-1",
        "resources": [], "detail": { "instance-id": "i-abcd1111", "state": "pending" },
    });
    assert_eq!(
        parse(&event).unwrap_err().to_string(),
        "event: the `source` of the EventBridge event is not aws.s3"
    );
}
