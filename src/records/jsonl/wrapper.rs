//! Finds the arrays of records in objects around them, by a path of keys such as `data.items`.

use crate::records::name::fold;

/// Reads JSON byte by byte up to the array at a path. Knows the containers that are open.
#[derive(Debug)]
pub(super) struct Wrapper {
    /// The path, in lower case.
    keys: Vec<String>,
    /// The containers that are open, by their opening brackets.
    open: Vec<u8>,
    /// How many of `open`, without the outermost, are values of the path.
    matched: usize,
    /// The last string, in quotes, if it may be a key of the path.
    string: Vec<u8>,
    in_string: bool,
    is_escaped: bool,
    /// What the next value is to the path.
    value: Value,
    /// Whether the outermost object had the array.
    has_array: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// Not known, or not a part of it.
    Other,
    /// The value of the path's next key.
    OfPath,
}

/// How far [`Wrapper::find`] got.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The array starts behind that many bytes.
    Array(usize),
    /// All bytes were read, and none starts there.
    Nothing,
    /// What is wrong at that byte.
    Wrong(usize, String),
}

/// Deeper nesting is refused, as the parser of records does.
const MAX_DEPTH: usize = 128;

/// The longest key, in bytes, that can be one of the path.
const MAX_KEY_BYTES: usize = 1_024;

impl Wrapper {
    /// Finds the arrays at `path`, a list of keys.
    pub fn new(path: &[String]) -> Wrapper {
        Wrapper {
            keys: path.iter().map(|key| fold(key)).collect(),
            open: Vec::new(),
            matched: 0,
            string: Vec::new(),
            in_string: false,
            is_escaped: false,
            value: Value::Other,
            has_array: false,
        }
    }

    /// Whether no object is open, so that the file may end here.
    pub(crate) fn is_between(&self) -> bool {
        self.open.is_empty()
    }

    /// Reads on up to the next array at the path.
    pub fn find(&mut self, bytes: &[u8]) -> Found {
        for (at, byte) in bytes.iter().enumerate() {
            if self.in_string {
                self.string_byte(*byte);
                continue;
            }
            match self.step(*byte) {
                Ok(false) => {}
                Ok(true) => return Found::Array(at + 1),
                Err(message) => return Found::Wrong(at, message),
            }
        }
        Found::Nothing
    }

    fn path(&self) -> String {
        self.keys.join(".")
    }

    fn is_on_path(&self) -> bool {
        self.open.len() == self.matched + 1
    }

    fn string_byte(&mut self, byte: u8) {
        if self.is_on_path() && self.string.len() < MAX_KEY_BYTES {
            self.string.push(byte);
        }
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' => self.in_string = false,
            _ => {}
        }
    }

    /// Reads one byte outside of strings. True: the array starts behind it.
    fn step(&mut self, byte: u8) -> Result<bool, String> {
        if byte.is_ascii_whitespace() {
            return Ok(false);
        }
        if self.open.is_empty() && byte != b'{' {
            return Err(format!("expected an object that holds the array `{}`", self.path()));
        }
        let value = match byte {
            b':' | b',' | b'}' | b']' => Value::Other,
            _ => std::mem::replace(&mut self.value, Value::Other),
        };
        if value == Value::OfPath {
            let is_last = self.matched + 1 == self.keys.len();
            match byte {
                b'{' if !is_last => self.matched += 1,
                b'[' if is_last && !std::mem::replace(&mut self.has_array, true) => {
                    return Ok(true);
                }
                b'[' if is_last => return Err(format!("`{}` occurs twice", self.path())),
                b'n' => self.has_array = true,
                _ => return Err(format!("expected an array of objects at `{}`", self.path())),
            }
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.string.clear();
                self.string.push(byte);
            }
            b'{' | b'[' if self.open.len() == MAX_DEPTH => {
                return Err(format!("expected at most {MAX_DEPTH} levels of JSON"));
            }
            b'{' | b'[' => self.open.push(byte),
            b':' if self.is_on_path() && self.is_key() => self.value = Value::OfPath,
            b'}' | b']' => return self.close(byte).map(|()| false),
            _ => {}
        }
        Ok(false)
    }

    /// Whether the last string is the path's next key.
    fn is_key(&self) -> bool {
        let key: Option<String> = serde_json::from_slice(&self.string).ok();
        let key = key.map(|key| fold(&key));
        key.is_some() && key.as_ref() == self.keys.get(self.matched)
    }

    fn close(&mut self, byte: u8) -> Result<(), String> {
        let opening = if byte == b'}' { b'{' } else { b'[' };
        if self.open.pop() != Some(opening) {
            return Err("expected valid JSON".to_owned());
        }
        self.matched = self.matched.min(self.open.len().saturating_sub(1));
        if self.open.is_empty() && !std::mem::take(&mut self.has_array) {
            return Err(format!("the object has no array `{}`: check [file] records", self.path()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows the start of each array, or what is wrong.
    fn arrays(path: &str, text: &str) -> Result<Vec<String>, String> {
        let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
        let (mut wrapper, mut rest, mut starts) = (Wrapper::new(&keys), text, Vec::new());
        loop {
            match wrapper.find(rest.as_bytes()) {
                Found::Nothing => return Ok(starts),
                Found::Wrong(_, message) => return Err(message),
                Found::Array(used) => {
                    rest = &rest[used..];
                    let end = rest.find(']').unwrap();
                    starts.push(rest[..end].to_owned());
                    rest = &rest[end + 1..];
                }
            }
        }
    }

    #[test]
    fn the_array_at_a_path_is_found_and_no_other() {
        for (path, text, found) in [
            ("items", r#"{"items":[1]}"#, &["1"][..]),
            ("data.items", r#" {"data": {"n":1, "items": [1] , "m": [9]}, "items": [8]} "#, &["1"]),
            ("data.items", r#"{"x":{"data":{"items":[9]}},"data":{"items":[1]}}"#, &["1"]),
            ("data.items", r#"{"y":[{"data":{"items":[9]}}],"data":{"items":[1]}}"#, &["1"]),
            ("Data.ITEMS", r#"{"da\u0074a":{"items":[1]}}"#, &["1"]),
            ("items", "{\"items\":[1]}{\"items\":[2]}\n{\"items\":[3]}", &["1", "2", "3"]),
            ("items", r#"{"a":"{\"items\":[9]}","b":"items","items":[1]}"#, &["1"]),
            ("items", r#"{"items":null}"#, &[]),
            ("items", "", &[]),
        ] {
            assert_eq!(
                arrays(path, text).as_deref(),
                Ok(&found.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..]),
                "{text}"
            );
        }
        for (path, text, wrong) in [
            ("items", "{}", "has no array `items`"),
            ("items", r#"{"items":[1]}{"item":[1]}"#, "has no array `items`"),
            ("items", r#"{"items":{"a":[1]}}"#, "expected an array of objects at `items`"),
            ("items", r#"{"items":"[1]"}"#, "expected an array of objects at `items`"),
            ("data.items", r#"{"data":[{"items":[1]}]}"#, "expected an array of objects"),
            ("items", r#"{"items":[1],"Items":[2]}"#, "occurs twice"),
            ("items", "[{\"items\":[1]}]", "expected an object that holds the array"),
            ("items", "{\"items\":[1]} x", "expected an object that holds the array"),
            ("items", r#"{"a":[}"#, "expected valid JSON"),
        ] {
            let message = arrays(path, text).expect_err(wrong);
            assert!(message.contains(wrong), "{text}: {message}");
        }
    }
}
