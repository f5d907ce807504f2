//! Says whether a record of delimited text ends at a byte, and with how many bytes.

use super::dialect::Dialect;

/// The length of a record.
#[derive(Debug)]
pub(super) struct RecordEnd {
    /// Without its line end.
    pub content: usize,
    /// With its line end.
    pub whole: usize,
}

/// The length of the line end at the start of `text`; `None` if it takes the next byte to tell.
pub(super) fn line_end(text: &[u8], ended: bool) -> Option<usize> {
    match text {
        [b'\r', b'\n', ..] => Some(2),
        [b'\r'] if !ended => None,
        _ => Some(1),
    }
}

/// What is at a byte that may end a record.
pub(super) enum Mark {
    /// An end of this length.
    End(usize),
    /// It takes more bytes to tell.
    Unknown,
    /// Another byte of the record.
    Other,
}

/// Whether `text`, which starts with a quote or with the first byte of an end, starts with an end.
#[inline]
pub(super) fn mark_at(text: &[u8], quote: Option<u8>, dialect: &Dialect, ended: bool) -> Mark {
    let Some(end) = dialect.record_end() else {
        if text.first().copied() == quote {
            return Mark::Other;
        }
        return match line_end(text, ended) {
            Some(1) if !dialect.cr_ends && text.first() == Some(&b'\r') => lone_cr(text, ended),
            Some(length) => Mark::End(length),
            None => Mark::Unknown,
        };
    };
    match text.starts_with(end) {
        true => Mark::End(end.len()),
        false if !ended && end.starts_with(text) => Mark::Unknown,
        false => Mark::Other,
    }
}

/// What a CR at the start of `text` is where lines end in LF: a line end before another or at the end of
/// the file, or else a byte of the record.
#[cold]
fn lone_cr(text: &[u8], ended: bool) -> Mark {
    match text.iter().find(|byte| **byte != b'\r') {
        Some(b'\n') => Mark::End(1),
        Some(_) => Mark::Other,
        None if ended => Mark::End(1),
        None => Mark::Unknown,
    }
}

/// The record that the file ends in without an end of its own. Where a file ends its records with
/// more than a line end, the line end of the last one may be missing.
pub(super) fn last_record(text: &[u8], dialect: &Dialect) -> RecordEnd {
    let end = dialect.record_end().map_or(&b""[..], <[u8]>::trim_ascii_end);
    let content = text.strip_suffix(end).unwrap_or(text).len();
    RecordEnd { content, whole: text.len() }
}
