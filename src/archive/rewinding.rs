//! Rewinding: reads a compressed file from any position of its content. One that is before the last position that was
//! read starts at the beginning again, so the entries of an archive are read in their order at no cost.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use crate::decode::{DecodeOptions, Decompressed};
use crate::records::SharedFile;

/// How many bytes are passed over at once.
const PIECE_BYTES: usize = 64 << 10;

/// The position of the next byte of the content, and what reads it.
type Reader = (u64, Decompressed<SharedFile>);

/// A compressed file. Clones share its reader.
#[derive(Clone)]
pub(super) struct Rewinding {
    file: SharedFile,
    options: DecodeOptions,
    reader: Arc<Mutex<Option<Reader>>>,
}

/// A part of the content.
pub(super) struct Span {
    of: Rewinding,
    position: u64,
    left: u64,
}

impl Rewinding {
    pub fn new(file: SharedFile, options: DecodeOptions) -> Rewinding {
        Rewinding { file, options, reader: Arc::default() }
    }

    /// The content from a position on, at most `length` bytes.
    pub fn at(&self, position: u64, length: u64) -> Span {
        Span { of: self.clone(), position, left: length }
    }

    fn read(&self, position: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, mut decompressed) = match reader.take() {
            Some((at, decompressed)) if at <= position => (at, decompressed),
            _ => (0, Decompressed::new(self.file.at(0), &self.options).map_err(io::Error::other)?),
        };
        skip(&mut decompressed, position - at)?;
        let count = decompressed.read(bytes)?;
        *reader = Some((position + count as u64, decompressed));
        Ok(count)
    }
}

fn skip(from: &mut impl Read, count: u64) -> io::Result<()> {
    let (mut left, mut piece) = (count, Vec::new());
    while left > 0 {
        piece.resize(left.min(PIECE_BYTES as u64) as usize, 0);
        match from.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => left -= read as u64,
        }
    }
    Ok(())
}

impl Read for Span {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let wanted = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let Some(bytes) = bytes.get_mut(..wanted).filter(|bytes| !bytes.is_empty()) else {
            return Ok(0);
        };
        let count = self.of.read(self.position, bytes)?;
        self.position += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}
