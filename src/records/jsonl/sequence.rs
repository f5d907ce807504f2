//! Splits a text into objects that stand one behind the other: one a line, several on a line as Firehose
//! writes them, or each over several lines as `jq` does.

use super::pairs::{First, Pairs, first};
use crate::records::buffer::BOM;

/// What comes next.
#[derive(Debug)]
pub(super) enum Next<'j> {
    /// An object of `content` bytes. Together with the line end behind it, it has `whole` bytes.
    Object { pairs: Pairs<'j>, content: usize, whole: usize, breaks: bool },
    /// It takes more bytes to tell.
    More,
    /// An object that is longer than the limit, with the blanks behind it.
    TooLong,
    /// An object without an end: there are no more bytes.
    Unclosed,
    /// Something else than an object, or an object and other text: the offset of the byte that shows it.
    Malformed(usize),
}

/// The object at the start of `text`, whose first line is `line_bytes` long without its end, if that end is
/// in the text. `ended` says that nothing follows the text. What is decided does not depend on how much of
/// the file is in the text already.
pub(super) fn next(text: &[u8], line_bytes: Option<usize>, ended: bool, limit: usize) -> Next<'_> {
    let most = text.len().min(limit.saturating_add(1));
    let at_most = |bytes: usize| text.get(..bytes.min(most)).unwrap_or_default();
    let line = at_most(line_bytes.unwrap_or(text.len()));
    let found = match first(line) {
        // The object may go on behind the line, as long as what is there makes it a valid one.
        First::Incomplete if line.len() < most => first(at_most(most)),
        found => found,
    };
    match found {
        First::Object(pairs, content) => follow(text, pairs, content, ended, limit),
        First::Incomplete if most > limit => Next::TooLong,
        First::Incomplete if ended => Next::Unclosed,
        First::Incomplete => Next::More,
        First::Malformed(at) => Next::Malformed(at),
    }
}

/// Judges what follows an object of `content` bytes: a line end, the next object, or text of no meaning.
fn follow<'j>(
    text: &[u8],
    pairs: Pairs<'j>,
    content: usize,
    ended: bool,
    limit: usize,
) -> Next<'j> {
    let rest = text.get(content..).unwrap_or_default();
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
    let object = |whole, breaks| Next::Object { pairs, content, whole, breaks };
    if content + blanks > limit {
        return Next::TooLong;
    }
    let behind = rest.get(blanks..).unwrap_or_default();
    match behind.first() {
        Some(b'\n') => object(content + blanks + 1, true),
        // As if it were on the next line, so that each record has a line number of its own.
        Some(b'{') => object(content, true),
        // So do files that were put one behind the other.
        Some(0xef) if starts_with_mark(behind) == Some(true) => object(content, true),
        Some(0xef) if starts_with_mark(behind).is_none() && !ended => Next::More,
        Some(_) => Next::Malformed(content + blanks),
        None if ended => object(content + blanks, false),
        None => Next::More,
    }
}

/// Whether a text starts with a byte order mark; `None` if it takes more bytes to tell.
pub(super) fn starts_with_mark(text: &[u8]) -> Option<bool> {
    match text.get(..BOM.len()) {
        Some(start) => Some(start == BOM),
        None => (!BOM.starts_with(text)).then_some(false),
    }
}
