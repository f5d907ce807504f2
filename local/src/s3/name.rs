//! Name: keys in; file names, event texts and whether people shall see a file out. Pure.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Where the plain file of a key lies below its bucket's folder; `None` for a key that names no
/// file, such as `a//b`, `../a` or `a/`. What is left can still fail, on a name that is too long.
pub(super) fn plain_path(key: &str) -> Option<PathBuf> {
    let nameable = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    key.split('/').all(nameable).then(|| PathBuf::from(key))
}

/// The folder of a key's versions: any key, of any length, in 40 hexadecimal digits.
pub(super) fn folder_name(key: &str) -> String {
    hex(Sha256::digest(key.as_bytes()).get(..20).unwrap_or_default())
}

/// Whether a file that turned up shall not become an object: hidden, or still being written by a
/// browser or an editor.
pub(super) fn is_unfinished(name: &str) -> bool {
    let ends = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    name.starts_with('.')
        || name.ends_with('~')
        || [".tmp", ".part", ".crdownload"].into_iter().any(ends)
}

/// The key as it stands in an event: percent-encoded, with `+` for a space.
pub(super) fn encode_for_event(key: &str) -> String {
    percent_encode(key, b"-_.*/").replace("%20", "+")
}

/// The key as it stands in a list with `encoding-type=url`.
pub(super) fn encode_for_list(key: &str) -> String {
    percent_encode(key, b"-_.~/")
}

fn percent_encode(text: &str, plain: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The key of a file below its bucket's folder; `None` for a name that is no UTF-8.
pub(super) fn key_of(bucket_dir: &Path, file: &Path) -> Option<String> {
    file.strip_prefix(bucket_dir).ok()?.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_would_leave_the_bucket_have_no_plain_file() {
        for key in ["../x", "a/../../x", "/etc/passwd", "a//b", "a/", "", ".", "a/./b", "a\0b"] {
            assert_eq!(plain_path(key), None, "{key:?}");
        }
        assert_eq!(plain_path("a b/é+..csv"), Some(PathBuf::from("a b/é+..csv")));
    }

    #[test]
    fn events_encode_keys_as_s3_does() {
        assert_eq!(encode_for_event("in/a b+c é%.csv"), "in/a+b%2Bc+%C3%A9%25.csv");
    }

    #[test]
    fn downloads_in_progress_are_no_objects() {
        assert!([".x", "a.tmp", "a.CRDOWNLOAD", "b.part", "a.csv~"].into_iter().all(is_unfinished));
        assert!(!is_unfinished("a.csv") && !is_unfinished("tmp"));
    }
}
