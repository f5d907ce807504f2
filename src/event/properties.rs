//! Property tests of the event parser, with encoded keys and arbitrary JSON.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The characters that S3 encodes; it writes a space as `+`.
const AS_S3: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("Records".to_owned()),
        Just("s3".to_owned()),
        Just("object".to_owned()),
        Just("bucket".to_owned()),
        Just("key".to_owned()),
        Just("eventName".to_owned()),
        Just("messageId".to_owned()),
        Just("body".to_owned()),
        Just("detail".to_owned()),
        Just("detail-type".to_owned()),
        Just("Sns".to_owned()),
        Just("Message".to_owned()),
        Just("Type".to_owned()),
        ".*",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!("Notification")),
        Just(json!("ObjectCreated:Put")),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner.clone()), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            inner.prop_map(|value| Value::from(value.to_string())),
        ]
    })
}

proptest! {
    #[test]
    fn a_key_that_s3_encoded_is_decoded(key in ".*[^/]") {
        let encoded = utf8_percent_encode(&key, AS_S3).to_string().replace(' ', "+");
        let event = json!({"Records": [{
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "b"}, "object": {"key": encoded}},
        }]});
        let Ok(Event::Objects(objects)) = parse(&event) else { panic!("one object") };
        prop_assert_eq!(&objects[0].key, &key);
    }

    #[test]
    fn no_json_makes_the_parser_panic(event in any_json()) {
        let _ = parse(&event);
        let _ = parse(&json!({"Records": [event]}));
    }
}
