//! Split: the bytes of one record in, its fields out.

use memchr::{memchr, memchr_iter};

use crate::records::Record;

/// Splits a record in which no quote opens a field.
pub(super) fn plain(raw: &[u8], delimiter: u8, record: &mut Record) {
    let mut start = 0;
    for end in memchr_iter(delimiter, raw) {
        record.push_part(start..end, false);
        start = end + 1;
    }
    record.push_part(start..raw.len(), false);
}

/// The line ends in `text`: LF, CRLF or CR.
pub(super) fn count_lines(text: &[u8]) -> u64 {
    let line_feeds = memchr_iter(b'\n', text).count();
    let lone = |at: &usize| text.get(at + 1) != Some(&b'\n');
    (line_feeds + memchr_iter(b'\r', text).filter(lone).count()) as u64
}

/// Splits a record that has quoted fields.
pub(super) fn quoted(raw: &[u8], delimiter: u8, record: &mut Record) {
    let mut start = 0;
    loop {
        let field = raw.get(start..).unwrap_or_default();
        let quoted = field.first() == Some(&b'"');
        let end = if quoted {
            quoted_field(raw, start, delimiter, record)
        } else {
            let end = memchr(delimiter, field).map_or(raw.len(), |at| start + at);
            record.push_part(start..end, false);
            end
        };
        if end >= raw.len() {
            return;
        }
        start = end + 1;
    }
}

/// Adds the quoted field that starts at `start`, and returns where it ends.
fn quoted_field(raw: &[u8], start: usize, delimiter: u8, record: &mut Record) -> usize {
    let find = |byte, from: usize| {
        let found = raw.get(from..).and_then(|rest| memchr(byte, rest));
        found.map_or(raw.len(), |at| from + at)
    };
    let mut from = start + 1;
    let mut close = find(b'"', from);
    if raw.get(close + 1).is_none_or(|next| *next == delimiter) {
        record.push_part(from..close, true);
        return close + 1;
    }
    record.open_field();
    while raw.get(close + 1) == Some(&b'"') {
        record.extend_field(from..close + 1);
        from = close + 2;
        close = find(b'"', from);
    }
    record.extend_field(from..close);
    let after = (close + 1).min(raw.len());
    let end = find(delimiter, after);
    record.extend_field(after..end);
    record.close_field(true);
    end
}
