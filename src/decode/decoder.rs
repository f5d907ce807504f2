//! Decodes one object: decompresses it if it is compressed, then converts its text to UTF-8.

use bytes::Bytes;
use encoding_rs::UTF_8;

use super::decompressor::Decompressor;
use super::text::Transcoder;
use super::{DecodeError, DecodeOptions, Decoded, codec, sniff};

/// Decodes one object.
#[derive(Debug)]
pub struct Decoder {
    options: DecodeOptions,
    input: Bytes,
    ended: bool,
    decompressor: Layer<Decompressor>,
    /// Decompressed bytes whose encoding has not been converted yet.
    decompressed: Bytes,
    text: Layer<Transcoder>,
    /// The last bytes have been returned.
    finished: bool,
}

/// A step that an object may not need.
#[derive(Debug)]
enum Layer<T> {
    /// Too few bytes so far to know whether it is needed.
    Unknown,
    /// Not needed.
    None,
    /// Needed.
    Some(T),
}

impl Decoder {
    /// A decoder that starts at the first byte of an object.
    pub fn new(options: DecodeOptions) -> Decoder {
        Decoder {
            options,
            input: Bytes::new(),
            ended: false,
            decompressor: Layer::Unknown,
            decompressed: Bytes::new(),
            text: Layer::Unknown,
            finished: false,
        }
    }

    /// A decoder that continues in the middle of an object for which [`Decoder::is_plain`] is true.
    pub fn plain() -> Decoder {
        let decoder = Decoder::new(DecodeOptions::default());
        Decoder { decompressor: Layer::None, text: Layer::None, ..decoder }
    }

    /// Hands over the next bytes of the object. Call it only after [`Decoded::NeedMore`], because
    /// pushed bytes stay in memory until they are decoded.
    pub fn push(&mut self, bytes: Bytes) {
        self.input = join(std::mem::take(&mut self.input), bytes);
    }

    /// Says that the object has no more bytes.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether the output equals the input byte for byte, so that reading can start in the middle
    /// of the object. Known once [`Decoder::next`] has returned the first bytes.
    pub fn is_plain(&self) -> bool {
        matches!((&self.decompressor, &self.text), (Layer::None, Layer::None))
    }

    /// The name of the text's encoding, once [`Decoder::next`] has returned bytes.
    pub fn encoding(&self) -> Option<&'static str> {
        match &self.text {
            Layer::Unknown => None,
            Layer::None => Some(UTF_8.name()),
            Layer::Some(transcoder) => Some(transcoder.encoding()),
        }
    }

    /// The next decoded bytes, or what the decoder needs for them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadFile`](crate::error::ErrorKind::BadFile) if the object is damaged, truncated
    /// or of a kind that is not supported, [`ErrorKind::OverLimit`](crate::error::ErrorKind::OverLimit)
    /// if it decompresses to too many bytes.
    #[allow(clippy::should_implement_trait, reason = "it can ask for more, as RecordReader does")]
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
                if self.decompressed.len() < sniff::CONTENT_BYTES {
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
        let around = match &self.decompressor {
            Layer::Some(decompressor) => Some(decompressor.name()),
            _ => None,
        };
        sniff::check_content(&self.decompressed, around)?;
        let (encoding, mark) = sniff::encoding(&self.decompressed, self.options.encoding)?;
        let replaces = self.options.needs_valid_text && self.options.replace_invalid;
        self.text = if encoding == UTF_8 && !replaces {
            // The mark stays in the output, so that offsets are those of the object.
            Layer::None
        } else {
            self.decompressed = self.decompressed.slice(mark..);
            Layer::Some(Transcoder::new(encoding, self.options.replace_invalid))
        };
        Ok(())
    }

    /// The rest of the text, once everything is decompressed.
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

    /// The next bytes after decompression, if the object is compressed.
    fn decompressed(&mut self) -> Result<Decoded, DecodeError> {
        if let Layer::Unknown = self.decompressor {
            if self.input.len() < codec::MAGIC_BYTES && !self.ended {
                return Ok(Decoded::NeedMore);
            }
            self.decompressor = match sniff::compression(&self.input)? {
                None => Layer::None,
                Some(compression) => Layer::Some(Decompressor::new(compression, &self.options)?),
            };
        }
        match &mut self.decompressor {
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
