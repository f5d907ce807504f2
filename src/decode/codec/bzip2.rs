//! bzip2: decompresses all streams of a file.
//!
//! Source: <https://sourceware.org/bzip2/>; the format is written down in
//! <https://github.com/dsnet/compress/blob/master/doc/bzip2-format.pdf>.

use bzip2::{Decompress, Status};

use super::{Codec, CodecError, Compression, Progress};

pub(super) const COMPRESSION: Compression = Compression {
    name: "bzip2",
    suffixes: &["bz2"],
    // The block size, then the mark of a block or, in an empty file, of the stream's end.
    matches: |start| {
        matches!(
            start,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..]
                | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..]
        )
    },
    codec: || Ok(Box::new(Bzip2 { stream: None })),
};

struct Bzip2 {
    stream: Option<Decompress>,
}

impl Codec for Bzip2 {
    fn run(&mut self, input: &[u8], output: &mut [u8], _: bool) -> Result<Progress, CodecError> {
        if self.stream.is_none() && input.is_empty() {
            return Ok(Progress::default());
        }
        let stream = self.stream.get_or_insert_with(|| Decompress::new(false));
        let (read, written) = (stream.total_in(), stream.total_out());
        let status = stream.decompress(input, output).map_err(|error| error.to_string())?;
        let progress = Progress {
            read: (stream.total_in() - read) as usize,
            written: (stream.total_out() - written) as usize,
        };
        if status == Status::StreamEnd {
            self.stream = None;
        }
        Ok(progress)
    }

    fn at_stream_end(&self) -> bool {
        self.stream.is_none()
    }
}
