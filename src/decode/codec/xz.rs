//! xz: decompresses all streams of a file, within 72 MiB of memory.
//!
//! Source: <https://tukaani.org/xz/xz-file-format.txt>.

use liblzma::stream::{Action, CONCATENATED, Status, Stream};

use super::{Codec, CodecError, Compression, Progress};

pub(super) const COMPRESSION: Compression = Compression {
    name: "xz",
    suffixes: &["xz"],
    matches: |start| start.starts_with(b"\xfd7zXZ\0"),
    codec: || Ok(Box::new(Xz::new()?)),
};

/// A file of `xz -9` needs 65 MiB. Only a hostile file needs more.
const MEMORY_BYTES: u64 = 72 << 20;

struct Xz {
    stream: Stream,
    at_end: bool,
}

impl Xz {
    fn new() -> Result<Xz, String> {
        let stream = Stream::new_stream_decoder(MEMORY_BYTES, CONCATENATED);
        Ok(Xz { stream: stream.map_err(|error| error.to_string())?, at_end: false })
    }
}

impl Codec for Xz {
    fn run(
        &mut self,
        input: &[u8],
        output: &mut [u8],
        ended: bool,
    ) -> Result<Progress, CodecError> {
        if self.at_end {
            return Ok(Progress::default());
        }
        let (read, written) = (self.stream.total_in(), self.stream.total_out());
        let action = if ended { Action::Finish } else { Action::Run };
        let status =
            self.stream.process(input, output, action).map_err(|error| error.to_string())?;
        self.at_end = status == Status::StreamEnd;
        Ok(Progress {
            read: (self.stream.total_in() - read) as usize,
            written: (self.stream.total_out() - written) as usize,
        })
    }

    fn at_stream_end(&self) -> bool {
        self.at_end
    }
}
