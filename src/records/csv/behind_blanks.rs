//! Finds out what a quote is that has blanks before it.

use memchr::memchr2;

use super::dialect::Dialect;

/// What a quote outside of quoted fields is.
pub(super) enum Opening {
    /// It opens a field.
    Field,
    /// It would open a field if the blanks before it were skipped.
    BehindBlanks,
    /// It is an ordinary byte.
    None,
}

/// The longest value that is rejected with the record it is in. A quote that closes a longer one may as well
/// belong to a later record.
pub(super) const MAX_VALUE_BYTES: usize = 64 << 10;

/// Where the search continues behind the quote at `at`, which only blanks keep from opening a field: behind
/// its closing quote, so that line ends between the two do not end the record, which is rejected as a whole.
/// Where no quote within the longest record can close it, behind the quote itself. `None` if it takes more
/// bytes to tell.
#[cold]
pub(super) fn closed_behind_blanks(
    text: &[u8],
    at: usize,
    dialect: &Dialect,
    ended: bool,
) -> Option<usize> {
    let quote = text.get(at).copied().unwrap_or_default();
    let limit = at.saturating_add(dialect.max_record_bytes);
    let ordinary = (ended || text.len() > limit).then_some(at + 1);
    let mut from = at + 1;
    let escape = dialect.escape.unwrap_or(quote);
    let within = |from: usize| text.get(from..text.len().min(limit)).unwrap_or_default();
    while let Some(found) = memchr2(quote, escape, within(from)) {
        let close = from + found;
        let after = text.get(close + 1..).unwrap_or_default();
        if text.get(close) != Some(&quote) || after.first() == Some(&quote) {
            from = close + 2;
            continue;
        }
        let after = after.get(dialect.leading_blanks(after)..).unwrap_or_default();
        let ends = |mark: &[u8]| after.starts_with(mark);
        let is_end = match dialect.record_end() {
            Some(end) => ends(end),
            None => ends(b"\n") || ends(b"\r"),
        };
        if is_end || ends(dialect.delimiter()) || after.is_empty() && ended {
            return Some(close + 1);
        }
        let may_end = dialect.delimiter().starts_with(after)
            || dialect.record_end().is_some_and(|end| end.starts_with(after))
            || after.len() < 3 && after.first().is_some_and(|byte| !byte.is_ascii());
        return if may_end { ordinary } else { Some(at + 1) };
    }
    ordinary
}
