//! Why a record of delimited text cannot be split into fields: reason codes, and sentences that name the
//! setting of the contract which would explain its bytes.

/// The code of a field that goes on behind its closing quote.
pub(super) const TEXT_BEHIND_QUOTE: &str = "text_behind_quote";

/// The code of an escape that escapes nothing.
pub(super) const LONE_ESCAPE: &str = "lone_escape";

/// What is wrong with it.
pub(super) const LONE_ESCAPE_REASON: &str = "the file ends in an escape, which escapes nothing: the file is truncated, or has another `escape`";

/// Why a quoted field has a `tail` behind its closing quote. `has_escape` says whether the contract has
/// an escape, `after_backslash` whether a backslash is before the closing quote.
pub(super) fn behind_quote(tail: &[u8], has_escape: bool, after_backslash: bool) -> &'static str {
    if tail.iter().all(u8::is_ascii_whitespace) {
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
