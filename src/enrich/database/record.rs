//! Reads the wanted values of a record, by their paths.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use maxminddb::{LookupResult, MaxMindDbError, PathElement, Reader};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::super::Values;
use super::super::address::AddressKind;
use super::super::wanted::{Found, Wanted};
use super::tree::{Families, Tree};
use super::{Columns, broken};
use crate::dataset::suggestion;
use crate::types::Invalid;

/// The most paths of a record that an error lists.
const MAX_LISTED: usize = 40;

/// The paths of a wanted column, each in parts. A part of digits only is the index of a list.
pub(super) struct Paths(Vec<Vec<String>>);

impl Paths {
    /// Splits paths such as `country.iso_code` at their dots.
    pub fn new(paths: &[String]) -> Paths {
        Paths(paths.iter().map(|path| path.split('.').map(str::to_owned).collect()).collect())
    }

    /// The value at the first path that the record has.
    fn value(&self, record: &LookupResult<'_, Bytes>) -> Result<Option<Value>, MaxMindDbError> {
        for path in &self.0 {
            let elements: Vec<PathElement<'_>> = path
                .iter()
                .map(|part| match part.parse() {
                    Ok(index) => PathElement::Index(index),
                    Err(_) => PathElement::Key(part),
                })
                .collect();
            match record.decode_path::<Node>(&elements) {
                // An empty text says no more than none.
                Ok(Some(Node(Value::String(text)))) if text.is_empty() => return Ok(None),
                Ok(Some(Node(value))) => return Ok(Some(value)),
                // The record has a value where this path goes on, as databases of another shape do.
                Ok(None) | Err(MaxMindDbError::Decoding { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

impl Columns {
    /// Checks the tree and every record that it leads to. Returns for which kinds of addresses there are records.
    ///
    /// # Errors
    ///
    /// What is broken; a value that is not of its column's type; a path that no record has.
    pub(super) fn check(&self, reader: &Reader<Bytes>, bytes: &[u8]) -> Result<Families, String> {
        let mut found = vec![false; self.wanted.len()];
        let mut known: Option<BTreeSet<String>> = None;
        let families = Tree::of(reader, bytes).walk(|address, prefix| {
            let network = || network(address, prefix);
            let unreadable = |error: MaxMindDbError| {
                format!("the record of {} is broken ({error}): download it again", network())
            };
            let record = reader.lookup(address).map_err(unreadable)?;
            record.decode::<IgnoredAny>().map_err(unreadable)?;
            for ((wanted, paths), found) in self.wanted.iter().zip(&mut found) {
                let Some(value) = paths.value(&record).map_err(unreadable)? else { continue };
                *found = true;
                encode(wanted, &value).map_err(|invalid| {
                    let (column, paths) = (&wanted.name, wanted.paths.join("` or `"));
                    format!(
                        "column `{column}`: the value at `{paths}` of {} is not of its type: {}",
                        network(),
                        invalid.message
                    )
                })?;
            }
            if known.is_none() {
                let whole = record.decode::<Node>().map_err(unreadable)?;
                known = Some(whole.map_or_else(BTreeSet::new, |Node(value)| leaves(&value)));
            }
            Ok(())
        })?;
        let known = known.ok_or_else(|| "it has no records".to_owned())?;
        let missing = self
            .wanted
            .iter()
            .zip(found)
            .find(|((wanted, _), found)| !found && !wanted.is_address_kind);
        missing.map_or(Ok(families), |((wanted, _), _)| Err(no_such_path(wanted, &known)))
    }

    /// The values of an address whose record was found.
    ///
    /// # Errors
    ///
    /// The record cannot be read, although it could when the database was opened.
    pub(super) fn values_of(&self, record: &LookupResult<'_, Bytes>) -> Result<Values, Invalid> {
        let values = self.wanted.iter().map(|(wanted, paths)| {
            if wanted.is_address_kind {
                return wanted.encode(Found::Text(AddressKind::Public.as_str())).map(Some);
            }
            let value = paths.value(record).map_err(broken)?;
            value.map(|value| encode(wanted, &value)).transpose()
        });
        values.collect()
    }
}

fn encode(wanted: &Wanted, value: &Value) -> Result<Box<str>, Invalid> {
    match value {
        Value::String(text) => wanted.encode(Found::Text(text)),
        Value::Array(_) | Value::Object(_) => wanted.encode(Found::Json(&value.to_string())),
        _ => wanted.encode(Found::Native(&value.to_string())),
    }
}

/// The network as people write it: an IPv4 network is at `::/96` in a database for both.
fn network(address: IpAddr, prefix: usize) -> String {
    let v4 = match address {
        IpAddr::V6(address) if address.to_bits() >> 32 == 0 => prefix.checked_sub(96),
        _ => None,
    };
    match (v4, address) {
        (Some(prefix), IpAddr::V6(address)) => {
            format!("{}/{prefix}", Ipv4Addr::from_bits(address.to_bits() as u32))
        }
        _ => format!("{address}/{prefix}"),
    }
}

fn no_such_path(wanted: &Wanted, known: &BTreeSet<String>) -> String {
    let path = wanted.paths.join("` or `");
    let first = wanted.paths.first().map_or("", String::as_str);
    let hint = suggestion(first, known.iter().map(String::as_str));
    let listed: Vec<&str> = known.iter().map(String::as_str).take(MAX_LISTED).collect();
    format!(
        "column `{}`: no record has the path `{path}`{hint}; its first record has: {}",
        wanted.name,
        listed.join(", ")
    )
}

/// The paths of all single values of a record.
fn leaves(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![(String::new(), value)];
    while let Some((path, value)) = waiting.pop() {
        let below =
            |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
        match value {
            Value::Object(map) => {
                waiting.extend(map.iter().map(|(key, value)| (below(key), value)))
            }
            Value::Array(list) => {
                let parts = list.iter().enumerate();
                waiting.extend(parts.map(|(index, value)| (below(&index.to_string()), value)));
            }
            _ => drop(found.insert(path)),
        }
    }
    found
}

/// A value of a record, as JSON.
struct Node(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor).map(Node)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a MaxMind DB")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Value, E> {
        // JSON has no such number that keeps its digits.
        Ok(u64::try_from(number).map_or_else(|_| Value::from(number.to_string()), Value::from))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        // JSON has no NaN and no infinity.
        Ok(serde_json::Number::from_f64(number)
            .map_or_else(|| Value::from(number.to_string()), Value::from))
    }

    fn visit_f32<E: serde::de::Error>(self, number: f32) -> Result<Value, E> {
        // By its shortest digits: 1.2 is 1.2, not 1.2000000476837158.
        self.visit_f64(number.to_string().parse().unwrap_or(f64::from(number)))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Node(value)) = seq.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = serde_json::Map::new();
        while let Some((key, Node(value))) = entries.next_entry::<String, Node>()? {
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}
