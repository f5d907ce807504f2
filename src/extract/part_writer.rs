//! Part writer: takes the pieces of a table, compresses them and writes them to one file or several.

use std::collections::HashMap;

use tokio::sync::mpsc::Receiver;

use super::compress::{Compression, Compressor};
use super::extract_error;
use super::source::{Piece, interrupted};
use super::target::{Sink, Target};
use crate::error::{ErrorKind, Result};

/// The files of a table.
pub(super) struct PartWriter<'t> {
    pub target: &'t Target<'t>,
    pub compression: Compression,
    /// The key of a file by its number.
    pub key: Box<dyn Fn(usize) -> String + Send + 't>,
    /// The etags of the objects that may be replaced.
    pub existing: HashMap<String, String>,
    /// The size from which a file is complete.
    pub split_bytes: Option<u64>,
    /// Whether a table without rows has a file. A full extract has: it says that all rows are gone.
    pub writes_empty: bool,
}

/// What was written.
#[derive(Debug, Default, Clone)]
pub(super) struct Written {
    pub keys: Vec<String>,
    pub rows: u64,
    /// Before compression.
    pub bytes: u64,
}

/// A file that is being written.
struct Part {
    sink: Sink,
    key: String,
    compressor: Option<Compressor>,
    bytes: u64,
}

impl PartWriter<'_> {
    /// Writes all pieces. If they end without [`Piece::End`], or with an error, nothing of the last file is left.
    pub async fn write(
        &self,
        mut pieces: Receiver<Piece>,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Written> {
        let (mut header, mut written, mut part) = (Vec::new(), Written::default(), None);
        let result = async {
            loop {
                match pieces.recv().await.ok_or_else(interrupted)? {
                    Piece::Header(bytes) => {
                        header = bytes;
                        if self.writes_empty {
                            part = Some(self.begin(&header, &written).await?);
                        }
                    }
                    Piece::Rows { bytes, rows } => {
                        if part.is_none() {
                            part = Some(self.begin(&header, &written).await?);
                        }
                        let Some(current) = part.as_mut() else { continue };
                        let size = bytes.len() as u64;
                        current.push(bytes).await?;
                        written.rows += rows;
                        written.bytes += size;
                        progress(written.rows, written.bytes);
                        if self.split_bytes.is_some_and(|limit| current.bytes >= limit) {
                            current.finish().await?;
                            written.keys.extend(part.take().map(|part| part.key));
                        }
                    }
                    Piece::End => {
                        if let Some(current) = part.as_mut() {
                            current.finish().await?;
                            written.keys.extend(part.take().map(|part| part.key));
                        }
                        return Ok(written);
                    }
                }
            }
        }
        .await;
        if let (Err(_), Some(part)) = (&result, part.as_mut()) {
            part.sink.abort().await;
        }
        result
    }

    async fn begin(&self, header: &[u8], written: &Written) -> Result<Part> {
        let key = (self.key)(written.keys.len());
        let sink = self.target.create(&key, self.existing.get(&key)).await?;
        let compressor = Some(Compressor::new(self.compression).map_err(uncompressed)?);
        let mut part = Part { sink, key, compressor, bytes: 0 };
        part.push(header.to_vec()).await?;
        Ok(part)
    }
}

impl Part {
    /// Compresses on another thread, so that the source is read meanwhile.
    async fn push(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.bytes += bytes.len() as u64;
        let Some(mut compressor) = self.compressor.take() else { return Err(interrupted()) };
        let compressing = tokio::task::spawn_blocking(move || {
            let ready = compressor.push(&bytes);
            (compressor, ready)
        });
        let (compressor, ready) = compressing.await.map_err(|_| interrupted())?;
        self.compressor = Some(compressor);
        self.sink.write(&ready.map_err(uncompressed)?).await
    }

    async fn finish(&mut self) -> Result<()> {
        let Some(compressor) = self.compressor.take() else { return Err(interrupted()) };
        let rest = compressor.finish().map_err(uncompressed)?;
        self.sink.write(&rest).await?;
        self.sink.finish().await
    }
}

fn uncompressed(error: std::io::Error) -> crate::error::Error {
    extract_error(ErrorKind::SourceLost, "the rows could not be compressed").caused_by(error)
}
