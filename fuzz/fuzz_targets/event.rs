//! Fuzzes events: any JSON gives objects with a bucket and a key, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stardrop::event::{self, Event};
use stardrop::object::ObjectRef;

fuzz_target!(|data: &[u8]| {
    let Ok(event) = serde_json::from_slice(data) else { return };
    match event::parse(&event) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(parsed) => check(&parsed),
    }
});

fn check(event: &Event) {
    let text = format!("{event:?}");
    assert!(!text.is_empty());
    for object in objects(event) {
        assert!(!object.bucket.is_empty() && !object.key.is_empty(), "{object:?}");
        // The request to load it in another invocation names the same object.
        let request = event::request(object, 1);
        let again = event::parse(&request).unwrap_or_else(|e| panic!("{object:?}: {e}"));
        let again = objects(&again);
        let place = |object: &ObjectRef| {
            (object.bucket.clone(), object.key.clone(), object.version_id.clone())
        };
        assert_eq!(again.into_iter().map(place).collect::<Vec<_>>(), [place(object)]);
    }
}

fn objects(event: &Event) -> Vec<&ObjectRef> {
    match event {
        Event::Objects(objects) => objects.iter().collect(),
        Event::Queue(messages) => {
            messages.iter().filter_map(|message| message.content.as_ref().ok()).flatten().collect()
        }
        Event::BatchOperation(_) | Event::Nothing(_) | Event::Task(_) => Vec::new(),
    }
}
