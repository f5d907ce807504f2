//! Codec: compressed bytes in, decompressed bytes out, piece by piece and no more than is allowed.
//!
//! The raw streams of the compression libraries, not their `Read` or `Write` ends: only a raw
//! stream stops where its output is full, and so bounds the memory.

use bytes::{Buf, Bytes};
use flate2::FlushDecompress;

use super::sniff::Compression;
use super::zip::Zip;
use super::{DecodeError, DecodeOptions, Decoded, RATIO_FLOOR_BYTES};
use crate::error::ErrorKind;

/// So much is decompressed at once.
const PIECE_BYTES: usize = 128 << 10;
/// `xz -9` takes 65 MiB; what takes more was made to.
const XZ_MEMORY_BYTES: u64 = 72 << 20;
/// The window of `zstd -21`, 64 MiB; what takes more was made to.
const ZSTD_WINDOW_LOG: u32 = 26;

/// What one call of a codec came to.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Progress {
    pub read: usize,
    pub written: usize,
}

/// One compression. A file may be several streams of it, one after the other.
pub(super) trait Codec: Send {
    /// Decompresses from `input` to `output` as far as either goes; `ended` says that nothing comes
    /// after `input`.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes.
    fn run(&mut self, input: &[u8], output: &mut [u8], ended: bool) -> Result<Progress, String>;

    /// Whether the file may end here.
    fn at_stream_end(&self) -> bool;
}

/// Decompresses a file.
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
    pub fn new(compression: Compression, options: &DecodeOptions) -> Result<Self, DecodeError> {
        let failed = |error: String| DecodeError::bad_file(error);
        let (name, codec): (_, Box<dyn Codec>) = match compression {
            Compression::Gzip => ("gzip", Box::new(Gzip { member: None, whole: true })),
            Compression::Zstd => ("zstd", Box::new(Zstd::new().map_err(failed)?)),
            Compression::Bzip2 => ("bzip2", Box::new(Bzip2 { stream: None })),
            Compression::Xz => ("xz", Box::new(Xz::new().map_err(failed)?)),
            Compression::Zip => ("zip", Box::new(Zip::new())),
        };
        let (max_bytes, max_ratio) = (options.max_bytes, options.max_ratio);
        let piece = vec![0; PIECE_BYTES];
        Ok(Decompressor {
            codec,
            name,
            piece,
            read_bytes: 0,
            written_bytes: 0,
            max_bytes,
            max_ratio,
        })
    }

    /// The next piece of what `input` decompresses to.
    pub fn next(&mut self, input: &mut Bytes, ended: bool) -> Result<Decoded, DecodeError> {
        loop {
            if input.is_empty() && !ended {
                return Ok(Decoded::NeedMore);
            }
            let progress = self.codec.run(input, &mut self.piece, ended).map_err(|why| {
                let (name, at) = (self.name, self.read_bytes);
                DecodeError::bad_file(format!("broken {name} near byte {at}: {why}"))
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
                // Whatever is left is the start of something longer.
                return Ok(Decoded::NeedMore);
            }
            if self.codec.at_stream_end() && input.is_empty() {
                return Ok(Decoded::End);
            }
            let message = format!("the {} data ends too early: the file is cut off", self.name);
            return Err(DecodeError::bad_file(message));
        }
    }

    fn check_size(&self) -> Result<(), DecodeError> {
        let over = |message| Err(DecodeError { kind: ErrorKind::OverLimit, message });
        if self.written_bytes > self.max_bytes {
            return over(format!(
                "the file decompresses to more than {} bytes (STARDROP_MAX_UNPACKED_BYTES)",
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

/// All members of a gzip file; zeros after the last one are padding, as gzip itself takes it.
struct Gzip {
    member: Option<flate2::Decompress>,
    whole: bool,
}

impl Codec for Gzip {
    fn run(&mut self, input: &[u8], output: &mut [u8], _: bool) -> Result<Progress, String> {
        if self.member.is_none() {
            let padding = input.iter().take_while(|byte| **byte == 0).count();
            match input.get(padding) {
                Some(0x1f) if padding == 0 => {}
                Some(0x1f) | None => return Ok(Progress { read: padding, written: 0 }),
                Some(_) => return Err("what follows its last member is no gzip".to_owned()),
            }
            self.whole = false;
        }
        let member = self.member.get_or_insert_with(|| flate2::Decompress::new_gzip(15));
        let (read, written) = (member.total_in(), member.total_out());
        let status = member
            .decompress(input, output, FlushDecompress::None)
            .map_err(|error| error.message().unwrap_or("damaged data").to_owned())?;
        let progress = Progress {
            read: (member.total_in() - read) as usize,
            written: (member.total_out() - written) as usize,
        };
        if status == flate2::Status::StreamEnd {
            (self.member, self.whole) = (None, true);
        }
        Ok(progress)
    }

    fn at_stream_end(&self) -> bool {
        self.whole
    }
}

struct Zstd {
    decoder: zstd::stream::raw::Decoder<'static>,
    whole: bool,
}

impl Zstd {
    fn new() -> Result<Zstd, String> {
        let mut decoder = zstd::stream::raw::Decoder::new().map_err(|e| e.to_string())?;
        decoder
            .set_parameter(zstd::stream::raw::DParameter::WindowLogMax(ZSTD_WINDOW_LOG))
            .map_err(|error| error.to_string())?;
        Ok(Zstd { decoder, whole: false })
    }
}

impl Codec for Zstd {
    fn run(&mut self, input: &[u8], output: &mut [u8], _: bool) -> Result<Progress, String> {
        use zstd::stream::raw::Operation;
        if input.is_empty() && self.whole {
            return Ok(Progress::default());
        }
        let status =
            self.decoder.run_on_buffers(input, output).map_err(|error| error.to_string())?;
        if status.bytes_read > 0 || status.bytes_written > 0 {
            // Zero: the frame is at its end, and all of it is out.
            self.whole = status.remaining == 0;
        }
        Ok(Progress { read: status.bytes_read, written: status.bytes_written })
    }

    fn at_stream_end(&self) -> bool {
        self.whole
    }
}

/// All streams of a bzip2 file.
struct Bzip2 {
    stream: Option<bzip2::Decompress>,
}

impl Codec for Bzip2 {
    fn run(&mut self, input: &[u8], output: &mut [u8], _: bool) -> Result<Progress, String> {
        if self.stream.is_none() && input.is_empty() {
            return Ok(Progress::default());
        }
        let stream = self.stream.get_or_insert_with(|| bzip2::Decompress::new(false));
        let (read, written) = (stream.total_in(), stream.total_out());
        let status = stream.decompress(input, output).map_err(|error| error.to_string())?;
        let progress = Progress {
            read: (stream.total_in() - read) as usize,
            written: (stream.total_out() - written) as usize,
        };
        if status == bzip2::Status::StreamEnd {
            self.stream = None;
        }
        Ok(progress)
    }

    fn at_stream_end(&self) -> bool {
        self.stream.is_none()
    }
}

struct Xz {
    stream: liblzma::stream::Stream,
    whole: bool,
}

impl Xz {
    fn new() -> Result<Xz, String> {
        let flags = liblzma::stream::CONCATENATED;
        let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY_BYTES, flags);
        Ok(Xz { stream: stream.map_err(|error| error.to_string())?, whole: false })
    }
}

impl Codec for Xz {
    fn run(&mut self, input: &[u8], output: &mut [u8], ended: bool) -> Result<Progress, String> {
        use liblzma::stream::{Action, Status};
        if self.whole {
            return Ok(Progress::default());
        }
        let (read, written) = (self.stream.total_in(), self.stream.total_out());
        let action = if ended { Action::Finish } else { Action::Run };
        let status =
            self.stream.process(input, output, action).map_err(|error| error.to_string())?;
        self.whole = status == Status::StreamEnd;
        Ok(Progress {
            read: (self.stream.total_in() - read) as usize,
            written: (self.stream.total_out() - written) as usize,
        })
    }

    fn at_stream_end(&self) -> bool {
        self.whole
    }
}
