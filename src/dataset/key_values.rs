//! Key values: takes the parts that `from_key` names out of an object's key.

use std::borrow::Cow;

use super::Dataset;
use super::glob;
use super::key_pattern::{KeyPattern, Part};

/// What Hive and Spark write for a null in `name=value`.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// A column and its text; `None` for a null.
pub type KeyValue = (String, Option<String>);

/// A name, whether its value is percent-encoded, and a text of the key that it may stand for.
type Named<'n> = (&'n str, bool, &'n str);

/// How a key fits a pattern.
#[derive(Debug, PartialEq, Eq)]
enum Fit {
    /// Not at all.
    None,
    /// In one way, with these values.
    One(Vec<KeyValue>),
    /// In several ways: a name, and two texts that it may stand for.
    Several(String, [String; 2]),
    /// The percent-encoded bytes of the value of this name are not UTF-8.
    NotText(String),
}

impl Dataset {
    /// The columns of `from_key` with their texts in a key, in Unicode's form NFC. Of a local file, the
    /// folders at the start of its path may be left out.
    ///
    /// # Errors
    ///
    /// A sentence that says what does not fit, and what to do.
    pub fn key_values(&self, key: &str, is_path: bool) -> Result<Vec<KeyValue>, String> {
        let whole = glob::normalized(key);
        let whole = if is_path { whole.trim_start_matches('/') } else { &whole };
        let ends = whole.match_indices('/').filter_map(|(at, _)| whole.get(at + 1..));
        let mut found: Option<(&str, Vec<KeyValue>)> = None;
        for tail in std::iter::once(whole).chain(ends.filter(|_| is_path)) {
            let Some(values) = self.first_fit(tail)? else { continue };
            match &found {
                Some((other, others)) if *others != values => {
                    return Err(format!(
                        "two ends of the path `{key}` fit from_key and have different values, `{other}` and \
                         `{tail}`: move the file to folders of which only one fits"
                    ));
                }
                Some(_) => {}
                None => found = Some((tail, values)),
            }
        }
        let patterns: Vec<&str> = self.from_key.iter().map(KeyPattern::as_str).collect();
        found.map(|(_, values)| values).ok_or_else(|| {
            format!(
                "the key `{key}` does not fit from_key = \"{}\": rename the object, or change from_key",
                patterns.join("\", \"")
            )
        })
    }

    /// The values by the first pattern that the key fits; `None` where it fits none.
    fn first_fit(&self, key: &str) -> Result<Option<Vec<KeyValue>>, String> {
        for pattern in &self.from_key {
            match pattern.fit_types(key, &|name, value| self.is_of_type(name, value)) {
                Fit::None => {}
                Fit::One(values) => return Ok(Some(values)),
                Fit::Several(name, [one, other]) => {
                    return Err(format!(
                        "the key `{key}` fits from_key = \"{}\" in more than one way: `{{{name}}}` may be \
                         `{one}` or `{other}`; rename the object, or change from_key or the types of its \
                         columns so that only one of them fits",
                        pattern.as_str()
                    ));
                }
                Fit::NotText(name) => {
                    return Err(format!(
                        "the key `{key}` has no valid text for `{{{name}}}` of from_key = \"{}\": decoded, \
                         its percent signs are not UTF-8; rename the object",
                        pattern.as_str()
                    ));
                }
            }
        }
        Ok(None)
    }

    fn is_of_type(&self, name: &str, value: Option<&str>) -> bool {
        self.column(name).is_none_or(|column| match value {
            Some(text) => column.column_type.encode(text, &mut Vec::new()).is_ok(),
            None => !column.required,
        })
    }
}

impl KeyPattern {
    /// How a key fits. `is_of_type` says which values a name can have: of several ways, the only one with
    /// such values is meant.
    fn fit_types(&self, key: &str, is_of_type: &dyn Fn(&str, Option<&str>) -> bool) -> Fit {
        let any = self.fit_where(key, &|_| true);
        if !matches!(any, Fit::Several(..)) {
            return any;
        }
        let typed = self.fit_where(key, &|(name, is_hive, text)| {
            value_of(text, is_hive).is_some_and(|value| is_of_type(name, value.as_deref()))
        });
        if matches!(typed, Fit::One(_)) { typed } else { any }
    }

    fn fit_where(&self, key: &str, may_be: &dyn Fn(Named<'_>) -> bool) -> Fit {
        let ways = self.ways(key, may_be);
        let mut ways = ways.iter().map(|texts| texts.iter().rev().copied());
        let Some(first) = ways.next() else { return Fit::None };
        if let Some(second) = ways.next() {
            let mut both = self.names().iter().zip(first.zip(second));
            if let Some((name, (one, other))) = both.find(|(_, (one, other))| one != other) {
                return Fit::Several(name.clone(), [one.to_owned(), other.to_owned()]);
            }
            return Fit::None;
        }
        let mut values = Vec::with_capacity(self.names().len());
        for ((name, is_hive), text) in self.names().iter().zip(self.is_hive()).zip(first) {
            let Some(value) = value_of(text, is_hive) else { return Fit::NotText(name.clone()) };
            values.push((name.clone(), value.map(Cow::into_owned)));
        }
        Fit::One(values)
    }

    /// The texts of the names, last first, in each way in which the key fits; of several ways, two.
    ///
    /// Goes through the parts from the last to the first, and keeps for each offset of the key how what
    /// is behind it fits, so that its time grows with the lengths of pattern and key only.
    fn ways<'k>(&self, key: &'k str, may_be: &dyn Fn(Named<'_>) -> bool) -> Vec<Vec<&'k str>> {
        let mut names = self.names().iter().rev();
        let mut behind: Vec<Ways<'k>> = vec![Ways::default(); key.len() + 1];
        if let Some(end) = behind.last_mut() {
            end.0.push(Vec::new());
        }
        for part in self.parts.iter().rev() {
            let name = if matches!(part, Part::Name { .. }) { names.next() } else { None };
            let name = name.map_or("", String::as_str);
            let mut here: Vec<Ways<'k>> = vec![Ways::default(); key.len() + 1];
            for at in (0..=key.len()).rev() {
                let Some(rest) = key.get(at..) else { continue };
                let mut found = Ways::default();
                let next = rest.chars().next().filter(|char| *char != '/').map(char::len_utf8);
                match part {
                    Part::Text(text) if rest.starts_with(text.as_str()) => {
                        found.add(behind.get(at + text.len()));
                    }
                    Part::Text(_) => {}
                    Part::Char => found.add(next.and_then(|len| behind.get(at + len))),
                    Part::Chars => {
                        found.add(behind.get(at));
                        found.add(next.and_then(|len| here.get(at + len)));
                    }
                    Part::Folders => {
                        found.add(behind.get(at));
                        found.add(rest.find('/').and_then(|len| here.get(at + len + 1)));
                    }
                    Part::Rest => found.0.push(Vec::new()),
                    Part::Name { is_hive } => {
                        let folder = rest.find('/').unwrap_or(rest.len());
                        for len in 1..=folder {
                            let ways = behind.get(at + len).filter(|ways| !ways.0.is_empty());
                            if let (Some(text), Some(ways)) = (rest.get(..len), ways)
                                && may_be((name, *is_hive, text))
                            {
                                found.add_with(text, ways);
                            }
                        }
                    }
                }
                if let Some(here) = here.get_mut(at) {
                    *here = found;
                }
            }
            behind = here;
        }
        behind.into_iter().next().unwrap_or_default().0
    }
}

/// Up to two different ways. Two are enough to know that there is more than one: whatever is put in
/// front of two different ways keeps them different.
#[derive(Debug, Clone, Default)]
struct Ways<'k>(Vec<Vec<&'k str>>);

impl<'k> Ways<'k> {
    fn add(&mut self, more: Option<&Ways<'k>>) {
        for way in more.iter().flat_map(|ways| &ways.0) {
            if self.0.len() < 2 && !self.0.contains(way) {
                self.0.push(way.clone());
            }
        }
    }

    fn add_with(&mut self, text: &'k str, more: &Ways<'k>) {
        for way in &more.0 {
            if self.0.len() < 2 {
                let mut way = way.clone();
                way.push(text);
                self.add(Some(&Ways(vec![way])));
            }
        }
    }
}

/// The value of a text in a key: `Some(None)` for a null, and `None` where it is not UTF-8. What was
/// percent-encoded is in form NFC too.
fn value_of(text: &str, is_hive: bool) -> Option<Option<Cow<'_, str>>> {
    let text = match is_hive {
        true => match percent_decoded(text)? {
            Cow::Borrowed(text) => Cow::Borrowed(text),
            Cow::Owned(text) => Cow::Owned(glob::normalized(&text).into_owned()),
        },
        false => Cow::Borrowed(text),
    };
    Some((text != HIVE_NULL).then_some(text))
}

/// The text with each `%` and its two hexadecimal digits replaced by the byte that they mean, as Hive
/// reads it: any other `%` stays. `None` where the bytes are not UTF-8.
fn percent_decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut rest = text.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((byte, after)) = rest.split_first() {
        match (byte, digit(after.first()), digit(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
#[path = "key_values_tests.rs"]
mod tests;
