//! Why a record of delimited text cannot be split into fields: reason codes, and sentences that name the
//! setting of the contract which would explain its bytes.

use super::dialect::{Dialect, has_blanks_only};
use crate::records::Record;

/// The code of a field that goes on behind its closing quote.
pub(super) const TEXT_BEHIND_QUOTE: &str = "text_behind_quote";

/// The code of an escape that escapes nothing.
pub(super) const LONE_ESCAPE: &str = "lone_escape";

/// What is wrong with it.
pub(super) const LONE_ESCAPE_REASON: &str = "the file ends in an escape, which escapes nothing: the file is truncated, or has another `escape`";

/// The code of an escape before a character that needs none.
const UNKNOWN_ESCAPE: &str = "unknown_escape";

/// What is wrong with it.
const UNKNOWN_ESCAPE_REASON: &str = "an escape before a character that needs none, such as \
     `\\n`: remove `escape` if that character is an ordinary one here, or add `\\N` to `null` if it \
     means null";

/// The code of blanks before an opening quote.
const BLANKS_BEFORE_QUOTE: &str = "blanks_before_quote";

/// What is wrong with them.
const BLANKS_BEFORE_QUOTE_REASON: &str = "blanks before an opening quote: set trim = true if blanks around quoted values mean nothing, or \
     quote = \"\" if quotes are ordinary characters of this file";

/// The code of a CR that ends no line.
const LONE_CR: &str = "lone_cr";

/// What is wrong with it.
const LONE_CR_REASON: &str = "a CR within a line, but the first line of the file ends in LF: the value \
     has to be in quotes; set record_end = \"\\n\" if a CR is an ordinary character of this file";

/// The code of a byte order mark in the middle of a record.
const MARK_INSIDE: &str = "mark_inside";

/// What is wrong with it.
const MARK_INSIDE_REASON: &str = "a byte order mark within a row: another file was put behind this one \
     without a line end between them";

/// Every code of this file. The fields of a record with such a fault may belong to other columns.
pub(crate) const CODES: [&str; 6] =
    [TEXT_BEHIND_QUOTE, LONE_ESCAPE, UNKNOWN_ESCAPE, BLANKS_BEFORE_QUOTE, LONE_CR, MARK_INSIDE];

/// Says that the field added last has an escape before a byte that needs none.
pub(super) fn unknown_escape(record: &mut Record) {
    record.set_field_fault(UNKNOWN_ESCAPE, UNKNOWN_ESCAPE_REASON);
}

/// Says that a byte order mark is in the middle of a record.
pub(super) fn mark_inside(record: &mut Record) {
    record.set_fault_of(MARK_INSIDE, MARK_INSIDE_REASON, None);
}

/// Says where a record has a lone CR, or else blanks before an opening quote, if that is its first fault.
#[cold]
pub(super) fn odd_bytes(record: &mut Record, dialect: &Dialect, has_lone_cr: bool) {
    if record.fault().is_some() {
        return;
    }
    let blanks_and_quote = |field: &[u8]| {
        let blanks = dialect.leading_blanks(field);
        blanks > 0 && field.get(blanks).is_some_and(|byte| Some(*byte) == dialect.quote)
    };
    let is_odd = |field: &[u8]| match has_lone_cr {
        true => field.contains(&b'\r'),
        false => blanks_and_quote(field),
    };
    let at = record.iter().enumerate().position(|(n, f)| !record.is_quoted(n) && is_odd(f));
    let (code, reason) = match has_lone_cr {
        true => (LONE_CR, LONE_CR_REASON),
        false => (BLANKS_BEFORE_QUOTE, BLANKS_BEFORE_QUOTE_REASON),
    };
    record.set_fault_of(code, reason, at);
}

/// Why a quote with blanks before it may open a value, and may open none.
pub(super) fn far_quote(most: usize) -> String {
    format!(
        "blanks before a quote whose closing quote is more than {} KiB behind it: set trim = true if blanks \
         around quoted values mean nothing, or quote = \"\" if quotes are ordinary characters of this file",
        most >> 10
    )
}

/// Why a quoted field has a `tail` behind its closing quote. `has_escape` says whether the contract has
/// an escape, `after_backslash` whether a backslash is before the closing quote.
pub(super) fn behind_quote(tail: &[u8], has_escape: bool, after_backslash: bool) -> &'static str {
    if has_blanks_only(tail.trim_ascii()) {
        "blanks behind a closing quote: set trim = true if blanks around quoted values mean nothing"
    } else if has_escape {
        "text behind a closing quote: a quote within a quoted value has to be doubled or escaped; set \
         quote = \"\" if quotes are ordinary characters of this file"
    } else if after_backslash {
        "text behind a closing quote: set escape = \"\\\\\" if a backslash makes the quote after it a \
         part of the value"
    } else {
        "text behind a closing quote: a quote within a quoted value has to be doubled; set escape if \
         another character is written before it, or quote = \"\" if quotes are ordinary characters of \
         this file"
    }
}
