//! Splits a JSON object into the values of the dataset's names and an object of all others.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use super::pairs::{First, Pairs, first};

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

/// A reason code and a sentence.
type Fault = (&'static str, &'static str);

/// What is wrong with an object, and the index of the column whose value is wrong.
type Wrong = (Fault, Option<usize>);

const NOT_AN_OBJECT: Fault = ("invalid_json", "not a valid JSON object");
const LONE_SURROGATE: Fault =
    ("invalid_json", "expected pairs of surrogates (\\ud83d\\ude00), found half of one");
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

    /// Adds the fields of an object to the record, or sets the fault of the record. `None`: its original
    /// bytes are not a valid object.
    pub fn fill(&self, pairs: Option<Pairs>, record: &mut Record) {
        let mut found: Vec<Option<&RawValue>> = vec![None; self.count];
        let mut extra = Vec::new();
        let filled = pairs
            .ok_or((NOT_AN_OBJECT, None))
            .and_then(|pairs| {
                self.walk(pairs, "", &mut found, &mut extra).map_err(|fault| (fault, None))
            })
            .and_then(|()| push_all(&found, record));
        match filled {
            Ok(()) if extra.is_empty() => {}
            Ok(()) => record.set_extra(&extra),
            Err(((code, reason), column)) => record.set_fault_of(code, reason, column),
        }
    }

    /// Finds the wanted values in an object, and appends an object of all others to `extra`, if there
    /// are any.
    ///
    /// # Errors
    ///
    /// [`DUPLICATE_KEY`]; [`LONE_SURROGATE`] in a key.
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
            let key = text(key)?;
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

fn push_all(found: &[Option<&RawValue>], record: &mut Record) -> Result<(), Wrong> {
    for (index, value) in found.iter().enumerate() {
        match value.map(|value| (value, value.get().as_bytes().first())) {
            Some((value, Some(b'"'))) => {
                let text = text(value).map_err(|fault| (fault, Some(index)))?;
                record.push_value(text.as_bytes(), true, Kind::Quoted);
            }
            None | Some((_, Some(b'n'))) => record.push_value(b"", false, Kind::Null),
            Some((value, _)) => {
                record.push_value(value.get().as_bytes(), false, Kind::Native);
            }
        }
    }
    Ok(())
}

/// The text of a JSON string, which is only copied if it has escapes.
///
/// # Errors
///
/// [`LONE_SURROGATE`]: no text can hold it. Any other mistake makes its object invalid.
fn text(string: &RawValue) -> Result<Cow<'_, str>, Fault> {
    let json = string.get();
    let plain = json.strip_prefix('"').and_then(|json| json.strip_suffix('"'));
    match plain.filter(|plain| memchr::memchr(b'\\', plain.as_bytes()).is_none()) {
        Some(plain) => Ok(Cow::Borrowed(plain)),
        None => serde_json::from_str(json).map(Cow::Owned).map_err(|_| LONE_SURROGATE),
    }
}

fn pairs_of(value: &RawValue) -> Option<Pairs<'_>> {
    match value.get().starts_with('{').then(|| first(value.get().as_bytes())) {
        Some(First::Object(pairs, _)) => Some(pairs),
        _ => None,
    }
}
