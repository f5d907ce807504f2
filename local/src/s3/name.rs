//! Names derived from a key: its visible file, its folder in the store, its forms in events and lists.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The path of a key's visible file, relative to its bucket's folder; `None` for a key that is not
/// a valid path, such as `a//b`, `../a` or `a/`. A path that is returned may still be too long.
pub(super) fn visible_path(key: &str) -> Option<PathBuf> {
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    key.split('/').all(is_name).then(|| PathBuf::from(key))
}

/// The name of the folder of a key's versions: 40 hexadecimal digits for any key.
pub(super) fn folder_name(key: &str) -> String {
    hex(Sha256::digest(key.as_bytes()).get(..20).unwrap_or_default())
}

/// Whether a new file is ignored: it is hidden, or a browser or an editor is still writing it.
pub(super) fn is_unfinished(name: &str) -> bool {
    let ends = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    name.starts_with('.')
        || name.ends_with('~')
        || [".tmp", ".part", ".crdownload"].into_iter().any(ends)
}

/// The key as an event writes it: percent-encoded, with `+` for a space.
pub(super) fn encode_for_event(key: &str) -> String {
    percent_encode(key, b"-_.*/").replace("%20", "+")
}

/// The key as a list with `encoding-type=url` writes it.
pub(super) fn encode_for_list(key: &str) -> String {
    percent_encode(key, b"-_.~/")
}

fn percent_encode(text: &str, unreserved: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || unreserved.contains(&byte) {
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

/// The key of a file in its bucket's folder; `None` if its name is not UTF-8.
pub(super) fn key_of(bucket_dir: &Path, file: &Path) -> Option<String> {
    file.strip_prefix(bucket_dir).ok()?.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_would_leave_the_bucket_have_no_visible_file() {
        for key in ["../x", "a/../../x", "/etc/passwd", "a//b", "a/", "", ".", "a/./b", "a\0b"] {
            assert_eq!(visible_path(key), None, "{key:?}");
        }
        assert_eq!(visible_path("a b/é+..csv"), Some(PathBuf::from("a b/é+..csv")));
    }

    #[test]
    fn events_encode_keys_as_s3_does() {
        assert_eq!(encode_for_event("in/a b+c é%.csv"), "in/a+b%2Bc+%C3%A9%25.csv");
    }

    #[test]
    fn unfinished_downloads_do_not_become_objects() {
        assert!([".x", "a.tmp", "a.CRDOWNLOAD", "b.part", "a.csv~"].into_iter().all(is_unfinished));
        assert!(!is_unfinished("a.csv") && !is_unfinished("tmp"));
    }
}
