//! `json`: reads a JSON text and writes the same, if `jsonb` can hold it.

use std::sync::Arc;

use serde::de::IgnoredAny;

use super::column_type::{ColumnType, Invalid, TypeOptions};
use super::decimal;
use super::sql_type::SqlType;

/// `json`, stored as `jsonb`: any JSON value.
///
/// Bounds: what RFC 8259 allows, without the escape `\u0000` and without lone surrogates, which
/// `jsonb` refuses; numbers that `numeric` can hold; at most [`MAX_DEPTH`] levels, far below what the
/// server's stack allows; and without two equal keys in one object, of which `jsonb` keeps the last
/// alone. Source: Postgres manual, 8.14 JSON Types.
#[derive(Debug)]
struct Json;

/// How deep arrays and objects may be nested.
const MAX_DEPTH: usize = 512;

pub(super) fn new(_: &[i32], _: &TypeOptions) -> Result<Arc<dyn ColumnType>, String> {
    Ok(Arc::new(Json))
}

impl ColumnType for Json {
    fn sql_type(&self) -> SqlType {
        SqlType::Jsonb
    }

    fn encode(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let text = text.trim_ascii();
        if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
            return Err(Invalid::new("invalid_json", format!("expected json: {error}")));
        }
        check(text.as_bytes())?;
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Refuses what JSON allows and `jsonb` does not. Expects valid JSON.
///
/// # Errors
///
/// What `jsonb` cannot hold.
pub(crate) fn check(mut text: &[u8]) -> Result<(), Invalid> {
    let mut keys = Keys::default();
    while let [first, rest @ ..] = text {
        text = match first {
            b'[' | b'{' => {
                if keys.open.len() == MAX_DEPTH {
                    let message = format!("expected json of at most {MAX_DEPTH} levels");
                    return Err(Invalid::new("out_of_range", message));
                }
                keys.open(*first == b'{');
                rest
            }
            b']' | b'}' => {
                keys.close()?;
                rest
            }
            b',' => {
                keys.expects_key = keys.open.last().is_some_and(Option::is_some);
                rest
            }
            b'"' => {
                let behind = string(rest)?;
                if std::mem::take(&mut keys.expects_key) {
                    keys.names.push(rest.get(..rest.len() - behind.len()).unwrap_or_default());
                }
                behind
            }
            b'-' | b'0'..=b'9' => number(text)?,
            _ => rest,
        };
    }
    Ok(())
}

/// The keys of the objects that are open, each with the quote behind it.
#[derive(Default)]
struct Keys<'j> {
    names: Vec<&'j [u8]>,
    /// For each open object the number of keys before its own; `None` for an array.
    open: Vec<Option<usize>>,
    /// Whether the next string is a key.
    expects_key: bool,
}

impl Keys<'_> {
    fn open(&mut self, is_object: bool) {
        self.open.push(is_object.then_some(self.names.len()));
        self.expects_key = is_object;
    }

    /// Forgets the keys of the object that ends here.
    ///
    /// # Errors
    ///
    /// Two of them are equal.
    fn close(&mut self) -> Result<(), Invalid> {
        self.expects_key = false;
        let Some(start) = self.open.pop().flatten() else { return Ok(()) };
        let is_repeated = self.names.get_mut(start..).is_some_and(has_equal);
        self.names.truncate(start);
        if is_repeated {
            let message = "expected each key of a json object once, found one twice";
            return Err(Invalid::new("duplicate_key", message));
        }
        Ok(())
    }
}

/// Whether two keys are equal. Sorts them.
fn has_equal(keys: &mut [&[u8]]) -> bool {
    let same_next = |keys: &[&[u8]]| keys.windows(2).any(|two| two.first() == two.last());
    if keys.iter().any(|key| memchr::memchr(b'\\', key).is_some()) {
        let text =
            |key: &&[u8]| serde_json::from_slice(&[b"\"", *key].concat()).unwrap_or_default();
        let mut texts: Vec<String> = keys.iter().map(text).collect();
        texts.sort_unstable();
        return texts.windows(2).any(|two| two.first() == two.last());
    }
    keys.sort_unstable();
    same_next(keys)
}

/// Checks the escapes of a string up to its closing quote, and returns what follows that.
fn string(mut text: &[u8]) -> Result<&[u8], Invalid> {
    loop {
        let Some(at) = memchr::memchr2(b'"', b'\\', text) else { return Ok(&[]) };
        let (_, found) = text.split_at(at);
        text = match found {
            [b'\\', b'u', rest @ ..] => {
                let (unit, rest) = code_unit(rest);
                match unit {
                    0 => {
                        return Err(Invalid::new("nul_character", "expected json without \\u0000"));
                    }
                    0xd800..=0xdbff => match rest {
                        [b'\\', b'u', low @ ..] if is_low_surrogate(code_unit(low).0) => {
                            code_unit(low).1
                        }
                        _ => return Err(lone_surrogate()),
                    },
                    unit if is_low_surrogate(unit) => return Err(lone_surrogate()),
                    _ => rest,
                }
            }
            [b'\\', _, rest @ ..] => rest,
            [_, rest @ ..] => return Ok(rest),
            [] => return Ok(&[]),
        };
    }
}

/// The four hexadecimal digits at the front as a number, and what follows them.
fn code_unit(text: &[u8]) -> (u32, &[u8]) {
    let Some((digits, rest)) = text.split_first_chunk::<4>() else { return (0, &[]) };
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or_default();
    (digits.iter().fold(0, |unit, byte| unit * 16 + digit(byte)), rest)
}

fn is_low_surrogate(unit: u32) -> bool {
    (0xdc00..=0xdfff).contains(&unit)
}

#[cold]
fn lone_surrogate() -> Invalid {
    Invalid::new("invalid_json", "expected json without half a surrogate pair")
}

/// Checks the number at the front, and returns what follows it.
fn number(text: &[u8]) -> Result<&[u8], Invalid> {
    let of_number = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    let (number, rest) = text.split_at(text.iter().take_while(of_number).count());
    match decimal::scan(number, b'.') {
        Some(number) if number.fits_numeric() => Ok(rest),
        _ => Err(Invalid::new("out_of_range", "expected numbers that numeric can hold")),
    }
}

#[cfg(test)]
mod tests {
    use crate::types::tests::{accepts, encoded, refuses};

    #[test]
    fn json_is_what_jsonb_can_hold() {
        for good in [
            "null",
            "true",
            "\"\"",
            "-0.5e+3",
            "[]",
            "{}",
            "{\"a\": [1, {\"b\": null}]}",
            "\"\\ud83d\\ude00\"",
            "\"\\\\u0000\"",
            "\"é\\n\\\"\"",
            "1e400",
            "[1,2.50,3]",
            "\"\\u0001\"",
            "{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":\"a\"}",
            "{\"a\":1,\"A\":1,\"a \":1,\"\":1,\"\\u0062\":1}",
            "[\"a\",\"a\",{\"a\":\"a\"}]",
        ] {
            accepts("json", &[(good, good)]);
        }
        accepts("json", &[(" {\n} ", "{\n}")]);
        let bad = [
            "", "{", "[1,]", "{a:1}", "'a'", "01", "1.", "+1", "NaN", "nul", "\"a", "1 2",
            "\"\t\"", "{}x",
        ];
        refuses("json", "invalid_json", &bad);
        refuses(
            "json",
            "invalid_json",
            &["\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\ude00\\ud83d\""],
        );
        refuses(
            "json",
            "nul_character",
            &["\"\\u0000\"", "{\"a\\u0000\": 1}", "[\"\\\\\\u0000\"]"],
        );
        refuses("json", "out_of_range", &["1e200000", "[1e-20000]"]);
        // Of two equal keys, jsonb keeps one.
        refuses(
            "json",
            "duplicate_key",
            &[
                "{\"a\":1,\"a\":1}",
                "{\"a\":1,\"b\":[{\"x\":2}],\"a\":{\"c\":3}}",
                "[{\"b\":{\"a\":1,\"c\":2,\"a\":\"d\"}}]",
                "{\"a\":1,\"\\u0061\":2}",
                "{\"\":1,\"\":2}",
            ],
        );
    }

    #[test]
    fn json_is_nested_512_deep_at_most() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(encoded("json", &nested(512)).is_ok());
        refuses("json", "out_of_range", &[&nested(513)]);
        assert!(encoded("json", &format!("[{}1]", "[],".repeat(1_000))).is_ok());
    }
}
