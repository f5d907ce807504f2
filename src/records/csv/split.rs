//! Splits the bytes of one record of delimited text into fields.

use memchr::{memchr, memchr_iter, memmem};

use super::dialect::Dialect;
use crate::records::Record;

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
    if !(dialect.skip_blanks && tail.iter().all(|byte| matches!(byte, b' ' | b'\t'))) {
        record.extend_field(after..end);
    }
    record.close_field(true);
    end
}

/// Splits a record that has escaped bytes, quoted or not. The byte after an escape is taken literally.
pub(super) fn escaped(raw: &[u8], dialect: &Dialect, record: &mut Record) {
    let byte_at = |at: usize| raw.get(at).copied();
    let mut at = 0;
    loop {
        at += dialect.blanks(raw.get(at..).unwrap_or_default());
        let quoted = dialect.quote.is_some() && byte_at(at) == dialect.quote;
        let mut inside = quoted;
        at += usize::from(quoted);
        record.open_field();
        while let Some(byte) = byte_at(at) {
            if Some(byte) == dialect.escape && at + 1 < raw.len() {
                record.extend_field(at + 1..at + 2);
                at += 2;
            } else if inside && Some(byte) == dialect.quote {
                let doubled = byte_at(at + 1) == dialect.quote;
                if doubled {
                    record.extend_field(at..at + 1);
                }
                inside = doubled;
                at += 1 + usize::from(doubled);
            } else if !inside && raw.get(at..).unwrap_or_default().starts_with(dialect.delimiter())
            {
                break;
            } else {
                record.extend_field(at..at + 1);
                at += 1;
            }
        }
        record.close_field(quoted);
        if at >= raw.len() {
            return;
        }
        at += dialect.delimiter().len();
    }
}
