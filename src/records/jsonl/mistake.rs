//! Says what is wrong with an object, where, and what most likely explains it. Names keys, and no value.

use std::collections::VecDeque;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::position::{is_truncated, offset_of};

/// The most keys that a reason shows, and the most characters of each.
const MAX_SHOWN_KEYS: usize = 8;
const MAX_SHOWN_CHARS: usize = 40;

/// The bytes from a wrong one on that its explanation may depend on: a word or a character.
pub(super) const LOOKAHEAD: usize = 16;

/// How many values are searched for an array of objects.
const MAX_SEARCHED: usize = 1_000;

/// Why the text is not a valid object.
#[cold]
pub(super) fn in_object(text: &[u8]) -> String {
    find(text).unwrap_or_else(|| "not a valid JSON object".to_owned())
}

/// What is wrong with the object at the start of the text, if something is.
#[cold]
pub(super) fn find(text: &[u8]) -> Option<String> {
    if let Some(other) = kind_of_other(text) {
        return Some(format!("not a valid JSON object: it starts with {other}"));
    }
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    // A string that is skipped is not checked for UTF-8.
    let valid = std::str::from_utf8(text).map_or_else(|error| error.valid_up_to(), str::len);
    let error = match values.next()? {
        Ok(_) if valid < values.byte_offset() => return Some(not_utf8(text, valid)),
        Ok(_) => {
            let rest = text.get(values.byte_offset()..)?;
            let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            let at = values.byte_offset() + rest.iter().position(|byte| !is_blank(byte))?;
            let place = place(text, at);
            return Some(format!("not a valid JSON object: more text follows it{place}"));
        }
        Err(error) => error,
    };
    let at = offset_of(text, &error);
    if valid <= at && valid < text.len() {
        return Some(not_utf8(text, valid));
    }
    let place = place(text, at);
    Some(format!("not a valid JSON object: {}{place}", cause(text, at, &error)))
}

/// The sentence for a byte that is not UTF-8.
fn not_utf8(text: &[u8], at: usize) -> String {
    let place = place(text, at);
    format!(
        "not a valid JSON object: bytes that are not in the encoding of the contract{place}: set \
         encoding in [file], such as \"windows-1252\", or invalid = \"replace\""
    )
}

/// What a text starts with that cannot be a JSON object.
fn kind_of_other(text: &[u8]) -> Option<&'static str> {
    Some(match text.first()? {
        b'{' => return None,
        b'[' => "an array",
        b'"' => "a string",
        b'-' | b'0'..=b'9' => "a number",
        b'<' => "`<`, as a web page or XML does",
        b'}' | b']' | b',' | b':' => "a mark that belongs into an object",
        _ => "other text",
    })
}

/// Where in an object a byte is: in characters where its bytes are UTF-8.
fn place(text: &[u8], at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let column =
        String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count() + 1;
    match line {
        1 => format!(" at column {column}"),
        _ => format!(" at line {line} of it, column {column}"),
    }
}

/// What most likely explains an error of the parser at a byte.
fn cause(text: &[u8], at: usize, error: &serde_json::Error) -> String {
    if is_truncated(text, error) {
        return "it is never closed".to_owned();
    }
    let (before, rest) = text.split_at_checked(at).unwrap_or((text, &[]));
    let last = before.trim_ascii_end().last();
    let word = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = rest.get(..word).unwrap_or_default();
    // The parser stops within a word that starts as one of JSON does.
    let start = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let whole = text.get(before.len() - start..before.len() + word.len()).unwrap_or_default();
    let no_number =
        |word: &[u8]| [&b"NaN"[..], b"nan", b"Infinity", b"inf", b"Inf"].contains(&word);
    match rest.first() {
        Some(byte @ 0..b' ') if error.to_string().contains("control character") => {
            format!("a control character that must be written as \\u{byte:04x}")
        }
        Some(b'}' | b']') if last == Some(&b',') => "a comma before a closing bracket".to_owned(),
        _ if no_number(word) || no_number(whole) => {
            "NaN or Infinity, which JSON does not have: write null".to_owned()
        }
        _ if [&b"True"[..], b"False", b"None"].contains(&whole) => {
            "True, False or None of Python: write true, false or null".to_owned()
        }
        Some(b'\'') => "single quotes, where JSON has double ones".to_owned(),
        Some(b'/') => "a comment, which JSON does not have".to_owned(),
        _ => {
            let message = error.to_string();
            let end = message.find(" at line ").unwrap_or(message.len());
            message.get(..end).unwrap_or_default().to_owned()
        }
    }
}

/// The reason for an object none of whose keys is one of a column. `is_bare` says that the records may be
/// in it.
#[cold]
pub(super) fn without_columns(text: &[u8], is_bare: bool) -> String {
    let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(text) else {
        return "the object has no key of the contract".to_owned();
    };
    if object.is_empty() {
        return "the object has no key".to_owned();
    }
    let shown = object.keys().take(MAX_SHOWN_KEYS).map(|key| shown(key));
    let mut reason = format!(
        "the object has no key of the contract, only {}",
        shown.collect::<Vec<_>>().join(", ")
    );
    if let Some(more) = object.len().checked_sub(MAX_SHOWN_KEYS).filter(|more| *more > 0) {
        reason.push_str(&format!(" and {more} more"));
    }
    match is_bare.then(|| path_of_array(&object)).flatten() {
        Some(path) => {
            let path = Value::from(path);
            reason.push_str(&format!(
                "; to load the objects of an array in it, set records = {path}"
            ));
        }
        None => reason.push_str(": name a column's key by `from`"),
    }
    reason
}

fn shown(key: &str) -> String {
    let start: String = key.chars().take(MAX_SHOWN_CHARS).collect();
    let more = if key.chars().count() > MAX_SHOWN_CHARS { ".." } else { "" };
    format!("`{}{more}`", start.escape_debug())
}

/// The path to the first array of objects that is nested least.
fn path_of_array(object: &serde_json::Map<String, Value>) -> Option<String> {
    let mut waiting = VecDeque::from([(String::new(), object)]);
    let mut searched = 0;
    while let Some((path, object)) = waiting.pop_front() {
        for (key, value) in object {
            searched += 1;
            if searched > MAX_SEARCHED {
                return None;
            }
            if key.contains('.') || key.trim().is_empty() {
                continue;
            }
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match value {
                Value::Array(elements) if elements.first().is_some_and(Value::is_object) => {
                    return Some(path);
                }
                Value::Object(inner) => waiting.push_back((path, inner)),
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_object_is_named_with_its_position() {
        for (text, wanted) in [
            (&b"{\"a\":\"x\xe4\"}"[..], &["at column 8", "encoding in [file]"][..]),
            (b"{\"a\xe4\":1}", &["at column 4", "encoding in [file]"]),
            (b"{\"a\":\"x\ty\"}", &["\\u0009 at column 8"]),
            (b"{\"a\":\"x\ny\"}", &["\\u000a at column 8"]),
            (b"{\"a\":1,}", &["a comma before a closing bracket at column 8"]),
            (b"{\"a\":[1,],\"b\":2}", &["a comma before a closing bracket at column 9"]),
            (b"{\"a\":NaN}", &["NaN or Infinity, which JSON does not have", "at column 6"]),
            (b"{\"a\":-Infinity}", &["NaN or Infinity"]),
            (b"{\"a\":nan}", &["NaN or Infinity"]),
            (b"{\"a\":True}", &["of Python", "at column 6"]),
            (b"{'a':1}", &["single quotes", "at column 2"]),
            (b"{\"a\":1 /* x */}", &["a comment"]),
            (b"{\"a\":1", &["never closed"]),
            (b"{\"a\" 1}", &["expected `:` at column 6"]),
            (b"{\"a\":1} x", &["more text follows it at column 9"]),
            (b"{\"a\":1,\n\"b\":,}", &["at line 2 of it, column 5"]),
            (b"[1]", &["starts with an array"]),
            (b"7", &["starts with a number"]),
            (b"<html>", &["a web page or XML"]),
        ] {
            let reason = in_object(text);
            let shown = String::from_utf8_lossy(text);
            assert!(wanted.iter().all(|part| reason.contains(part)), "{shown}: {reason}");
        }
        assert_eq!(find(b"{\"a\":1}"), None);
    }

    #[test]
    fn the_array_that_may_hold_the_records_is_named() {
        for (text, wanted) in [
            ("{\"meta\":1,\"items\":[{\"id\":1}]}", "only `items`, `meta`; to load"),
            ("{\"meta\":1,\"items\":[{\"id\":1}]}", "set records = \"items\""),
            ("{\"d\":{\"r\":[{}]},\"n\":[1]}", "set records = \"d.r\""),
            ("{\"x\":[1]}", "only `x`: name a column's key by `from`"),
            ("{}", "the object has no key"),
        ] {
            let reason = without_columns(text.as_bytes(), true);
            assert!(reason.contains(wanted), "{text}: {reason}");
        }
        assert!(!without_columns(b"{\"r\":[{}]}", false).contains("records"));
    }
}
