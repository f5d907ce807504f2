//! Reads a key of a contract that takes a list of texts, where one text stands for a list of itself.

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};
use std::fmt;
use toml::Spanned;

/// A list of texts, with its position and that of each text.
type Texts = Spanned<Vec<Spanned<String>>>;

enum OneOrMany {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes, or a list of them")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany::One(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element()? {
            texts.push(text);
        }
        Ok(OneOrMany::Many(texts))
    }
}

/// A list, with its position and that of each text.
pub(super) fn spanned<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Texts, D::Error> {
    let read = Spanned::<OneOrMany>::deserialize(deserializer)?;
    let span = read.span();
    let texts = match read.into_inner() {
        OneOrMany::One(text) => vec![Spanned::new(span.clone(), text)],
        OneOrMany::Many(texts) => texts,
    };
    Ok(Spanned::new(span, texts))
}

/// A list that may be missing, with its position and that of each text.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Texts>, D::Error> {
    spanned(deserializer).map(Some)
}

/// A list, with the position of each text.
pub(super) fn list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Spanned<String>>, D::Error> {
    spanned(deserializer).map(Spanned::into_inner)
}

/// A list without positions.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(list(deserializer)?.into_iter().map(Spanned::into_inner).collect())
}

/// A list without positions that may be missing.
pub(super) fn optional_texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    texts(deserializer).map(Some)
}
