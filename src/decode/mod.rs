//! Turns the bytes of an object, compressed and in any encoding, into plain UTF-8, within limits.
//!
//! The first bytes of an object say how it is compressed, not its name. The caller pushes bytes in and
//! takes bytes out in pieces, so that a small input that decompresses to a large output never fills
//! the memory:
//!
//! ```text
//! loop {
//!     match decoder.next()? {
//!         Decoded::Bytes(bytes) => use(bytes),
//!         Decoded::NeedMore => match stream.next().await { Some(bytes) => decoder.push(bytes), None => decoder.end() },
//!         Decoded::End => break,
//!     }
//! }
//! ```

mod codec;
#[cfg(test)]
pub(crate) mod compressors_for_tests;
mod decoder;
mod decompressed;
mod decompressor;
#[cfg(test)]
mod encoding_tests;
#[cfg(test)]
mod gzip_tests;
mod sniff;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};

use crate::error::{Error, ErrorKind, Stage};
pub use decoder::Decoder;
pub(crate) use decompressed::Decompressed;
pub(crate) use sniff::is_tar;

/// How to read an object's bytes, and how large they may become.
#[derive(Debug, Clone)]
pub struct DecodeOptions {
    /// The encoding of the text, unless a byte order mark says otherwise.
    pub encoding: &'static Encoding,
    /// Whether bytes that are invalid in the encoding become U+FFFD. If not, each such sequence
    /// becomes the byte 0xFF, which is never part of UTF-8, so that its row can be rejected.
    pub replace_invalid: bool,
    /// Whether texts in UTF-8 must be valid, too, so that what is invalid is replaced here.
    pub needs_valid_text: bool,
    /// The most bytes that a compressed object may decompress to.
    pub max_bytes: u64,
    /// The largest ratio of decompressed to compressed bytes, once there are more decompressed
    /// bytes than [`RATIO_FLOOR_BYTES`].
    pub max_ratio: u64,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        let (max_bytes, max_ratio) = (u64::MAX, u64::MAX);
        let (replace_invalid, needs_valid_text) = (false, false);
        DecodeOptions { encoding: UTF_8, replace_invalid, needs_valid_text, max_bytes, max_ratio }
    }
}

/// No ratio is too large below this many decompressed bytes: a small file that consists of commas
/// is harmless.
pub const RATIO_FLOOR_BYTES: u64 = 16 << 20;

/// The result of [`Decoder::next`].
#[derive(Debug, PartialEq, Eq)]
pub enum Decoded {
    /// The next bytes, at least one.
    Bytes(Bytes),
    /// Push more bytes, or call [`Decoder::end`] if there are none.
    NeedMore,
    /// All bytes have been taken.
    End,
}

/// Why an object's bytes cannot be decoded. Never holds any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// What the error means to the pipeline.
    pub kind: ErrorKind,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
}

impl DecodeError {
    pub(crate) fn bad_file(message: impl Into<String>) -> DecodeError {
        DecodeError { kind: ErrorKind::BadFile, message: message.into() }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Error {
        Error::new(error.kind, Stage::Decode, error.message)
    }
}

/// Whether `suffix`, in lower case and without its dot, is that of a compressed file, such as `gz`.
pub(crate) fn is_compression_suffix(suffix: &str) -> bool {
    codec::Compression::has_suffix(suffix)
}

/// The number of last bytes of a zip archive that `check_zip` needs.
pub const ZIP_TAIL_BYTES: u64 = 256 << 10;

/// Whether an object that starts with these bytes is a zip archive.
pub(crate) fn is_zip(start: &[u8]) -> bool {
    start.starts_with(codec::zip::ENTRY)
}

/// The most bytes of a zip archive's directory that are read. An archive with a larger one is refused.
pub const MAX_ZIP_DIRECTORY_BYTES: u64 = 4 << 20;

/// Refuses a zip archive of several files before the first of them is loaded. `tail` are its last bytes,
/// from `offset` on. Returns the offset of the directory if `check_zip_directory` must check it, because
/// it is not within them.
///
/// # Errors
///
/// [`ErrorKind::BadFile`] if it holds several files, or something is around the archive.
pub(crate) fn check_zip(tail: &[u8], offset: u64) -> Result<Option<u64>, DecodeError> {
    codec::zip::check_tail(tail, offset).map_err(DecodeError::bad_file)
}

/// Refuses a zip archive by the first bytes of its directory, [`MAX_ZIP_DIRECTORY_BYTES`] of them if it has
/// as many.
///
/// # Errors
///
/// [`ErrorKind::BadFile`] if it holds several files, or more entries than are read to find out.
pub(crate) fn check_zip_directory(directory: &[u8]) -> Result<(), DecodeError> {
    codec::zip::check_directory(directory).map_err(DecodeError::bad_file)
}

/// Refuses a zip archive with something around it, by its last bytes, from `offset` on. Returns the offset of its
/// directory if that is not within them.
///
/// # Errors
///
/// [`ErrorKind::BadFile`] if something is before or behind it.
pub(crate) fn check_around_zip(tail: &[u8], offset: u64) -> Result<Option<u64>, DecodeError> {
    codec::zip::check_around(tail, offset).map_err(DecodeError::bad_file)
}

/// Whether an entry of an archive is one that operating systems add for their own use.
pub(crate) fn is_ignored_entry(name: &[u8]) -> bool {
    codec::zip::is_ignored(name)
}

/// The length of a block of a tar archive, which is also that of a header.
pub(crate) const TAR_BLOCK_BYTES: u64 = sniff::CONTENT_BYTES as u64;

/// The name of the compression of a file that starts with these bytes; `None` if it is not compressed.
pub(crate) fn compression_name(start: &[u8]) -> Option<&'static str> {
    codec::Compression::of(start).map(|compression| compression.name)
}
