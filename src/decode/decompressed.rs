//! Reads a compressed file from another reader, for what reads archives on disk.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};

use super::codec::{Compression, MAGIC_BYTES};
use super::decompressor::Decompressor;
use super::{DecodeError, DecodeOptions, Decoded};

/// How many compressed bytes are read at once.
const CHUNK_BYTES: usize = 128 << 10;

/// The content of a compressed file, within the limits of its options. Its errors hold a [`DecodeError`].
pub(crate) struct Decompressed<R> {
    from: R,
    decompressor: Decompressor,
    input: Bytes,
    output: Bytes,
    has_ended: bool,
}

impl<R: Read> Decompressed<R> {
    /// Reads the file from its start.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is not compressed.
    pub fn new(mut from: R, options: &DecodeOptions) -> Result<Self, DecodeError> {
        let mut start = Vec::new();
        let read = from.by_ref().take(MAGIC_BYTES as u64).read_to_end(&mut start);
        let compression = read.ok().and_then(|_| Compression::of(&start));
        let compression =
            compression.ok_or_else(|| DecodeError::bad_file("the file is not compressed"))?;
        Ok(Decompressed {
            from,
            decompressor: Decompressor::new(compression, options)?,
            input: Bytes::from(start),
            output: Bytes::new(),
            has_ended: false,
        })
    }

    /// Reads more of the file behind what is left of it.
    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = self.input.to_vec();
        let left = chunk.len();
        self.from.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
        self.has_ended = chunk.len() == left;
        self.input = Bytes::from(chunk);
        Ok(())
    }
}

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.output.is_empty() {
            let next = self.decompressor.next(&mut self.input, self.has_ended);
            match next.map_err(io::Error::other)? {
                Decoded::Bytes(output) => self.output = output,
                Decoded::NeedMore => self.fill()?,
                Decoded::End => return Ok(0),
            }
        }
        let count = self.output.len().min(bytes.len());
        if let Some(bytes) = bytes.get_mut(..count) {
            self.output.copy_to_slice(bytes);
        }
        Ok(count)
    }
}
