//! Converts text from any encoding of the WHATWG Encoding Standard to UTF-8, chunk by chunk.

use bytes::Bytes;
use encoding_rs::{DecoderResult, Encoding};

/// Replaces a sequence that is invalid in the encoding. The byte is never part of UTF-8, so that the
/// row that holds it can be rejected.
const INVALID: u8 = 0xff;

/// Converts one text.
pub(super) struct Transcoder {
    decoder: encoding_rs::Decoder,
    replace_invalid: bool,
}

impl std::fmt::Debug for Transcoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transcoder({})", self.decoder.encoding().name())
    }
}

impl Transcoder {
    /// A transcoder that starts at the first byte after the byte order mark.
    pub fn new(encoding: &'static Encoding, replace_invalid: bool) -> Transcoder {
        Transcoder { decoder: encoding.new_decoder_without_bom_handling(), replace_invalid }
    }

    /// The name of its encoding.
    pub fn encoding(&self) -> &'static str {
        self.decoder.encoding().name()
    }

    /// The text of `bytes`. An incomplete character at their end waits for the next call.
    pub fn run(&mut self, mut bytes: &[u8], last: bool) -> Bytes {
        // Enough for most texts; it grows for encodings that need up to three bytes for one.
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 2 + 16);
        loop {
            let start = out.len();
            out.resize(out.capacity(), 0);
            let space = out.get_mut(start..).unwrap_or_default();
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(bytes, space, last);
            out.truncate(start + written);
            bytes = bytes.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => return Bytes::from(out),
                DecoderResult::OutputFull => out.reserve(bytes.len() + 64),
                DecoderResult::Malformed(..) => {
                    if self.replace_invalid {
                        out.extend_from_slice("\u{fffd}".as_bytes());
                    } else {
                        out.push(INVALID);
                    }
                    out.reserve(bytes.len() + 64);
                }
            }
        }
    }
}
