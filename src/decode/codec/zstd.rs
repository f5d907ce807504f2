//! Zstandard (RFC 8878): decompresses all frames of a file, within a window of 64 MiB.

use zstd::stream::raw::{DParameter, Decoder, Operation as _};

use super::{Codec, CodecError, Compression, Progress};

pub(super) const COMPRESSION: Compression = Compression {
    name: "zstd",
    suffixes: &["zst", "zstd"],
    // The second one is a skippable frame, which holds notes of the program that wrote it (3.1.2).
    matches: |start| {
        matches!(start, [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
    },
    codec: || Ok(Box::new(Zstd::new()?)),
};

/// The window that `zstd -21` uses, 64 MiB. Only a hostile file needs more.
const WINDOW_LOG: u32 = 26;

struct Zstd {
    decoder: Decoder<'static>,
    at_end: bool,
}

impl Zstd {
    fn new() -> Result<Zstd, String> {
        let mut decoder = Decoder::new().map_err(|error| error.to_string())?;
        decoder
            .set_parameter(DParameter::WindowLogMax(WINDOW_LOG))
            .map_err(|error| error.to_string())?;
        Ok(Zstd { decoder, at_end: false })
    }
}

impl Codec for Zstd {
    fn run(&mut self, input: &[u8], output: &mut [u8], _: bool) -> Result<Progress, CodecError> {
        if input.is_empty() && self.at_end {
            return Ok(Progress::default());
        }
        let status =
            self.decoder.run_on_buffers(input, output).map_err(|error| error.to_string())?;
        if status.bytes_read > 0 || status.bytes_written > 0 {
            // Zero: the frame has ended, and all of its bytes are in the output.
            self.at_end = status.remaining == 0;
        }
        Ok(Progress { read: status.bytes_read, written: status.bytes_written })
    }

    fn at_stream_end(&self) -> bool {
        self.at_end
    }
}
