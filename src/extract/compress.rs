//! Compress: compresses bytes piece by piece, as zstd, gzip or not at all, and writes the result.

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

    /// The compression of that name.
    ///
    /// # Errors
    ///
    /// The names that there are.
    pub fn parse(name: &str) -> Result<Compression, String> {
        match name {
            "zstd" => Ok(Compression::Zstd),
            "gzip" => Ok(Compression::Gzip),
            "none" => Ok(Compression::None),
            _ => Err("expected zstd, gzip or none".to_owned()),
        }
    }

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
pub(super) enum Compressor<W: Write> {
    Zstd(zstd::stream::write::Encoder<'static, W>),
    Gzip(GzEncoder<W>),
    None(W),
}

impl<W: Write> Compressor<W> {
    /// # Errors
    ///
    /// zstd cannot allocate its memory.
    pub fn new(compression: Compression, out: W) -> io::Result<Compressor<W>> {
        Ok(match compression {
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Compressor::Zstd(encoder)
            }
            Compression::Gzip => Compressor::Gzip(GzEncoder::new(out, flate2::Compression::fast())),
            Compression::None => Compressor::None(out),
        })
    }

    /// Compresses bytes, and writes what is ready of the result.
    ///
    /// # Errors
    ///
    /// Those of zstd and of writing.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Compressor::Zstd(encoder) => encoder.write_all(bytes),
            Compressor::Gzip(encoder) => encoder.write_all(bytes),
            Compressor::None(out) => out.write_all(bytes),
        }
    }

    /// Writes the rest of the result, and returns where it was written to.
    ///
    /// # Errors
    ///
    /// Those of zstd and of writing.
    pub fn finish(self) -> io::Result<W> {
        let mut out = match self {
            Compressor::Zstd(encoder) => encoder.finish()?,
            Compressor::Gzip(encoder) => encoder.finish()?,
            Compressor::None(out) => out,
        };
        out.flush()?;
        Ok(out)
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
            let mut compressor = Compressor::new(compression, Vec::new()).unwrap();
            for piece in text.chunks(70_000) {
                compressor.push(piece).unwrap();
            }
            let out = compressor.finish().unwrap();
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
