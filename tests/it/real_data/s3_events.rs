//! Events as AWS and its tools publish them.

use serde_json::Value;
use stardrop::event::{Event, parse};

use super::{read, shared_data};
use crate::lambda::event_shapes::only_object;

fn published(name: &str) -> Value {
    serde_json::from_slice(&read(&shared_data("s3_events").join(name))).unwrap()
}

#[test]
#[ignore = "needs ../shared/data"]
fn published_s3_notifications_give_their_object() {
    for (name, bucket, key, version, time) in [
        (
            "example-s3-event.json",
            "sourcebucket",
            "Happy Face.jpg",
            Some("version"),
            "1970-01-01T00:00:00.123Z",
        ),
        (
            "example-s3-event-with-decoded.json",
            "sourcebucket",
            "Happy Face.jpg",
            Some("version"),
            "1970-01-01T00:00:00.123Z",
        ),
        (
            "powertools_s3Event.json",
            "lambda-artifacts-deafc19498e3f2df",
            "b21b84d653bb07b05b1e6b33684dc11b",
            None,
            "2019-09-03T19:37:27.192Z",
        ),
        ("samcli_S3Put.template.json", "{{{bucket}}}", "{{{key}}}", None, "1970-01-01T00:00:00Z"),
    ] {
        let event = published(name);
        let object = only_object(&event);
        assert_eq!((object.bucket.as_str(), object.key.as_str()), (bucket, key), "{name}");
        assert_eq!(object.version_id.as_deref(), version, "{name}");
        assert_eq!(object.object_time, Some(time.parse().unwrap()), "{name}");
        assert!(object.etag.is_some() && object.sequencer.is_some(), "{name}");
    }
}

#[test]
#[ignore = "needs ../shared/data"]
fn a_published_event_bridge_event_gives_its_object() {
    let name = "powertools_s3EventBridgeNotificationObjectCreatedEvent.json";
    let event = published(name);
    let object = only_object(&event);
    assert_eq!(object.to_string(), "s3://example-bucket/IMG_m7fzo3.jpg");
    assert_eq!(object.size_bytes, Some(184_662));
    assert_eq!(object.etag.as_deref(), Some("4e68adba0abe2dc8653dc3354e14c01d"));
    assert_eq!(object.sequencer.as_deref(), Some("006408CAD69598B05E"));
}

#[test]
#[ignore = "needs ../shared/data"]
fn a_published_queue_message_gives_its_object() {
    let event = published("powertools_s3SqsEvent.json");
    let Event::Queue(messages) = parse(&event).unwrap() else {
        panic!("expected messages");
    };
    let [message] = messages.as_slice() else { panic!("expected one message") };
    assert_eq!(message.message_id, "ca3e7a89-c358-40e5-8aa0-5da01403c267");
    assert_eq!(message.queue_arn, "arn:aws:sqs:us-east-1:123456789012:SQS");
    let object = &message.content.as_ref().unwrap()[0];
    assert_eq!(object.to_string(), "s3://xxx/test.pdf");
    assert_eq!(object.version_id.as_deref(), Some("yd3d4HaWOT2zguDLvIQLU6ptDTwKBnQV"));
}

#[test]
#[ignore = "needs ../shared/data"]
fn a_published_queue_message_that_is_no_event_fails_alone() {
    let event = published("example-sqs-event.json");
    let Event::Queue(messages) = parse(&event).unwrap() else {
        panic!("expected messages");
    };
    assert_eq!(messages[0].receive_count, 2);
    assert!(messages[0].content.is_err());
}

#[test]
#[ignore = "needs ../shared/data"]
fn a_published_event_of_another_service_is_refused() {
    let event = published("example-eventbridge-event-obj.json");
    assert_eq!(
        parse(&event).unwrap_err().to_string(),
        "event: the `source` of the EventBridge event is not aws.s3"
    );
}
