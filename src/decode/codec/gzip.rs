//! gzip (RFC 1952): decompresses all members of a file.
//!
//! Zero bytes after the last member are padding, as for the program `gzip`.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Codec, CodecError, Compression, Progress};

pub(super) const COMPRESSION: Compression = Compression {
    name: "gzip",
    suffixes: &["gz", "gzip"],
    matches: |start| start.starts_with(&[0x1f, 0x8b, 8]),
    codec: || Ok(Box::new(Gzip { member: None, at_end: true })),
};

struct Gzip {
    member: Option<Decompress>,
    at_end: bool,
}

impl Codec for Gzip {
    fn run(&mut self, input: &[u8], output: &mut [u8], _: bool) -> Result<Progress, CodecError> {
        if self.member.is_none() {
            let padding = input.iter().take_while(|byte| **byte == 0).count();
            match input.get(padding) {
                Some(0x1f) if padding == 0 => {}
                Some(0x1f) | None => return Ok(Progress { read: padding, written: 0 }),
                Some(_) => return Err("data after its last member is not gzip".to_owned().into()),
            }
            self.at_end = false;
        }
        let member = self.member.get_or_insert_with(|| Decompress::new_gzip(15));
        let (read, written) = (member.total_in(), member.total_out());
        let status = member
            .decompress(input, output, FlushDecompress::None)
            .map_err(|error| error.message().unwrap_or("damaged data").to_owned())?;
        let progress = Progress {
            read: (member.total_in() - read) as usize,
            written: (member.total_out() - written) as usize,
        };
        if status == Status::StreamEnd {
            (self.member, self.at_end) = (None, true);
        }
        Ok(progress)
    }

    fn at_stream_end(&self) -> bool {
        self.at_end
    }
}
