//! Splits the bytes of one record of delimited text into fields.

use memchr::{memchr, memchr_iter, memmem};

use super::dialect::{self, Dialect, is_blank};
use super::fault;
use super::scan::escaped_len;
use crate::records::{Kind, Record};

/// Splits a record in which no quote opens a field.
pub(super) fn plain(raw: &[u8], dialect: &Dialect, record: &mut Record) {
    let mut start = 0;
    if let Some(delimiter) = dialect.one_byte() {
        for end in memchr_iter(delimiter, raw) {
            record.push_part(start..end, false);
            start = end + 1;
        }
    } else {
        let delimiter = dialect.delimiter();
        for end in memmem::find_iter(raw, delimiter) {
            record.push_part(start..end, false);
            start = end + delimiter.len();
        }
    }
    record.push_part(start..raw.len(), false);
}

/// The number of line ends in `text`: LF, CRLF or CR.
pub(super) fn count_lines(text: &[u8]) -> u64 {
    let line_feeds = memchr_iter(b'\n', text).count();
    let lone = |at: &usize| text.get(at + 1) != Some(&b'\n');
    (line_feeds + memchr_iter(b'\r', text).filter(lone).count()) as u64
}

/// Splits a record that has quoted fields.
pub(super) fn quoted(raw: &[u8], dialect: &Dialect, record: &mut Record) {
    let mut start = 0;
    loop {
        let field = raw.get(start..).unwrap_or_default();
        let blanks = dialect.blanks(field);
        let is_quoted = field.get(blanks).is_some_and(|byte| Some(*byte) == dialect.quote);
        let end = if is_quoted {
            quoted_field(raw, start + blanks, dialect, record)
        } else {
            let end = dialect.find_delimiter(field).map_or(raw.len(), |at| start + at);
            record.push_part(start..end, false);
            end
        };
        if end >= raw.len() {
            return;
        }
        start = end + dialect.delimiter().len();
    }
}

/// Adds the quoted field that starts at `start`, and returns where it ends.
fn quoted_field(raw: &[u8], start: usize, dialect: &Dialect, record: &mut Record) -> usize {
    let quote = dialect.quote.unwrap_or_default();
    let find_quote = |from: usize| {
        let found = raw.get(from..).and_then(|rest| memchr(quote, rest));
        found.map_or(raw.len(), |at| from + at)
    };
    let find_end = |from: usize| {
        let found = raw.get(from..).and_then(|rest| dialect.find_delimiter(rest));
        found.map_or(raw.len(), |at| from + at)
    };
    let mut from = start + 1;
    let mut close = find_quote(from);
    let after = raw.get((close + 1).min(raw.len())..).unwrap_or_default();
    if after.is_empty() || after.starts_with(dialect.delimiter()) {
        record.push_part(from..close, true);
        return (close + 1).min(raw.len());
    }
    record.open_field();
    while raw.get(close + 1) == Some(&quote) {
        record.extend_field(from..close + 1);
        from = close + 2;
        close = find_quote(from);
    }
    record.extend_field(from..close);
    let after = (close + 1).min(raw.len());
    let end = find_end(after);
    let tail = raw.get(after..end).unwrap_or_default();
    if !is_dropped(tail, dialect) {
        let is_escaped = raw.get(close.wrapping_sub(1)) == Some(&b'\\');
        let reason = fault::behind_quote(tail, dialect.escape.is_some(), is_escaped);
        record.set_field_fault(fault::TEXT_BEHIND_QUOTE, reason);
        record.extend_field(after..end);
    }
    record.close_field(true);
    end
}

/// Whether what is behind a closing quote are blanks that the dialect drops.
fn is_dropped(tail: &[u8], dialect: &Dialect) -> bool {
    tail.is_empty() || dialect.skip_blanks && dialect::has_blanks_only(tail)
}

/// Splits a record that has escaped bytes, quoted or not. The byte after an escape is taken literally.
/// A field without quotes that is one of `nulls` is null, whatever its escapes mean.
pub(super) fn escaped(raw: &[u8], dialect: &Dialect, nulls: &[Vec<u8>], record: &mut Record) {
    let mut at = 0;
    loop {
        at += dialect.blanks(raw.get(at..).unwrap_or_default());
        let is_quoted = dialect.quote.is_some() && raw.get(at).copied() == dialect.quote;
        let null_end = if is_quoted { None } else { null_end(raw, at, dialect, nulls) };
        if let Some(end) = null_end {
            let null = raw.get(at..end).unwrap_or_default();
            record.push_value(null, false, Kind::Null);
            at = end;
            if at >= raw.len() {
                return;
            }
            at += dialect.delimiter().len();
            continue;
        }
        record.open_field();
        if is_quoted {
            let closed = escaped_text(raw, at + 1, dialect, record, true);
            at = (closed + 1).min(raw.len());
            let end = escaped_end(raw, at, dialect);
            let tail = raw.get(at..end).unwrap_or_default();
            if !is_dropped(tail, dialect) {
                record.set_field_fault(
                    fault::TEXT_BEHIND_QUOTE,
                    fault::behind_quote(tail, true, false),
                );
                record.extend_field(at..end);
            }
            at = end;
        } else {
            at = escaped_text(raw, at, dialect, record, false);
        }
        record.close_field(is_quoted);
        if at >= raw.len() {
            return;
        }
        at += dialect.delimiter().len();
    }
}

/// Adds the text of a field without its escapes, up to its closing quote if it is in quotes, or else
/// up to the next delimiter. Returns where that is.
fn escaped_text(
    raw: &[u8],
    mut at: usize,
    dialect: &Dialect,
    record: &mut Record,
    is_quoted: bool,
) -> usize {
    let byte_at = |at: usize| raw.get(at).copied();
    while let Some(byte) = byte_at(at) {
        if Some(byte) == dialect.escape {
            let length = escaped_len(raw.get(at + 1..).unwrap_or_default(), true).unwrap_or(0);
            if length == 0 {
                record.set_field_fault(fault::LONE_ESCAPE, fault::LONE_ESCAPE_REASON);
            } else if byte_at(at + 1).is_some_and(|byte| !dialect.is_escapable(byte)) {
                fault::unknown_escape(record);
            }
            record.extend_field(at + 1..at + 1 + length);
            at += 1 + length;
        } else if is_quoted && Some(byte) == dialect.quote {
            if byte_at(at + 1) != dialect.quote {
                return at;
            }
            record.extend_field(at..at + 1);
            at += 2;
        } else if !is_quoted && starts_with_delimiter(raw, at, dialect) {
            return at;
        } else {
            record.extend_field(at..at + 1);
            at += 1;
        }
    }
    at.min(raw.len())
}

/// Where the field without quotes ends that starts at `at`, if it is one of `nulls`.
fn null_end(raw: &[u8], at: usize, dialect: &Dialect, nulls: &[Vec<u8>]) -> Option<usize> {
    if nulls.is_empty() {
        return None;
    }
    let end = escaped_end(raw, at, dialect);
    let field = raw.get(at..end)?;
    let field = if dialect.skip_blanks { field.trim_ascii() } else { field };
    nulls.iter().any(|null| null == field).then_some(end)
}

/// Where the field ends whose text behind the closing quote starts at `at`.
fn escaped_end(raw: &[u8], mut at: usize, dialect: &Dialect) -> usize {
    while at < raw.len() && !starts_with_delimiter(raw, at, dialect) {
        at += if raw.get(at).copied() == dialect.escape { 2 } else { 1 };
    }
    at.min(raw.len())
}

fn starts_with_delimiter(raw: &[u8], at: usize, dialect: &Dialect) -> bool {
    raw.get(at..).unwrap_or_default().starts_with(dialect.delimiter())
}

/// The fields of a record whose comment starts at `at`: without it, and the blanks before it.
pub(super) fn before_comment<'r>(raw: &'r [u8], at: usize, dialect: &Dialect) -> &'r [u8] {
    let mut fields = raw.get(..at).unwrap_or_default();
    while let Some((last, rest)) = fields.split_last() {
        if !is_blank(*last) || fields.ends_with(dialect.delimiter()) {
            break;
        }
        fields = rest;
    }
    fields
}

/// Whether a record is nothing but blanks.
pub(super) fn has_blanks_only(record: &Record) -> bool {
    let is_blank = |field: &[u8]| field.trim_ascii().is_empty();
    record.iter().all(is_blank) && (0..record.len()).all(|index| !record.is_quoted(index))
}
