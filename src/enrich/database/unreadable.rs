//! Says what a file is that cannot be opened as a MaxMind DB, and what to do.

use maxminddb::MaxMindDbError;

/// The bytes in front of the metadata at the end of the file.
pub(super) const METADATA_MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// A part of the mark that is also there where the bytes before it are damaged.
const READABLE_MARK: &[u8] = b"MaxMind.com";

/// The first bytes of files that people name instead of the database.
const OTHER_FILES: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", "it is compressed with gzip: unpack it, and name the .mmdb file"),
    (b"PK\x03\x04", "it is a zip archive: unpack it, and name the .mmdb file"),
    (b"<", "it is a web page or XML: download the database again"),
    (b"version https://git-lfs", "it is a pointer of Git LFS: run git lfs pull"),
];

/// The sentence for a file that the reader does not open.
pub(super) fn explained(bytes: &[u8], error: &MaxMindDbError) -> String {
    if bytes.is_empty() {
        return "it is empty: download it again".to_owned();
    }
    if memchr::memmem::rfind(bytes, METADATA_MARK).is_some() {
        return format!("its metadata does not fit it ({error}): it is damaged, download it again");
    }
    if let Some((_, what)) = OTHER_FILES.iter().find(|(start, _)| bytes.starts_with(start)) {
        return (*what).to_owned();
    }
    if memchr::memmem::rfind(bytes, READABLE_MARK).is_some() {
        return "the mark of its metadata is damaged: download it again".to_owned();
    }
    "its metadata is missing: it is truncated, or is not a MaxMind DB (.mmdb): download it again"
        .to_owned()
}
