//! Part writer: takes the pieces of a table, and writes them to one file or several in the format that is asked for.

use std::collections::HashMap;

use tokio::sync::mpsc::Receiver;

use super::compress::Compression;
use super::file_channel::file_channel;
use super::format::{FileWriter, Format, Start};
use super::source::{Piece, interrupted};
use super::table::Table;
use super::target::{Sink, Target};
use crate::error::Result;

/// The files of a table.
pub(super) struct PartWriter<'t> {
    pub target: &'t Target<'t>,
    pub table: &'t Table,
    pub format: &'static Format,
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
    /// `None` while it works, or after an error.
    writer: Option<Box<dyn FileWriter>>,
    /// What the writer has written.
    chunks: Receiver<Vec<u8>>,
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
        let (out, chunks) = file_channel();
        let out = Box::new(out);
        let start = Start { table: self.table, header, compression: self.compression, out };
        let writer = Some((self.format.begin)(start)?);
        let sink = self.target.create(&key, self.existing.get(&key)).await?;
        Ok(Part { sink, key, writer, chunks, bytes: 0 })
    }
}

impl Part {
    /// Writes on another thread, so that the source is read meanwhile.
    async fn push(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.bytes += bytes.len() as u64;
        let Some(mut writer) = self.writer.take() else { return Err(interrupted()) };
        let mut writing = tokio::task::spawn_blocking(move || {
            let written = writer.push(&bytes);
            (writer, written)
        });
        let (writer, written) = loop {
            tokio::select! {
                Some(chunk) = self.chunks.recv() => self.sink.write(&chunk).await?,
                done = &mut writing => break done.map_err(|_| interrupted())?,
            }
        };
        self.writer = Some(writer);
        written
    }

    async fn finish(&mut self) -> Result<()> {
        let Some(writer) = self.writer.take() else { return Err(interrupted()) };
        let finishing = tokio::task::spawn_blocking(move || writer.finish());
        // They end with the writer; those of the last push may be among them.
        while let Some(chunk) = self.chunks.recv().await {
            self.sink.write(&chunk).await?;
        }
        finishing.await.map_err(|_| interrupted())??;
        self.sink.finish().await
    }
}
