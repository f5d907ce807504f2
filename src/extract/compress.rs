//! Compress: compresses bytes piece by piece, as zstd, gzip or not at all.

use std::io::{self, Write};

use flate2::write::GzEncoder;

/// How files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// zstd, the default.
    #[default]
    Zstd,
    /// gzip.
    Gzip,
    /// Not compressed.
    None,
}

impl Compression {
    /// Every compression.
    pub(super) const ALL: [Compression; 3] =
        [Compression::Zstd, Compression::Gzip, Compression::None];

    /// The end of a file's name.
    pub fn suffix(self) -> &'static str {
        match self {
            Compression::Zstd => ".zst",
            Compression::Gzip => ".gz",
            Compression::None => "",
        }
    }
}

/// The level of zstd: of the levels, the first compresses as fast as a database sends.
const ZSTD_LEVEL: i32 = 1;

/// Compresses one file.
pub(super) enum Compressor {
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Gzip(GzEncoder<Vec<u8>>),
    None(Vec<u8>),
}

impl Compressor {
    /// # Errors
    ///
    /// zstd cannot allocate its memory.
    pub fn new(compression: Compression) -> io::Result<Compressor> {
        Ok(match compression {
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Compressor::Zstd(encoder)
            }
            Compression::Gzip => {
                Compressor::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::fast()))
            }
            Compression::None => Compressor::None(Vec::new()),
        })
    }

    /// Compresses bytes; what is ready of the result.
    ///
    /// # Errors
    ///
    /// Those of zstd.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let ready = match self {
            Compressor::Zstd(encoder) => {
                encoder.write_all(bytes)?;
                encoder.get_mut()
            }
            Compressor::Gzip(encoder) => {
                encoder.write_all(bytes)?;
                encoder.get_mut()
            }
            Compressor::None(buffer) => {
                buffer.write_all(bytes)?;
                buffer
            }
        };
        Ok(std::mem::take(ready))
    }

    /// The rest of the result.
    ///
    /// # Errors
    ///
    /// Those of zstd.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Compressor::Zstd(encoder) => encoder.finish(),
            Compressor::Gzip(encoder) => encoder.finish(),
            Compressor::None(buffer) => Ok(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn each_compression_is_read_back() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|n| n.to_le_bytes()).collect();
        for compression in Compression::ALL {
            let mut compressor = Compressor::new(compression).unwrap();
            let mut out = Vec::new();
            for piece in text.chunks(70_000) {
                out.extend(compressor.push(piece).unwrap());
            }
            out.extend(compressor.finish().unwrap());
            let mut back = Vec::new();
            match compression {
                Compression::Zstd => back = zstd::decode_all(out.as_slice()).unwrap(),
                Compression::Gzip => {
                    flate2::read::GzDecoder::new(out.as_slice())
                        .read_to_end(&mut back)
                        .map(drop)
                        .unwrap();
                }
                Compression::None => back = out,
            }
            assert!(back == text, "{compression:?}");
        }
    }
}
