//! Entry of an archive: where its bytes are, and why it cannot be read.

/// An entry that is a file, or is named like one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: String,
    /// Where its bytes start: in a zip archive its compressed ones, in a tar archive after decompression.
    pub position: u64,
    /// How many of these there are.
    pub stored: u64,
    /// The number of its bytes.
    pub size: u64,
    /// The CRC-32 of its bytes; `None` in a tar archive, which has none.
    pub crc: Option<u32>,
    /// Whether its bytes are compressed.
    pub is_deflated: bool,
    /// Why it cannot be read, as the end of a sentence.
    pub fault: Option<String>,
}

/// The name as patterns fit it: without `./` before it.
pub(super) fn plain_name(name: &str) -> &str {
    let mut name = name;
    while let Some(rest) = name.strip_prefix("./") {
        name = rest.trim_start_matches('/');
    }
    name
}

/// Checks that a name is one of a file within the archive.
///
/// # Errors
///
/// Why it is not, as a sentence.
pub(super) fn checked_name(name: &str) -> Result<(), String> {
    let has_drive = name.as_bytes().get(1) == Some(&b':');
    if name.is_empty() || name.contains('\0') {
        return Err("the archive has an entry without a readable name".to_owned());
    }
    if name.starts_with(['/', '\\']) || has_drive {
        return Err(format!(
            "the archive has an entry with an absolute name, `{name}`: archive files by relative names"
        ));
    }
    if name.split(['/', '\\']).any(|folder| folder == "..") {
        return Err(format!(
            "the archive has an entry whose name leads out of it, `{name}`: archive files from within their folder"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_the_archive() {
        for name in ["a.csv", "a/b.csv", "..a/b..csv", "a b/..."] {
            assert_eq!(checked_name(name), Ok(()), "{name}");
        }
        for name in ["/a.csv", "\\a.csv", "C:a.csv", "c:\\a.csv"] {
            assert!(checked_name(name).unwrap_err().contains("absolute"), "{name}");
        }
        for name in ["../a.csv", "a/../../b.csv", "a\\..\\b.csv", ".."] {
            assert!(checked_name(name).unwrap_err().contains("leads out"), "{name}");
        }
        assert!(checked_name("").is_err() && checked_name("a\0.csv").is_err());
        for (name, plain) in [("./a.csv", "a.csv"), ("././/a/./b", "a/./b"), ("../a", "../a")] {
            assert_eq!(plain_name(name), plain);
        }
    }
}
