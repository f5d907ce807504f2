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
        [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => "rar archives are not supported: use zip or gzip",
        [0x1f, 0x9d, ..] => "files of compress (.Z) are not supported: use gzip",
        [b'L', b'Z', b'I', b'P', 0 | 1, ..] => "lzip is not supported: use xz or gzip",
        [0x04, 0x22, 0x4d, 0x18, ..] => "lz4 is not supported: use zstd or gzip",
        [0xff, 6, 0, 0, b's', b'N', b'a', b'P', ..] => "snappy is not supported: use zstd or gzip",
        [b'%', b'P', b'D', b'F', ..] => "the file is a PDF, not a table",
        [b'O', b'b', b'j', 1, ..] => "the file is Avro, which is not supported: use Parquet",
        [b'O', b'R', b'C', 0..=8 | 14..=31 | 128.., ..] => {
            "the file is ORC, which is not supported: use Parquet"
        }
        [b'A', b'R', b'R', b'O', b'W', b'1', 0, ..] => {
            "the file is Arrow (Feather), which is not supported: use Parquet"
        }
        _ => return None,
    })
}

/// The number of first decompressed bytes that tell what they are: a block of a tar archive.
pub(super) const CONTENT_BYTES: usize = 512;

/// Checks the first decompressed bytes, fewer than [`CONTENT_BYTES`] only in a smaller file. `around` is
/// the name of the compression that they had, if they had any.
///
/// # Errors
///
/// They are an archive, or a compressed file within a compressed one.
pub(super) fn check_content(start: &[u8], around: Option<&str>) -> Result<(), DecodeError> {
    if is_tar(start) {
        let message =
            "the file is a tar archive: upload its files one by one, each compressed if you like";
        return Err(DecodeError::bad_file(message));
    }
    let Some(around) = around else { return Ok(()) };
    let message = match (unreadable(start), Compression::of(start)) {
        (Some(message), _) => format!("the content of the {around} file cannot be read: {message}"),
        (None, Some(inner)) => {
            format!("the {around} file holds a {} file: compress the file once", inner.name)
        }
        (None, None) => return Ok(()),
    };
    Err(DecodeError::bad_file(message))
}

/// Whether the bytes start with the header of a file in a tar archive of any kind: its checksum is that of
/// all its bytes, with blanks in its own place.
///
/// Source: POSIX.1-2017, `pax`, "ustar Interchange Format".
pub(crate) fn is_tar(start: &[u8]) -> bool {
    let Some(header) = start.get(..CONTENT_BYTES) else { return false };
    let (Some(before), Some(sum), Some(after)) =
        (header.get(..148), header.get(148..156), header.get(156..))
    else {
        return false;
    };
    let digits = sum.trim_ascii_start().iter().take_while(|byte| byte.is_ascii_digit());
    let digits: Vec<u8> = digits.copied().collect();
    let given = std::str::from_utf8(&digits).ok().and_then(|sum| u32::from_str_radix(sum, 8).ok());
    let others = before.iter().chain(after).map(|byte| u32::from(*byte)).sum::<u32>();
    given == Some(others + 8 * 32)
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
