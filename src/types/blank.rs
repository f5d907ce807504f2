//! Reads blanks that programs write where people type a space, such as the no-break space.

/// Whether `c` is a blank: one that people type, or one that programs write in its place.
pub(super) fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace() || is_wide_blank(c)
}

/// No-break space, figure space, thin space and narrow no-break space.
fn is_wide_blank(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}')
}

/// The text with a plain space for each such blank, and without blanks around it; `None` where it
/// has none.
fn plain(text: &str) -> Option<String> {
    let has_one = !text.is_ascii() && text.contains(is_wide_blank);
    has_one.then(|| text.replace(is_wide_blank, " ").trim_ascii().to_owned())
}

/// Writes the value of `text`; where `write` refuses it, tries again with plain spaces.
///
/// # Errors
///
/// Why `write` refused the text as it is; `out` may then hold a part of it.
#[inline]
pub(super) fn or_plain<E>(
    text: &str,
    out: &mut Vec<u8>,
    write: impl Fn(&str, &mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    let Err(refusal) = write(text, out) else { return Ok(()) };
    if let Some(plain) = plain(text) {
        out.truncate(start);
        if write(&plain, out).is_ok() {
            return Ok(());
        }
    }
    Err(refusal)
}

#[cfg(test)]
mod tests {
    use crate::types::tests::{accepts, accepts_with, formats, refuses};

    #[test]
    fn a_wide_blank_matches_a_blank_of_a_format() {
        let twelve = formats(&["%m/%d/%Y %I:%M %p"]);
        for blank in ['\u{a0}', '\u{202f}', '\u{2009}', '\u{2007}'] {
            let text = format!("3/5/2024 1:30{blank}PM");
            accepts_with(&twelve, "timestamp", &[(&text, "2024-03-05 13:30:00")]);
            let text = format!("{blank}2024-03-05{blank}13:30{blank}");
            accepts("timestamp", &[(&text, "2024-03-05 13:30:00")]);
            accepts("date", &[(&format!("2024-03-05{blank}"), "2024-03-05")]);
            accepts("time", &[(&format!("{blank}13:30"), "13:30:00")]);
            let text = format!("2024-03-05 13:30{blank}UTC");
            accepts("timestamptz", &[(&text, "2024-03-05 13:30:00+00:00")]);
            for kind in ["integer", "numeric", "double"] {
                accepts(kind, &[(&format!("{blank}5{blank}"), "5")]);
            }
        }
        refuses("date", "invalid_date", &["2024-03\u{a0}-05", "\u{a0}", "2024-03-05\u{200b}"]);
        refuses("integer", "invalid_integer", &["1\u{a0}000", "\u{a0}", "5\u{200b}"]);
    }
}
