//! Decompresses a file piece by piece, and refuses one that becomes larger than the limits allow.

use bytes::{Buf, Bytes};

use super::codec::{Codec, CodecError, Compression};
use super::{DecodeError, DecodeOptions, Decoded, RATIO_FLOOR_BYTES};
use crate::error::ErrorKind;

/// The most bytes that are decompressed at once.
const PIECE_BYTES: usize = 128 << 10;

/// Decompresses one file with the codec of its compression.
pub(super) struct Decompressor {
    codec: Box<dyn Codec>,
    name: &'static str,
    piece: Vec<u8>,
    read_bytes: u64,
    written_bytes: u64,
    max_bytes: u64,
    max_ratio: u64,
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Decompressor({})", self.name)
    }
}

impl Decompressor {
    /// # Errors
    ///
    /// The compression library cannot start, such as without memory.
    pub fn new(compression: &Compression, options: &DecodeOptions) -> Result<Self, DecodeError> {
        Ok(Decompressor {
            codec: (compression.codec)().map_err(DecodeError::bad_file)?,
            name: compression.name,
            piece: vec![0; PIECE_BYTES],
            read_bytes: 0,
            written_bytes: 0,
            max_bytes: options.max_bytes,
            max_ratio: options.max_ratio,
        })
    }

    /// The name of the compression.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The next piece of what `input` decompresses to. `ended` says that the file has no bytes
    /// after `input`.
    ///
    /// # Errors
    ///
    /// The file is damaged or cut off, or becomes larger than a limit.
    pub fn next(&mut self, input: &mut Bytes, ended: bool) -> Result<Decoded, DecodeError> {
        loop {
            if input.is_empty() && !ended {
                return Ok(Decoded::NeedMore);
            }
            let progress = self.codec.run(input, &mut self.piece, ended).map_err(|error| {
                let (name, at) = (self.name, self.read_bytes);
                DecodeError::bad_file(match error {
                    CodecError::Damaged(why) => {
                        format!("damaged {name} data near byte {at}: {why}")
                    }
                    CodecError::Refused(message) => message,
                })
            })?;
            input.advance(progress.read);
            self.read_bytes += progress.read as u64;
            self.written_bytes += progress.written as u64;
            self.check_size()?;
            if progress.written > 0 {
                let piece = self.piece.get(..progress.written).unwrap_or_default();
                return Ok(Decoded::Bytes(Bytes::copy_from_slice(piece)));
            }
            if progress.read > 0 {
                continue;
            }
            if !ended {
                // The rest of the input is the start of something longer.
                return Ok(Decoded::NeedMore);
            }
            if self.codec.at_stream_end() && input.is_empty() {
                return Ok(Decoded::End);
            }
            let message = format!("the {} data ends too early: the file is truncated", self.name);
            return Err(DecodeError::bad_file(message));
        }
    }

    fn check_size(&self) -> Result<(), DecodeError> {
        let over = |message| Err(DecodeError { kind: ErrorKind::OverLimit, message });
        if self.written_bytes > self.max_bytes {
            return over(format!(
                "the file decompresses to more than {} bytes (STARDROP_MAX_DECOMPRESSED_BYTES)",
                self.max_bytes
            ));
        }
        if self.written_bytes > RATIO_FLOOR_BYTES
            && self.written_bytes / self.max_ratio.max(1) > self.read_bytes
        {
            return over(format!(
                "the file decompresses to more than {} times its size (STARDROP_MAX_RATIO)",
                self.max_ratio
            ));
        }
        Ok(())
    }
}
