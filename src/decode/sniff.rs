//! Tells from the first bytes of a file how it is compressed and which encoding its text has.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::DecodeError;
use super::codec::Compression;

/// The compression of a file that starts with these bytes; `None` if it is not compressed.
///
/// # Errors
///
/// The file is of a kind that cannot be read here, such as a PDF.
pub(super) fn compression(start: &[u8]) -> Result<Option<&'static Compression>, DecodeError> {
    match unreadable(start) {
        Some(message) => Err(DecodeError::bad_file(message)),
        None => Ok(Compression::of(start)),
    }
}

/// Why a file that starts with these bytes cannot be read, if it is of a kind that is known.
fn unreadable(start: &[u8]) -> Option<&'static str> {
    Some(match start {
        [b'P', b'K', 5, 6, ..] => "the zip archive is empty",
        [b'P', b'K', 7, 8, ..] => "a zip archive in several volumes is not supported",
        [b'P', b'A', b'R', b'1', ..] => "the file is Parquet: set [file] format = \"parquet\"",
        [0xd0, 0xcf, 0x11, 0xe0, ..] => {
            "the file is an Excel workbook: set [file] format = \"xlsx\""
        }
        [b'7', b'z', 0xbc, 0xaf, ..] => "7z archives are not supported: use zip or gzip",
        [0x04, 0x22, 0x4d, 0x18, ..] => "lz4 is not supported: use zstd or gzip",
        [b'%', b'P', b'D', b'F', ..] => "the file is a PDF, not a table",
        _ => return None,
    })
}

/// Whether the bytes are too few to tell if a byte order mark begins the file.
pub(super) fn needs_more_for_encoding(start: &[u8]) -> bool {
    start.len() < 4
}

/// The encoding of a file that starts with these bytes, and the length of its byte order mark.
/// A mark takes precedence over the `configured` encoding.
///
/// Source: <https://encoding.spec.whatwg.org/#bom-sniff>.
///
/// # Errors
///
/// The mark is that of UTF-32, which is not supported.
pub(super) fn encoding(
    start: &[u8],
    configured: &'static Encoding,
) -> Result<(&'static Encoding, usize), DecodeError> {
    match start {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            Err(DecodeError::bad_file("UTF-32 is not supported: save the file as UTF-8"))
        }
        [0xff, 0xfe, ..] => Ok((UTF_16LE, 2)),
        [0xfe, 0xff, ..] => Ok((UTF_16BE, 2)),
        [0xef, 0xbb, 0xbf, ..] => Ok((UTF_8, 3)),
        _ => Ok((configured, 0)),
    }
}
