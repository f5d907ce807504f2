//! The body of a response: streams a range of a file in chunks, at most two of them in memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::mpsc;

use super::temporary::CHUNK_BYTES;

/// Streams the bytes `start..end` of `file`.
///
/// A task reads the file one chunk ahead of the network. It ends when the stream is dropped.
pub(super) fn stream_file(
    file: File,
    start: u64,
    end: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + Unpin + 'static {
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        if let Err(error) = send_file(Arc::new(file), start, end, &sender).await {
            let _ = sender.send(Err(error)).await;
        }
    });
    stream::poll_fn(move |context| receiver.poll_recv(context))
}

async fn send_file(
    file: Arc<File>,
    start: u64,
    end: u64,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut position = start;
    while position < end {
        let length = (end - position).min(CHUNK_BYTES as u64);
        let chunk = read_chunk(Arc::clone(&file), position, length).await?;
        position += length;
        if sender.send(Ok(chunk)).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn read_chunk(file: Arc<File>, position: u64, length: u64) -> io::Result<Bytes> {
    let read = move || {
        // At most CHUNK_BYTES.
        let mut chunk = vec![0; length as usize];
        file.read_exact_at(&mut chunk, position)?;
        Ok(Bytes::from(chunk))
    };
    tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
}
