//! Sniff: the first bytes of a file in, how they are compressed and encoded out.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::DecodeError;

/// So many bytes tell every compression from every other.
pub(super) const MAGIC_BYTES: usize = 8;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Zip,
}

/// What the first bytes say, or `None` for a file that is not compressed.
///
/// Sources: RFC 1952; RFC 8878, 3.1; the bzip2 and xz file formats; APPNOTE.TXT, 4.3.7.
pub(super) fn compression(start: &[u8]) -> Result<Option<Compression>, DecodeError> {
    let refuse = |what: &str| Err(DecodeError::bad_file(what));
    Ok(Some(match start {
        [0x1f, 0x8b, 8, ..] => Compression::Gzip,
        // Frames may be skippable ones, which hold notes of the program that wrote them.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Compression::Bzip2,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
        [b'P', b'K', 3, 4, ..] => Compression::Zip,
        [b'P', b'K', 5, 6, ..] => return refuse("the zip archive is empty"),
        [b'P', b'K', 7, 8, ..] => return refuse("a zip archive in several parts is not read"),
        [b'P', b'A', b'R', b'1', ..] => {
            return refuse("the file is Parquet: set [file] format = \"parquet\"");
        }
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1] | [0xd0, 0xcf, 0x11, 0xe0, ..] => {
            return refuse("the file is an Excel workbook: set [file] format = \"xlsx\"");
        }
        [b'7', b'z', 0xbc, 0xaf, ..] => return refuse("7z archives are not read: use zip or gzip"),
        [0x04, 0x22, 0x4d, 0x18, ..] => return refuse("lz4 is not read: use zstd or gzip"),
        [b'%', b'P', b'D', b'F', ..] => return refuse("the file is a PDF, not a table"),
        _ => return Ok(None),
    }))
}

/// Whether a byte order mark may still be coming.
pub(super) fn needs_more_for_encoding(start: &[u8]) -> bool {
    start.len() < 4
}

/// The encoding and the length of the mark that says so, which wins over what was told.
pub(super) fn encoding(
    start: &[u8],
    told: &'static Encoding,
) -> Result<(&'static Encoding, usize), DecodeError> {
    match start {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            Err(DecodeError::bad_file("UTF-32 is not read: save the file as UTF-8"))
        }
        [0xff, 0xfe, ..] => Ok((UTF_16LE, 2)),
        [0xfe, 0xff, ..] => Ok((UTF_16BE, 2)),
        [0xef, 0xbb, 0xbf, ..] => Ok((UTF_8, 3)),
        _ => Ok((told, 0)),
    }
}
