//! Tests of the event parser, by the sample events in `events/`.

use serde_json::json;

use super::*;
use crate::error::ErrorKind;

const KEY: &str = "sales/2026/01/sales-2026-01-05.csv";

macro_rules! sample {
    ($name:literal) => {
        parse(&serde_json::from_str(include_str!(concat!("../../events/", $name))).expect("JSON"))
            .expect("a known event")
    };
}

fn objects(event: Event) -> Vec<ObjectRef> {
    match event {
        Event::Objects(objects) => objects,
        other => panic!("expected objects, found {other:?}"),
    }
}

fn messages(event: Event) -> Vec<QueueMessage> {
    match event {
        Event::Queue(messages) => messages,
        other => panic!("expected messages, found {other:?}"),
    }
}

fn refused(event: Value) -> String {
    let error = parse(&event).expect_err("should be refused");
    assert_eq!(error.kind, ErrorKind::MalformedEvent);
    error.to_string()
}

/// An S3 notification of one object.
fn put(object: Value) -> Value {
    json!({"Records": [{
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "b"}, "object": object},
    }]})
}

fn in_sqs(body: &str) -> Value {
    json!({"Records": [{"messageId": "m", "body": body}]})
}

#[test]
fn s3_put_gives_one_object_with_all_that_the_event_says() {
    let expected = ObjectRef {
        bucket: "stardrop-inbox".into(),
        key: KEY.into(),
        version_id: None,
        etag: Some("b18e80cdf16c2d6b0ea025a8ea4260c9".into()),
        size_bytes: Some(1275),
        object_time: Some("2026-01-05T18:00:12.345Z".parse().expect("a time")),
        sequencer: Some("00677A2F5C1B3D4E5F".into()),
    };
    assert_eq!(objects(sample!("s3-put.json")), [expected]);
}

#[test]
fn two_records_give_two_objects() {
    let keys: Vec<_> = objects(sample!("s3-two-records.json")).into_iter().map(|o| o.key).collect();
    assert_eq!(keys, [KEY, "sales/2026/01/sales-2026-01-06.csv"]);
}

#[test]
fn plus_in_key_is_a_space() {
    let objects = objects(sample!("s3-plus-in-key.json"));
    assert_eq!(objects[0].key, "sales/2026/01/Süd + West, 100%.csv");
    assert_eq!(objects[0].etag.as_deref(), Some("d41d8cd98f00b204e9800998ecf8427e-2"));
}

#[test]
fn event_bridge_gives_its_object_with_the_key_unchanged() {
    let object = objects(sample!("eventbridge.json")).remove(0);
    assert_eq!((object.bucket.as_str(), object.key.as_str()), ("stardrop-inbox", KEY));
    assert_eq!(object.version_id.as_deref(), Some("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"));
    assert_eq!(object.etag.as_deref(), Some("b18e80cdf16c2d6b0ea025a8ea4260c9"));
    assert!(object.object_time.is_some() && object.sequencer.is_some());

    let event = json!({"detail-type": "Object Created", "source": "aws.s3",
        "detail": {"bucket": {"name": "b"}, "object": {"key": "a+b%20c"}}});
    assert_eq!(objects(parse(&event).expect("good"))[0].key, "a+b%20c");
}

#[test]
fn each_message_of_a_queue_holds_its_own_objects() {
    let messages = messages(sample!("sqs.json"));
    assert_eq!(messages.len(), 2);
    for message in &messages {
        assert_eq!(message.content.as_ref().expect("readable")[0].key, KEY);
        assert_eq!(message.queue_arn, "arn:aws:sqs:eu-central-1:123456789012:stardrop-inbox");
    }
    assert_eq!(messages[1].message_id, "00000002-0000-4000-8000-000000000000");
    assert_eq!(messages[1].receipt_handle, "receipt-2");
    assert_eq!((messages[0].receive_count, messages[1].receive_count), (1, 3));
}

#[test]
fn one_poisoned_message_fails_alone() {
    let messages = messages(sample!("sqs-one-poison.json"));
    assert!(messages[0].content.is_ok());
    let error = messages[1].content.as_ref().expect_err("unreadable");
    assert_eq!(error.kind, ErrorKind::MalformedEvent);
    let text = error.to_string();
    assert!(text.starts_with("event: the `body` of the SQS message is not valid JSON"), "{text}");
    assert!(!text.contains("sales-2026"), "the body is not echoed: {text}");
}

#[test]
fn a_test_event_and_a_removed_object_are_successes_with_nothing_to_do() {
    assert!(matches!(sample!("s3-test-event.json"), Event::Nothing("S3 tested its notification")));
    assert!(matches!(sample!("s3-removed.json"), Event::Nothing("no object was created")));
    let body = include_str!("../../events/s3-test-event.json");
    let messages = messages(parse(&in_sqs(body)).expect("good"));
    assert_eq!(messages[0].content.as_ref().expect("a success"), &[]);
}

#[test]
fn a_removed_object_next_to_a_created_one_is_ignored() {
    let mut event = put(json!({"key": "kept"}));
    let mut removed = event["Records"][0].clone();
    removed["eventName"] = json!("ObjectRemoved:DeleteMarkerCreated");
    event["Records"].as_array_mut().expect("records").insert(0, removed);
    assert_eq!(objects(parse(&event).expect("good"))[0].key, "kept");
}

#[test]
fn a_direct_request_takes_its_key_literally() {
    assert_eq!(objects(sample!("direct.json"))[0].key, KEY);
    let event = json!({"bucket": "b", "key": "a+b%20c", "version_id": "v", "note": "ignored"});
    let object = objects(parse(&event).expect("good")).remove(0);
    assert_eq!((object.key.as_str(), object.version_id.as_deref()), ("a+b%20c", Some("v")));
}

#[test]
fn a_request_sent_through_the_queue_is_read_unchanged() {
    let object = objects(sample!("eventbridge.json")).remove(0);
    let event = in_sqs(&request(&object, 7).to_string());
    let message = messages(parse(&event).expect("good")).remove(0);
    assert_eq!((message.continuations, message.content.expect("readable")), (7, vec![object]));
}

#[test]
fn sns_is_unwrapped_alone_and_inside_a_queue() {
    let inner = put(json!({"key": "a+b"})).to_string();
    let direct = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": inner}}]});
    assert_eq!(objects(parse(&direct).expect("good"))[0].key, "a b");
    let body = json!({"Type": "Notification", "Message": inner}).to_string();
    let message = messages(parse(&in_sqs(&body)).expect("good")).remove(0);
    assert_eq!(message.content.expect("readable")[0].key, "a b");
}

#[test]
fn an_empty_or_null_version_is_no_version() {
    for version in [json!(null), json!(""), json!("null")] {
        let event = put(json!({"key": "k", "versionId": version, "eTag": "\"abc\""}));
        let object = objects(parse(&event).expect("good")).remove(0);
        assert_eq!((object.version_id, object.etag.as_deref()), (None, Some("abc")));
    }
}

#[test]
fn the_marker_of_an_empty_folder_is_no_object() {
    let marker = put(json!({"key": "sales/2026/", "size": 0}));
    assert!(matches!(parse(&marker), Ok(Event::Nothing(_))));
    let odd_key = put(json!({"key": "sales/2026/", "size": 1}));
    assert_eq!(objects(parse(&odd_key).expect("good")).len(), 1);
}

#[test]
fn tasks_are_read_from_their_samples() {
    assert!(matches!(parse(&json!({"health": true})), Ok(Event::Task(Task::Health))));
    let Ok(Event::Task(Task::Migrate(bare))) = parse(&json!({"migrate": true})) else { panic!() };
    assert_eq!(bare, Migrate::default());
    let Event::Task(Task::Migrate(migrate)) = sample!("migrate.json") else { panic!() };
    assert!(migrate.iam);
    assert_eq!(migrate.logins["stardrop_load"], "stardrop_loader");
    let Event::Task(Task::Reconcile(reconcile)) = sample!("reconcile.json") else { panic!() };
    let expected =
        Reconcile { bucket: "stardrop-inbox".into(), prefix: "sales/".into(), heal: true };
    assert_eq!(reconcile, expected);
    assert!(matches!(sample!("health.json"), Event::Task(Task::Health)));
    let Event::Task(Task::Extract(extract)) = sample!("extract.json") else { panic!() };
    assert_eq!((extract.tables, extract.since), (vec!["orders".into()], Some("updated_at".into())));
}

#[test]
fn an_unknown_field_of_a_task_is_refused_and_no_value_is_quoted() {
    for (event, found) in [
        (json!({"migrate": "s3cret"}), ""),
        (json!({"migrate": false}), ""),
        (json!({"migrate": true, "logins": ["s3cret"]}), ""),
        (json!({"migrate": true, "iam": "s3cret"}), ""),
        (json!({"migrate": true, "health": true}), ", found `health`"),
        (json!({"migrate": true, "allow_destructive": true}), ", found `allow_destructive`"),
        (json!({"health": "s3cret"}), ""),
        (json!({"health": true, "verbose": true}), ", found `verbose`"),
        (json!({"reconcile": true}), ""),
        (json!({"reconcile": {}}), ""),
        (json!({"reconcile": {"bucket": ""}}), ""),
        (json!({"reconcile": {"bucket": "b", "Heal": true}}), ", found `Heal`"),
    ] {
        let message = refused(event.clone());
        assert!(message.starts_with("event: expected {"), "{event}: {message}");
        assert!(message.ends_with(&format!("}}{found}")), "{event}: {message}");
        assert!(!message.contains("s3cret"), "{event}: {message}");
    }
}

#[test]
fn an_unknown_event_is_refused_in_one_sentence_that_echoes_nothing() {
    for event in [json!({"secret": "s3cret"}), json!(null), json!({"eventSource": "s3 cret"})] {
        assert_eq!(
            refused(event),
            "event: unknown kind of event: expected `Records` (S3, SQS, SNS), `detail-type` \
             (EventBridge), an array of these (EventBridge Pipes), `invocationSchemaVersion` (S3 \
             Batch Operations), `bucket` and `key`, `migrate`, `health` or `reconcile`"
        );
    }
    for (event, message) in [
        (
            put(json!({"size": "s3cret"})),
            "record 1 of the S3 event has no readable `eventName`, `s3.bucket.name` or `s3.object.key`",
        ),
        (put(json!({"key": "%FF"})), "the object's key is not valid UTF-8 after URL decoding"),
        (put(json!({"key": ""})), "the object's key is empty"),
        (
            json!({"bucket": "b"}),
            "the request has no readable `bucket` or `key`, or a field of the wrong type",
        ),
        (
            json!({"bucket": "file", "key": "/etc/passwd"}),
            "the bucket of an event cannot be `file`",
        ),
        (
            json!({"bucket": "b", "key": "k", "dataset": "d"}),
            "a request cannot name a `dataset`: the patterns of the datasets decide by the key",
        ),
        (
            json!({"detail-type": "AWS Service Event via CloudTrail", "source": "aws.s3"}),
            "the `detail-type` of the EventBridge event is neither one of S3's, such as `Object \
             Created`, nor `AWS API Call via CloudTrail`",
        ),
        (
            json!({"detail-type": "x", "source": "aws.ec2"}),
            "the `source` of the EventBridge event is not aws.s3",
        ),
    ] {
        assert_eq!(refused(event), format!("event: {message}"));
    }
}
