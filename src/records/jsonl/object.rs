//! Splits a JSON object into the values of the dataset's names and an object of all others.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::records::Record;
use crate::records::record::Kind;

/// The names of the values to take.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The index of the column that a name in lower case means.
    indexes: HashMap<String, usize>,
    /// Every path to an object that holds a wanted value.
    prefixes: HashSet<String>,
    count: usize,
}

/// The keys of one object, in order.
type Pairs<'j> = Vec<(std::borrow::Cow<'j, str>, &'j RawValue)>;

/// A reason code and a sentence.
type Fault = (&'static str, &'static str);

const NOT_AN_OBJECT: Fault = ("invalid_json", "not a valid JSON object");
const DUPLICATE_KEY: Fault =
    ("duplicate_key", "a key occurs twice, or two keys mean the same column");

fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

impl Wanted {
    /// Takes for each column the names that mean it.
    pub fn new(names: &[Vec<String>]) -> Wanted {
        let (mut indexes, mut prefixes) = (HashMap::new(), HashSet::new());
        for (index, spellings) in names.iter().enumerate() {
            for name in spellings {
                let name = fold(name);
                for (at, _) in name.match_indices('.') {
                    prefixes.insert(name.get(..at).unwrap_or_default().to_owned());
                }
                indexes.insert(name, index);
            }
        }
        Wanted { indexes, prefixes, count: names.len() }
    }

    /// Adds the fields of the object in the original bytes of the record. If they are not a valid
    /// object, sets the fault of the record.
    pub fn fill(&self, record: &mut Record) {
        let raw = record.raw().to_vec();
        let mut found: Vec<Option<&RawValue>> = vec![None; self.count];
        let mut extra = Vec::new();
        let filled = pairs(&raw)
            .ok_or(NOT_AN_OBJECT)
            .and_then(|pairs| self.walk(pairs, "", &mut found, &mut extra))
            .and_then(|()| {
                found.iter().try_for_each(|value| match value {
                    Some(value) => push(value.get(), record),
                    None => {
                        record.push_value(b"", false, Kind::Null);
                        Ok(())
                    }
                })
            });
        match filled {
            Ok(()) if extra.is_empty() => {}
            Ok(()) => record.set_extra(&extra),
            Err((code, reason)) => record.set_fault(code, reason),
        }
    }

    /// Finds the wanted values in an object, and appends an object of all others to `extra`, if there
    /// are any.
    ///
    /// # Errors
    ///
    /// [`DUPLICATE_KEY`].
    fn walk<'j>(
        &self,
        pairs: Pairs<'j>,
        path: &str,
        found: &mut [Option<&'j RawValue>],
        extra: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let start = extra.len();
        let mut seen = HashSet::with_capacity(pairs.len());
        for (key, value) in pairs {
            if !seen.insert(key.clone()) {
                return Err(DUPLICATE_KEY);
            }
            let name = if path.is_empty() { fold(&key) } else { format!("{path}.{}", fold(&key)) };
            if let Some(slot) = self.indexes.get(&name).and_then(|index| found.get_mut(*index)) {
                if slot.replace(value).is_some() {
                    return Err(DUPLICATE_KEY);
                }
                continue;
            }
            let before = extra.len();
            extra.push(if before == start { b'{' } else { b',' });
            extra.extend_from_slice(serde_json::Value::from(key.as_ref()).to_string().as_bytes());
            extra.push(b':');
            let written = extra.len();
            let inner = self.prefixes.contains(&name).then(|| pairs_of(value)).flatten();
            match inner {
                Some(inner) => self.walk(inner, &name, found, extra)?,
                None => extra.extend_from_slice(value.get().as_bytes()),
            }
            if extra.len() == written {
                extra.truncate(before);
            }
        }
        if extra.len() > start {
            extra.push(b'}');
        }
        Ok(())
    }
}

/// Adds one value as a field.
///
/// # Errors
///
/// [`NOT_AN_OBJECT`] if a text is invalid, such as half of a surrogate pair.
fn push(json: &str, record: &mut Record) -> Result<(), Fault> {
    match json.as_bytes().first() {
        Some(b'"') => {
            let text: String = serde_json::from_str(json).map_err(|_| NOT_AN_OBJECT)?;
            record.push_value(text.as_bytes(), true, Kind::Quoted);
        }
        Some(b'n') => record.push_value(b"", false, Kind::Null),
        _ => record.push_value(json.as_bytes(), false, Kind::Native),
    }
    Ok(())
}

fn pairs_of(value: &RawValue) -> Option<Pairs<'_>> {
    value.get().starts_with('{').then(|| pairs(value.get().as_bytes())).flatten()
}

fn pairs(json: &[u8]) -> Option<Pairs<'_>> {
    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Pairs<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
            let mut pairs = Vec::new();
            while let Some((key, value)) = map.next_entry::<Key<'de>, &RawValue>()? {
                pairs.push((key.0, value));
            }
            Ok(pairs)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let pairs = deserializer.deserialize_map(InOrder).ok()?;
    deserializer.end().ok()?;
    Some(pairs)
}

/// A key, which is only copied if it has escapes.
#[derive(serde::Deserialize)]
struct Key<'j>(#[serde(borrow)] std::borrow::Cow<'j, str>);
