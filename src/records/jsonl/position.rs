//! Says at which byte of a text the JSON parser stopped, and whether only because the text ends there.

use serde::de::IgnoredAny;
use serde_json::error::Category;

/// The offset of the byte that an error of the parser is about. It counts bytes, and lines from 1.
pub(super) fn offset_of(text: &[u8], error: &serde_json::Error) -> usize {
    let start = match error.line().checked_sub(2) {
        Some(nth) => memchr::memchr_iter(b'\n', text).nth(nth).map_or(0, |end| end + 1),
        None => 0,
    };
    let end = start + error.column();
    // For this error the parser names the byte before. At a line end it names column 0 of the next line.
    let is_control = error.to_string().contains("control character");
    if is_control { end } else { end.saturating_sub(1) }.min(text.len())
}

/// Whether more text could make the text valid.
pub(super) fn is_truncated(text: &[u8], error: &serde_json::Error) -> bool {
    error.classify() == Category::Eof || ends_within_number(text, error)
}

/// Whether the text ends behind the sign, the point or the exponent of a number: the parser calls that
/// number invalid.
fn ends_within_number(text: &[u8], error: &serde_json::Error) -> bool {
    let in_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    if !error.to_string().starts_with("invalid number") || offset_of(text, error) + 1 < text.len() {
        return false;
    }
    let start = text.iter().rposition(|byte| !in_number(byte)).map_or(0, |last| last + 1);
    let mut number = text.get(start..).unwrap_or_default().to_vec();
    number.push(b'0');
    serde_json::from_slice::<IgnoredAny>(&number).is_ok()
}
