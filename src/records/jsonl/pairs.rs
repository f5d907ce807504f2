//! Reads the object at the start of a text as its keys and values, which are not read any further.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::position::{is_truncated, offset_of};

/// The keys and values of one object, in order.
pub(super) type Pairs<'j> = Vec<(&'j RawValue, &'j RawValue)>;

/// What a text starts with.
#[derive(Debug)]
pub(super) enum First<'j> {
    /// An object, and its length.
    Object(Pairs<'j>, usize),
    /// An object whose end is not in the text.
    Incomplete,
    /// Something that cannot become a valid object: the offset of the byte that shows it.
    Malformed(usize),
}

/// The object at the start of a text that may go on behind it.
pub(super) fn first(text: &[u8]) -> First<'_> {
    if !text.starts_with(b"{") {
        return First::Malformed(0);
    }
    let mut objects = serde_json::Deserializer::from_slice(text).into_iter::<InOrder>();
    match objects.next() {
        Some(Ok(InOrder(pairs))) => First::Object(pairs, objects.byte_offset()),
        Some(Err(error)) if is_truncated(text, &error) => First::Incomplete,
        Some(Err(error)) => First::Malformed(offset_of(text, &error)),
        None => First::Incomplete,
    }
}

struct InOrder<'j>(Pairs<'j>);

impl<'j> Deserialize<'j> for InOrder<'j> {
    fn deserialize<D: Deserializer<'j>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'j> Visitor<'j> for Keys {
            type Value = InOrder<'j>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<InOrder<'j>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry::<&RawValue, &RawValue>()? {
                    pairs.push(pair);
                }
                Ok(InOrder(pairs))
            }
        }

        deserializer.deserialize_map(Keys)
    }
}
