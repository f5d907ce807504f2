//! File channel: passes what a format writes on another thread to the task that uploads it, in chunks.

use std::io::{self, Write};

use tokio::sync::mpsc::{self, Receiver, Sender};

/// The size of a chunk. Of allocations of one size, none leaves a hole in memory that the next does not fit into.
const CHUNK_BYTES: usize = 256 << 10;

/// How many chunks may wait.
const WAITING_CHUNKS: usize = 2;

/// A channel for one file.
pub(super) fn file_channel() -> (ChunkWriter, Receiver<Vec<u8>>) {
    let (sender, receiver) = mpsc::channel(WAITING_CHUNKS);
    (ChunkWriter { sender, chunk: Vec::new() }, receiver)
}

/// The end of the channel that is written to. It blocks its thread while the other end has enough to do.
#[derive(Debug)]
pub(super) struct ChunkWriter {
    sender: Sender<Vec<u8>>,
    chunk: Vec<u8>,
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.capacity() == 0 {
            self.chunk = Vec::with_capacity(CHUNK_BYTES);
        }
        let (now, _) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.chunk.len()));
        self.chunk.extend_from_slice(now);
        if self.chunk.len() == CHUNK_BYTES {
            self.flush()?;
        }
        Ok(now.len())
    }

    /// Sends what there is.
    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::take(&mut self.chunk);
        // The upload has failed, whose error is the one to report.
        self.sender.blocking_send(chunk).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_arrives_in_order_and_in_chunks() {
        let text: Vec<u8> = (0..CHUNK_BYTES * 2 + 9).map(|n| (n % 251) as u8).collect();
        let (mut writer, mut receiver) = file_channel();
        let written = text.clone();
        let writing = std::thread::spawn(move || {
            written.chunks(1_000).for_each(|piece| writer.write_all(piece).unwrap());
            writer.flush().unwrap();
        });
        let mut chunks = Vec::new();
        while let Some(chunk) = receiver.blocking_recv() {
            chunks.push(chunk);
        }
        writing.join().unwrap();
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [CHUNK_BYTES, CHUNK_BYTES, 9]);
        assert!(chunks.concat() == text);
    }

    #[test]
    fn writing_fails_when_nobody_uploads() {
        let (mut writer, receiver) = file_channel();
        drop(receiver);
        let error = writer.write_all(&vec![0; CHUNK_BYTES]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
