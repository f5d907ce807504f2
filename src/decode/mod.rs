//! Decode: an object's bytes in, compressed and encoded as they may be; plain UTF-8 bytes out.
//!
//! What an object is, its first bytes say, not its name. A decoder is pushed to and taken from in
//! pieces, so that a small input that decompresses to something large never stands in memory:
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
mod sniff;
#[cfg(test)]
mod tests;
mod text;
mod zip;

use std::fmt;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};

use crate::error::ErrorKind;
use codec::Decompressor;
use text::Transcoder;

/// How an object's bytes are to be read, and how large they may become.
#[derive(Debug, Clone)]
pub struct DecodeOptions {
    /// What the text is written in, unless a byte order mark says otherwise.
    pub encoding: &'static Encoding,
    /// Whether bytes that are none of the encoding become U+FFFD. Else each such sequence becomes
    /// the byte 0xFF, which no UTF-8 has, so that its row can be rejected.
    pub replace_invalid: bool,
    /// The most bytes that a compressed object may decompress to.
    pub max_bytes: u64,
    /// How many times larger than it is a compressed object may become, once that is more than
    /// [`RATIO_FLOOR_BYTES`].
    pub max_ratio: u64,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        let (max_bytes, max_ratio) = (u64::MAX, u64::MAX);
        DecodeOptions { encoding: UTF_8, replace_invalid: false, max_bytes, max_ratio }
    }
}

/// Below this no ratio counts as too large: a small file of nothing but commas is no bomb.
pub const RATIO_FLOOR_BYTES: u64 = 16 << 20;

/// What [`Decoder::next`] came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Decoded {
    /// The next bytes, never none.
    Bytes(Bytes),
    /// Push more bytes, or say that there are no more.
    NeedMore,
    /// All has been taken.
    End,
}

/// Why an object's bytes cannot be read. Never holds what is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// What kind of error it is to the pipeline.
    pub kind: ErrorKind,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
}

impl DecodeError {
    fn bad_file(message: impl Into<String>) -> DecodeError {
        DecodeError { kind: ErrorKind::BadFile, message: message.into() }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

/// Reads one object.
#[derive(Debug)]
pub struct Decoder {
    options: DecodeOptions,
    input: Bytes,
    ended: bool,
    decompress: Layer<Decompressor>,
    /// Decompressed bytes that are not text yet.
    decompressed: Bytes,
    text: Layer<Transcoder>,
    /// The text's last bytes are out.
    finished: bool,
}

/// A step on the way that may not be needed.
#[derive(Debug)]
enum Layer<T> {
    /// Not known before there are more bytes.
    Unknown,
    None,
    Some(T),
}

impl Decoder {
    /// A decoder that starts at the first byte of an object.
    pub fn new(options: DecodeOptions) -> Decoder {
        Decoder {
            options,
            input: Bytes::new(),
            ended: false,
            decompress: Layer::Unknown,
            decompressed: Bytes::new(),
            text: Layer::Unknown,
            finished: false,
        }
    }

    /// A decoder that goes on in the middle of an object that [`Decoder::is_plain`].
    pub fn plain() -> Decoder {
        let decoder = Decoder::new(DecodeOptions::default());
        Decoder { decompress: Layer::None, text: Layer::None, ..decoder }
    }

    /// Hands over the next bytes of the object; only after [`Decoded::NeedMore`], or what is
    /// waiting grows.
    pub fn push(&mut self, bytes: Bytes) {
        self.input = join(std::mem::take(&mut self.input), bytes);
    }

    /// Says that no more bytes will come.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether what comes out is what goes in, byte for byte, so that it can be read from the
    /// middle. Known once the first bytes are out.
    pub fn is_plain(&self) -> bool {
        matches!((&self.decompress, &self.text), (Layer::None, Layer::None))
    }

    /// The next decoded bytes, or what is missing.
    ///
    /// # Errors
    ///
    /// The bytes are broken, or become too many.
    #[allow(clippy::should_implement_trait, reason = "like RecordReader, it asks for more")]
    pub fn next(&mut self) -> Result<Decoded, DecodeError> {
        loop {
            if let Layer::None = self.text {
                return self.decompressed();
            }
            let more = match self.decompressed()? {
                Decoded::Bytes(bytes) => {
                    self.decompressed = join(std::mem::take(&mut self.decompressed), bytes);
                    true
                }
                Decoded::NeedMore => false,
                Decoded::End => return self.last_text(),
            };
            if let Layer::Unknown = self.text {
                if sniff::needs_more_for_encoding(&self.decompressed) {
                    if more {
                        continue;
                    }
                    return Ok(Decoded::NeedMore);
                }
                self.find_encoding()?;
                if let Layer::None = self.text {
                    return Ok(self.take_decompressed());
                }
            }
            if let Layer::Some(transcoder) = &mut self.text {
                let text = transcoder.run(&std::mem::take(&mut self.decompressed), false);
                if !text.is_empty() {
                    return Ok(Decoded::Bytes(text));
                }
            }
            if !more {
                return Ok(Decoded::NeedMore);
            }
        }
    }

    fn take_decompressed(&mut self) -> Decoded {
        match std::mem::take(&mut self.decompressed) {
            bytes if bytes.is_empty() => Decoded::NeedMore,
            bytes => Decoded::Bytes(bytes),
        }
    }

    fn find_encoding(&mut self) -> Result<(), DecodeError> {
        let (encoding, mark) = sniff::encoding(&self.decompressed, self.options.encoding)?;
        self.text = if encoding == UTF_8 {
            // The mark stays: what stands at its place is counted from the object's first byte.
            Layer::None
        } else {
            self.decompressed = self.decompressed.slice(mark..);
            Layer::Some(Transcoder::new(encoding, self.options.replace_invalid))
        };
        Ok(())
    }

    /// What is left once all is decompressed.
    fn last_text(&mut self) -> Result<Decoded, DecodeError> {
        if let Layer::Unknown = self.text {
            self.find_encoding()?;
        }
        let rest = std::mem::take(&mut self.decompressed);
        let text = match &mut self.text {
            Layer::Some(_) if self.finished => rest,
            Layer::Some(transcoder) => transcoder.run(&rest, true),
            _ => rest,
        };
        self.finished = true;
        Ok(if text.is_empty() { Decoded::End } else { Decoded::Bytes(text) })
    }

    fn decompressed(&mut self) -> Result<Decoded, DecodeError> {
        if let Layer::Unknown = self.decompress {
            if self.input.len() < sniff::MAGIC_BYTES && !self.ended {
                return Ok(Decoded::NeedMore);
            }
            self.decompress = match sniff::compression(&self.input)? {
                None => Layer::None,
                Some(compression) => Layer::Some(Decompressor::new(compression, &self.options)?),
            };
        }
        match &mut self.decompress {
            Layer::Some(decompressor) => decompressor.next(&mut self.input, self.ended),
            _ => Ok(match std::mem::take(&mut self.input) {
                bytes if !bytes.is_empty() => Decoded::Bytes(bytes),
                _ if self.ended => Decoded::End,
                _ => Decoded::NeedMore,
            }),
        }
    }
}

fn join(front: Bytes, back: Bytes) -> Bytes {
    if front.is_empty() {
        return back;
    }
    Bytes::from([front, back].concat())
}
