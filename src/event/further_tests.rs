//! Tests of the events of EventBridge Pipes, S3 Batch Operations and CloudTrail.

use serde_json::json;

use super::*;
use crate::error::ErrorKind;

const KEY: &str = "sales/2026/01/sales-2026-01-05.csv";

macro_rules! sample {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../events/", $name))).expect("JSON")
    };
}

fn refused(event: &Value) -> String {
    let error = parse(event).expect_err("should be refused");
    assert_eq!(error.kind, ErrorKind::MalformedEvent);
    error.message
}

fn objects(event: &Value) -> Vec<ObjectRef> {
    match parse(event).expect("a known event") {
        Event::Objects(objects) => objects,
        other => panic!("expected objects, found {other:?}"),
    }
}

#[test]
fn a_pipe_from_a_queue_gives_its_messages() {
    let Ok(Event::Queue(messages)) = parse(&sample!("pipes.json")) else { panic!("messages") };
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].content.as_ref().expect("readable")[0].key, KEY);
    assert!(messages[1].content.is_err(), "one bad message fails alone");
    assert_eq!(messages[0].receive_count, 1);
}

#[test]
fn a_pipe_of_events_gives_the_objects_of_all_of_them() {
    let (put, bridge) = (sample!("s3-two-records.json"), sample!("eventbridge.json"));
    let removed = sample!("s3-removed.json");
    assert_eq!(objects(&json!([put, removed, bridge])).len(), 3);
    assert!(matches!(parse(&json!([removed])), Ok(Event::Nothing(_))));
    for (event, message) in [
        (json!([]), "the array of events is empty"),
        (json!([bridge, 1]), "event 2 of the array: unknown kind of event: expected"),
        (
            json!([{"eventSource": "aws:kinesis", "data": "e30="}]),
            "event 1 of the array: unknown kind of event, of aws:kinesis: expected",
        ),
        (json!([bridge, {"messageId": "m"}]), "event 2 of the array: unknown kind"),
        (json!([{"messageId": "m", "body": "{}"}, bridge]), "an SQS record has no `messageId`"),
        (json!([[bridge]]), "event 1 of the array: unknown kind"),
    ] {
        let found = refused(&event);
        assert!(found.starts_with(message), "{found}");
    }
}

#[test]
fn a_batch_operation_gives_its_tasks_with_decoded_keys() {
    let Ok(Event::BatchOperation(operation)) = parse(&sample!("s3-batch-operations.json")) else {
        panic!("a batch operation")
    };
    assert_eq!(operation.schema_version, "1.0");
    assert!(!operation.invocation_id.is_empty() && !operation.tasks[0].task_id.is_empty());
    let object = operation.tasks[0].object.as_ref().expect("readable");
    assert_eq!((object.bucket.as_str(), object.key.as_str()), ("stardrop-inbox", KEY));
    assert_eq!(object.version_id.as_deref(), Some("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"));

    let second = json!({
        "invocationSchemaVersion": "2.0", "invocationId": "i",
        "job": {"id": "j", "userArguments": {"a": "b"}},
        "tasks": [
            {"taskId": "1", "s3Key": "a+b%2Bc", "s3VersionId": null, "s3Bucket": "b"},
            {"taskId": "2", "s3Key": "k"},
            {"taskId": "3", "s3Key": "%FF", "s3Bucket": "b"},
        ],
    });
    let Ok(Event::BatchOperation(operation)) = parse(&second) else { panic!("tasks") };
    let keys: Vec<_> = operation.tasks.iter().map(|task| task.object.as_ref().ok()).collect();
    assert_eq!(keys[0].map(|object| object.key.as_str()), Some("a b+c"));
    assert!(keys[1].is_none() && keys[2].is_none(), "each task fails alone");

    for change in [
        json!({"invocationSchemaVersion": "3.0"}),
        json!({"invocationSchemaVersion": 1}),
        json!({"tasks": []}),
        json!({"tasks": [{"s3Key": "k"}]}),
        json!({"invocationId": null}),
    ] {
        let mut event = second.clone();
        event.as_object_mut().expect("an object").extend(change.as_object().expect("one").clone());
        assert!(refused(&event).contains("S3 Batch Operations"), "{change}");
    }
}

#[test]
fn a_call_that_created_an_object_is_read_from_cloudtrail() {
    let sample = sample!("cloudtrail.json");
    let object = objects(&sample).remove(0);
    assert_eq!((object.bucket.as_str(), object.key.as_str()), ("stardrop-inbox", KEY));
    assert_eq!(object.version_id.as_deref(), Some("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"));

    let with = |pointer: &str, value: Value| {
        let mut event = sample.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("a path");
        event.pointer_mut(parent).expect("an object")[name] = value;
        event
    };
    for call in ["CopyObject", "CompleteMultipartUpload", "PostObject"] {
        assert_eq!(objects(&with("/detail/eventName", json!(call))).len(), 1, "{call}");
    }
    let plain = with("/detail/requestParameters/key", json!("a+b%20c"));
    assert_eq!(objects(&plain)[0].key, "a+b%20c");
    let unversioned = with("/detail/responseElements", json!(null));
    assert_eq!(objects(&unversioned)[0].version_id, None);
    for nothing in [
        with("/detail/eventName", json!("GetObject")),
        with("/detail/eventName", json!("DeleteObject")),
        with("/detail/errorCode", json!("AccessDenied")),
    ] {
        assert!(matches!(parse(&nothing), Ok(Event::Nothing(_))), "{nothing}");
    }
    for refusal in [
        with("/detail/eventName", json!(null)),
        with("/detail/eventSource", json!("ec2.amazonaws.com")),
        with("/detail/requestParameters", json!(null)),
        with("/detail/requestParameters/key", json!("")),
        with("/detail", json!(null)),
    ] {
        refused(&refusal);
    }
}
