//! Lists the compressions that can be read, and defines what each has to offer.
//!
//! A new compression is one file here and one line in `COMPRESSIONS`.
//!
//! Each codec wraps the raw stream of a compression library, not its `Read` or `Write` adapters:
//! only a raw stream stops when its output buffer is full, which bounds the memory.

mod bzip2;
mod gzip;
mod xz;
pub(super) mod zip;
mod zstd;

/// Every compression that can be read.
static COMPRESSIONS: &[Compression] =
    &[gzip::COMPRESSION, zstd::COMPRESSION, bzip2::COMPRESSION, xz::COMPRESSION, zip::COMPRESSION];

/// The number of first bytes that [`Compression::of`] needs to tell every compression.
pub(super) const MAGIC_BYTES: usize = 8;

/// A compression that can be read.
pub(super) struct Compression {
    pub name: &'static str,
    /// The suffixes of its files, in lower case and without the dot.
    suffixes: &'static [&'static str],
    /// Whether a file that starts with these bytes is compressed so.
    matches: fn(&[u8]) -> bool,
    /// Makes a codec for one file, or says why the library cannot.
    pub codec: fn() -> Result<Box<dyn Codec>, String>,
}

impl Compression {
    /// The compression of a file that starts with these bytes; `None` if it is not compressed.
    pub fn of(start: &[u8]) -> Option<&'static Compression> {
        COMPRESSIONS.iter().find(|compression| (compression.matches)(start))
    }

    /// Whether `suffix`, in lower case and without its dot, is that of a compressed file.
    pub(crate) fn has_suffix(suffix: &str) -> bool {
        COMPRESSIONS.iter().any(|compression| compression.suffixes.contains(&suffix))
    }
}

/// Why a codec cannot go on.
#[derive(Debug)]
pub(super) enum CodecError {
    /// What is wrong with the bytes, as half a sentence.
    Damaged(String),
    /// The bytes are right, and of a kind that is not read here: the whole message.
    Refused(String),
}

impl From<String> for CodecError {
    fn from(why: String) -> CodecError {
        CodecError::Damaged(why)
    }
}

/// How far one call of a codec got.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Progress {
    /// Bytes taken from the input.
    pub read: usize,
    /// Bytes written to the output.
    pub written: usize,
}

/// Decompresses one file, which may consist of several compressed streams, one after the other.
pub(super) trait Codec: Send {
    /// Decompresses from `input` to `output` until either is used up. `ended` says that the file
    /// has no bytes after `input`.
    ///
    /// # Errors
    ///
    /// The bytes are not valid for this compression, or are an archive that is not read here.
    fn run(&mut self, input: &[u8], output: &mut [u8], ended: bool)
    -> Result<Progress, CodecError>;

    /// Whether a stream has just ended, so that the file may end here.
    fn at_stream_end(&self) -> bool;
}
