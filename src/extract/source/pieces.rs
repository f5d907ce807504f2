//! Pieces: how a source hands over a file, in pieces of whole rows.

use tokio::sync::mpsc::Sender;

use super::interrupted;
use crate::error::Result;

/// The size from which a piece is sent.
const PIECE_BYTES: usize = 256 << 10;

/// A piece of a file.
#[derive(Debug)]
pub(in crate::extract) enum Piece {
    /// The header, before all rows.
    Header(Vec<u8>),
    /// Whole rows.
    Rows { bytes: Vec<u8>, rows: u64 },
    /// All rows have been sent. Without this, the file is not complete.
    End,
}

/// The pieces of a file that is being read.
pub(super) struct Pieces<'o> {
    out: &'o Sender<Piece>,
    bytes: Vec<u8>,
    rows: u64,
}

impl<'o> Pieces<'o> {
    /// Sends the header.
    ///
    /// # Errors
    ///
    /// [`interrupted`] where the writer has ended, whose error is the one to report.
    pub async fn begin(out: &'o Sender<Piece>, header: Vec<u8>) -> Result<Self> {
        let pieces = Pieces { out, bytes: Vec::with_capacity(PIECE_BYTES * 5 / 4), rows: 0 };
        pieces.send(Piece::Header(header)).await?;
        Ok(pieces)
    }

    /// The buffer to append the next row to.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Called once a row is in the buffer: sends it once it is large enough.
    ///
    /// # Errors
    ///
    /// As [`Pieces::begin`].
    pub async fn row_written(&mut self) -> Result<()> {
        self.rows += 1;
        if self.bytes.len() < PIECE_BYTES {
            return Ok(());
        }
        let next = Vec::with_capacity(PIECE_BYTES * 5 / 4);
        let bytes = std::mem::replace(&mut self.bytes, next);
        let rows = std::mem::take(&mut self.rows);
        self.send(Piece::Rows { bytes, rows }).await
    }

    /// Sends the rest, and the end.
    ///
    /// # Errors
    ///
    /// As [`Pieces::begin`].
    pub async fn end(mut self) -> Result<()> {
        if self.rows > 0 {
            let bytes = std::mem::take(&mut self.bytes);
            self.send(Piece::Rows { bytes, rows: self.rows }).await?;
        }
        self.send(Piece::End).await
    }

    async fn send(&self, piece: Piece) -> Result<()> {
        self.out.send(piece).await.map_err(|_| interrupted())
    }
}
