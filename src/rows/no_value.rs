//! Rejects rows without a value, which are not those of a table: of empty quotes, or of NUL bytes.

use crate::records::Record;

/// Checks a row in which no column has a value. Without quotes such a row is skipped, as a blank line is.
///
/// # Errors
///
/// The code and the reason, if the row has nothing but empty fields, of which at least one is quoted.
#[cold]
pub(super) fn check(record: &Record) -> Result<(), (&'static str, String)> {
    let is_quoted = (0..record.len()).any(|index| record.is_quoted(index));
    if !is_quoted || !record.iter().all(<[u8]>::is_empty) {
        return Ok(());
    }
    let reason = "no column has a value: the row has nothing but empty quotes, and no column of type text \
                  to hold an empty text";
    Err(("no_value", reason.to_owned()))
}

/// The code and the reason of a row that is nothing but NUL bytes, as a file system leaves what a program has not
/// written; `None` if it is another row.
#[cold]
pub(super) fn padding(record: &Record) -> Option<(&'static str, String)> {
    let is_padding = !record.raw().is_empty() && record.raw().iter().all(|byte| *byte == 0);
    let reason = "nothing but NUL bytes: the file was not written to its end, or was damaged later";
    is_padding.then(|| ("nul_bytes", reason.to_owned()))
}
