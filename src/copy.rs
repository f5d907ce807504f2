//! Copy: lines of COPY text in; a COPY into staging, within the transaction that is open, out.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use tokio_postgres::{Client, CopyInSink};

use crate::db::database_error;
use crate::error::{Result, Stage};

/// How much is gathered before it goes to the server: large enough to be cheap, small enough that
/// a few of them in flight do not count.
const CHUNK_BYTES: usize = 128 * 1024;

/// A COPY in progress. Dropped before [`CopyIn::finish`], it is aborted and leaves nothing.
pub struct CopyIn {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    pending: Vec<u8>,
    sent_bytes: u64,
}

impl CopyIn {
    /// Starts `statement`, a `copy .. from stdin`.
    ///
    /// # Errors
    ///
    /// What the server says against it.
    pub async fn start(client: &Client, statement: &str) -> Result<Self> {
        let sink =
            client.copy_in(statement).await.map_err(|error| database_error(error, Stage::Copy))?;
        Ok(CopyIn {
            sink: Box::pin(sink),
            pending: Vec::with_capacity(CHUNK_BYTES + 4096),
            sent_bytes: 0,
        })
    }

    /// Where the next line is to be appended; what is not sent yet stands before it.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// The bytes of all lines so far.
    pub fn total_bytes(&self) -> u64 {
        self.sent_bytes + self.pending.len() as u64
    }

    /// Sends what has gathered, once it is worth a message.
    ///
    /// # Errors
    ///
    /// What the server said meanwhile, or that the connection broke.
    pub async fn send_when_full(&mut self) -> Result<()> {
        if self.pending.len() < CHUNK_BYTES { Ok(()) } else { self.send().await }
    }

    async fn send(&mut self) -> Result<()> {
        self.sent_bytes += self.pending.len() as u64;
        let chunk = BytesMut::from(self.pending.as_slice()).freeze();
        self.pending.clear();
        self.sink.send(chunk).await.map_err(|error| database_error(error, Stage::Copy))
    }

    /// Ends the COPY: the triggers run now. Returns the number of rows.
    ///
    /// # Errors
    ///
    /// What COPY or a trigger said; the transaction is then good for a rollback only.
    pub async fn finish(mut self) -> Result<u64> {
        if !self.pending.is_empty() {
            self.send().await?;
        }
        self.sink.as_mut().finish().await.map_err(|error| database_error(error, Stage::Normalise))
    }
}
