//! Splits a JSON object into the values of the dataset's names and an object of all others.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use super::mistake;
use super::pairs::{First, Pairs, first};

use crate::records::Record;
use crate::records::name::fold;
use crate::records::record::Kind;

/// The names of the values to take.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The index of the column that a name in lower case means.
    indexes: HashMap<String, usize>,
    /// Every path to an object that holds a wanted value.
    prefixes: HashSet<String>,
    /// Those of them that hold a protected value, and the index of its column.
    protected: HashMap<String, usize>,
    count: usize,
}

/// A reason code and a sentence.
type Fault = (&'static str, Cow<'static, str>);

/// What is wrong with an object, and the index of the column whose value is wrong.
type Wrong = (Fault, Option<usize>);

/// Where the value would be kept among the unknown values, as it is.
const NO_OBJECT: Fault = (
    "not_an_object",
    Cow::Borrowed(
        "expected an object that holds this protected value, found another value: it is not stored",
    ),
);
const LONE_SURROGATE: Fault = (
    "invalid_json",
    Cow::Borrowed("expected pairs of surrogates (\\ud83d\\ude00), found half of one"),
);
const DUPLICATE_KEY: Fault =
    ("duplicate_key", Cow::Borrowed("a key occurs twice, or two keys mean the same column"));

impl Wanted {
    /// Takes for each column the names that mean it, and whether its values are protected.
    pub fn new(names: &[Vec<String>], is_protected: &[bool]) -> Wanted {
        let (mut indexes, mut prefixes) = (HashMap::new(), HashSet::new());
        let mut protected = HashMap::new();
        for (index, spellings) in names.iter().enumerate() {
            for name in spellings {
                let name = fold(name);
                for (at, _) in name.match_indices('.') {
                    let prefix = name.get(..at).unwrap_or_default();
                    prefixes.insert(prefix.to_owned());
                    if is_protected.get(index) == Some(&true) {
                        protected.insert(prefix.to_owned(), index);
                    }
                }
                indexes.insert(name, index);
            }
        }
        Wanted { indexes, prefixes, protected, count: names.len() }
    }

    /// Adds the fields of an object to the record, or sets the fault of the record. `None`: its original
    /// bytes are not a valid object. `is_bare` says that nothing is around the object, so that it may
    /// hold the records itself.
    pub fn fill(&self, pairs: Option<Pairs>, is_bare: bool, record: &mut Record) {
        let mut found: Vec<Option<&RawValue>> = vec![None; self.count];
        let mut extra = Vec::new();
        let filled = pairs
            .ok_or_else(|| (("invalid_json", mistake::in_object(record.raw()).into()), None))
            .and_then(|pairs| self.walk(pairs, "", &mut found, &mut extra))
            .and_then(|has_column| match has_column {
                true => push_all(&found, record),
                false => {
                    let reason = mistake::without_columns(record.raw(), is_bare);
                    Err((("no_column", reason.into()), None))
                }
            });
        match filled {
            Ok(()) if extra.is_empty() => {}
            Ok(()) => record.set_extra(&extra),
            Err(((code, reason), column)) => record.set_fault_of(code, reason, column),
        }
    }

    /// Finds the wanted values in an object, and appends an object of all others to `extra`, if there
    /// are any. False: none of its keys means a column, or leads to one.
    ///
    /// # Errors
    ///
    /// [`DUPLICATE_KEY`]; [`LONE_SURROGATE`] in a key; [`NO_OBJECT`] where a protected value may be hidden.
    fn walk<'j>(
        &self,
        pairs: Pairs<'j>,
        path: &str,
        found: &mut [Option<&'j RawValue>],
        extra: &mut Vec<u8>,
    ) -> Result<bool, Wrong> {
        let start = extra.len();
        let mut has_column = false;
        let mut seen = HashSet::with_capacity(pairs.len());
        for (key, value) in pairs {
            let key = text(key).map_err(|fault| (fault, None))?;
            if !seen.insert(key.clone()) {
                return Err((DUPLICATE_KEY, None));
            }
            let name = if path.is_empty() { fold(&key) } else { format!("{path}.{}", fold(&key)) };
            if let Some(slot) = self.indexes.get(&name).and_then(|index| found.get_mut(*index)) {
                if slot.replace(value).is_some() {
                    return Err((DUPLICATE_KEY, None));
                }
                has_column = true;
                // A column may also be within the value of another one.
                if let Some(inner) =
                    self.prefixes.contains(&name).then(|| pairs_of(value)).flatten()
                {
                    self.walk(inner, &name, found, &mut Vec::new())?;
                }
                continue;
            }
            let before = extra.len();
            extra.push(if before == start { b'{' } else { b',' });
            extra.extend_from_slice(serde_json::Value::from(key.as_ref()).to_string().as_bytes());
            extra.push(b':');
            let written = extra.len();
            let is_prefix = self.prefixes.contains(&name);
            let inner = is_prefix.then(|| pairs_of(value)).flatten();
            match inner {
                Some(inner) => {
                    let is_empty = inner.is_empty();
                    has_column |= self.walk(inner, &name, found, extra)? || is_empty;
                }
                None => {
                    if let Some(index) = self.protected.get(&name).filter(|_| value.get() != "null")
                    {
                        return Err((NO_OBJECT, Some(*index)));
                    }
                    has_column |= is_prefix && value.get() == "null";
                    extra.extend_from_slice(value.get().as_bytes());
                }
            }
            if extra.len() == written {
                extra.truncate(before);
            }
        }
        if extra.len() > start {
            extra.push(b'}');
        }
        Ok(has_column)
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
