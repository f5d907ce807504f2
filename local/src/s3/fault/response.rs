//! The faults of one response, and the stream of its body that applies them: it wraps a stream of
//! chunks and slows it, pauses it or ends it with an error.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

/// What goes wrong with one response. Offsets are bytes of the object.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::s3) struct ResponseFaults {
    pub cut_at: Option<u64>,
    pub truncate_at: Option<u64>,
    pub bytes_per_second: Option<u64>,
    pub stall_at: Option<(u64, Duration)>,
}

impl ResponseFaults {
    /// Sends `body`, whose first byte is byte `start` of the object, with these faults.
    pub fn apply(
        self,
        body: impl Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static,
        start: u64,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
        let (sender, mut receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            if let Err(error) = self.send(body, start, &sender).await {
                let _ = sender.send(Err(error)).await;
            }
        });
        stream::poll_fn(move |context| receiver.poll_recv(context))
    }

    async fn send(
        mut self,
        mut body: impl Stream<Item = io::Result<Bytes>> + Unpin,
        start: u64,
        sender: &mpsc::Sender<io::Result<Bytes>>,
    ) -> io::Result<()> {
        let mut position = start;
        while let Some(chunk) = body.next().await {
            let mut chunk = chunk?;
            while !chunk.is_empty() {
                if self.cut_at == Some(position) {
                    // An aborted connection discards what is still in its buffers: let the bytes
                    // before the cut arrive first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    return Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by a fault"));
                }
                if let Some((_, pause)) = self.stall_at.take_if(|(at, _)| *at == position) {
                    tokio::time::sleep(pause).await;
                }
                let stops = [self.cut_at, self.stall_at.map(|(at, _)| at)];
                let next_stop = stops.into_iter().flatten().filter(|stop| *stop > position).min();
                let mut length = chunk.len() as u64;
                length = next_stop.map_or(length, |stop| length.min(stop - position));
                if let Some(rate) = self.bytes_per_second {
                    // Twenty steps a second look like a slow connection, not like a stalled one.
                    length = length.min((rate / 20).max(1));
                    tokio::time::sleep(Duration::from_secs_f64(length as f64 / rate as f64)).await;
                }
                // At most the chunk's length, which is a usize.
                let piece = chunk.split_to(length as usize);
                position += length;
                if sender.send(Ok(piece)).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
