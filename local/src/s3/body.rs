//! Body: a range of a file in, a stream of chunks with its faults out. Holds two chunks.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::mpsc;

use super::fault::Plan;
use super::spool::CHUNK_BYTES;

/// Streams the bytes `start..end` of `file`.
///
/// The file is read by a task that is one chunk ahead of the network, and ends with its reader.
pub(super) fn stream_file(
    file: File,
    start: u64,
    end: u64,
    plan: Plan,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        if let Err(error) = send_file(Arc::new(file), start, end, plan, &sender).await {
            let _ = sender.send(Err(error)).await;
        }
    });
    stream::poll_fn(move |context| receiver.poll_recv(context))
}

async fn send_file(
    file: Arc<File>,
    start: u64,
    end: u64,
    mut plan: Plan,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut position = start;
    while position < end {
        if plan.cut_at == Some(position) {
            // What was read so far shall arrive: a connection that is cut at once takes with it
            // what is still in its buffers.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut off by a fault"));
        }
        if let Some((_, pause)) = plan.stall_at.take_if(|(at, _)| *at == position) {
            tokio::time::sleep(pause).await;
        }
        let stops = [Some(end), plan.cut_at, plan.stall_at.map(|(at, _)| at)];
        let stop = stops.into_iter().flatten().filter(|stop| *stop > position).min().unwrap_or(end);
        let mut length = (stop - position).min(CHUNK_BYTES as u64);
        if let Some(rate) = plan.bytes_per_second {
            // Twenty steps a second look like a slow line, and not like a stalled one.
            length = length.min((rate / 20).max(1));
            tokio::time::sleep(Duration::from_secs_f64(length as f64 / rate as f64)).await;
        }
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
