//! Reads the header of one entry of a zip archive (APPNOTE.TXT 6.3.10, 4.3.7).

use flate2::{Crc, Decompress};

/// The length of a header without the name and the extra fields that follow it.
pub(super) const HEADER_BYTES: usize = 30;

/// What starts the name of an entry of an Excel or OpenDocument workbook.
pub(super) const WORKBOOK_PARTS: [&[u8]; 5] =
    [b"[Content_Types].xml", b"xl/", b"_rels/", b"docProps/", b"mimetype"];

/// The files that macOS and Windows put into folders for their own use, besides those in `__MACOSX` and
/// those that start with `._`.
const IGNORED: [&[u8]; 3] = [b".DS_Store", b"Thumbs.db", b"desktop.ini"];

/// An entry whose content comes next.
pub(super) struct Entry {
    /// `None` for a file that is stored without compression.
    pub inflate: Option<Decompress>,
    /// The bytes that are left of a file that is stored without compression.
    pub left: u64,
    /// Whether its sizes have 64 bits.
    pub zip64: bool,
    /// Whether its checksum and sizes follow its content.
    pub has_descriptor: bool,
    /// The checksum in the header.
    pub crc: u32,
    /// The checksum of the bytes so far.
    pub found: Crc,
    /// Whether this is a file with data, not a folder or one of [`IGNORED`].
    pub wanted: bool,
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let pair = bytes.get(at..at + 2).and_then(|pair| pair.try_into().ok());
    u16::from_le_bytes(pair.unwrap_or_default())
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    u32::from_le_bytes(four.unwrap_or_default())
}

impl Entry {
    /// The entry of a complete header.
    ///
    /// # Errors
    ///
    /// The entry cannot be read: why, as a message.
    pub fn parse(header: &[u8]) -> Result<Entry, String> {
        let (flags, method) = (u16_at(header, 6), u16_at(header, 8));
        let name_end = HEADER_BYTES + usize::from(u16_at(header, 26));
        let name = header.get(HEADER_BYTES..name_end).unwrap_or_default();
        let is_folder = name.ends_with(b"/");
        if WORKBOOK_PARTS.iter().any(|part| name.starts_with(part)) {
            return Err("the file is an Excel workbook: set [file] format = \"xlsx\"".to_owned());
        }
        if flags & 1 != 0 {
            return Err("the zip archive is encrypted".to_owned());
        }
        let has_descriptor = flags & 8 != 0;
        let (compressed, zip64) = compressed_size(header, name_end);
        let inflate = match method {
            0 if has_descriptor && !is_folder => {
                return Err(
                    "the zip archive stores a file without its size: use deflate".to_owned()
                );
            }
            0 => None,
            8 => Some(Decompress::new(false)),
            other => {
                return Err(format!(
                    "compression method {other} of the zip archive is not supported: use deflate"
                ));
            }
        };
        Ok(Entry {
            inflate,
            left: if is_folder && has_descriptor { 0 } else { compressed },
            zip64,
            has_descriptor,
            crc: u32_at(header, 14),
            found: Crc::new(),
            wanted: !is_folder && !is_ignored(name),
        })
    }
}

/// Whether an entry is one that operating systems add for their own use.
pub(in crate::decode) fn is_ignored(name: &[u8]) -> bool {
    // Some programs of Windows write its own separator.
    let mut parts = name.rsplit(|byte| matches!(byte, b'/' | b'\\'));
    let file = parts.next().unwrap_or_default();
    file.starts_with(b"._")
        || IGNORED.iter().any(|known| file.eq_ignore_ascii_case(known))
        || parts.any(|folder| folder == b"__MACOSX")
}

/// The compressed size, and whether the entry has 64 bit sizes (4.5.3), which hold it when the 32 bit
/// field is full.
fn compressed_size(header: &[u8], extra_start: usize) -> (u64, bool) {
    let (compressed, size) = (u32_at(header, 18), u32_at(header, 22));
    let mut extra = header.get(extra_start..).unwrap_or_default();
    while extra.len() >= 4 {
        let length = usize::from(u16_at(extra, 2));
        let body = extra.get(4..4 + length).unwrap_or_default();
        if u16_at(extra, 0) == 1 {
            let at = if size == u32::MAX { 8 } else { 0 };
            let low = u64::from(u32_at(body, at)) | u64::from(u32_at(body, at + 4)) << 32;
            return (if compressed == u32::MAX { low } else { compressed.into() }, true);
        }
        extra = extra.get(4 + length..).unwrap_or_default();
    }
    (compressed.into(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_systems_add_are_no_files_to_load() {
        for name in ["__MACOSX/a.csv", ".DS_Store", "sales/.DS_Store", "sales/._a.csv", "thumbs.db"]
        {
            assert!(is_ignored(name.as_bytes()), "{name}");
        }
        for name in ["a.csv", "sales/__MACOSX.csv", "a.DS_Store", ".DS_Store/a.csv", ""] {
            assert!(!is_ignored(name.as_bytes()), "{name}");
        }
    }
}
