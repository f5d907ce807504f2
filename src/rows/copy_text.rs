//! Writes numbers and texts in the form that COPY reads.
//!
//! The form is the "Text Format" of COPY in Postgres' manual: fields end at a tab, rows at a
//! newline, `\N` is null, and backslash, tab, newline and carriage return are escaped.

/// Appends a number's digits.
pub(super) fn push_number(mut number: u64, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// Whether COPY reads these bytes as they are, and a text may hold them: they need no escape, and have no NUL.
#[inline]
pub(super) fn is_verbatim(bytes: &[u8]) -> bool {
    memchr::memchr3(b'\\', b'\t', 0, bytes).is_none()
        && memchr::memchr2(b'\n', b'\r', bytes).is_none()
}

/// Escapes the bytes of `out` after `from`. Few texts need it, so the usual case is one search.
pub(super) fn escape_from(out: &mut Vec<u8>, from: usize) {
    let tail = out.get(from..).unwrap_or_default();
    let first = memchr::memchr3(b'\\', b'\t', b'\n', tail);
    let first = first.into_iter().chain(memchr::memchr(b'\r', tail)).min();
    let Some(first) = first else { return };
    let tail = out.split_off(from + first);
    for byte in tail {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            other => out.push(other),
        }
    }
}

/// The text whose escaped form this is.
pub(super) fn unescaped(escaped: &str) -> String {
    let mut text = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(char) = chars.next() {
        text.push(match char {
            '\\' => match chars.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_special_characters_are_written_as_copy_reads_them() {
        for (number, text) in [(0, "0"), (7, "7"), (10, "10"), (u64::MAX, "18446744073709551615")] {
            let mut out = b"x".to_vec();
            push_number(number, &mut out);
            assert_eq!(out, [b"x", text.as_bytes()].concat());
        }
        for (text, escaped) in [
            ("plain", "plain"),
            ("a\tb\\c\rd\ne", "a\\tb\\\\c\\rd\\ne"),
            ("\r", "\\r"),
            ("x\r\ty", "x\\r\\ty"),
            ("a\nb", "a\\nb"),
        ] {
            let mut out = b"a\tb".to_vec();
            out.extend_from_slice(text.as_bytes());
            escape_from(&mut out, 3);
            assert_eq!(out, [b"a\tb", escaped.as_bytes()].concat(), "{text:?}");
            assert_eq!(is_verbatim(text.as_bytes()), text == escaped, "{text:?}");
            assert_eq!(unescaped(escaped), text);
        }
        assert!(!is_verbatim(b"a\0b"));
    }
}
