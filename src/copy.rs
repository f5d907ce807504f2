//! Copy: sends COPY lines to a staging table, within the open transaction.

use std::pin::Pin;
use std::time::{Duration, Instant};

use crate::db::Client;
use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use tokio_postgres::{CopyInSink, Statement};

use crate::db::database_error;
use crate::error::{Result, Stage};

/// How many bytes are gathered before they are sent: enough to make a message cheap, few enough that
/// the messages in flight need little memory.
const CHUNK_BYTES: usize = 128 * 1024;

/// A COPY in progress. Without [`CopyIn::finish`] it is aborted when dropped.
pub struct CopyIn {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    pending: Vec<u8>,
    sent_bytes: u64,
    send_time: Duration,
}

impl CopyIn {
    /// Starts `statement`, a prepared `copy .. from stdin`.
    ///
    /// # Errors
    ///
    /// An error of the connection or of Postgres.
    pub async fn start(client: &Client, statement: &Statement) -> Result<Self> {
        let sink =
            client.copy_in(statement).await.map_err(|error| database_error(error, Stage::Copy))?;
        Ok(CopyIn {
            sink: Box::pin(sink),
            pending: Vec::with_capacity(CHUNK_BYTES + 4096),
            sent_bytes: 0,
            send_time: Duration::ZERO,
        })
    }

    /// The buffer to append the next line to. It starts with the lines that are not sent yet.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// The length in bytes of all lines so far.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.sent_bytes + self.pending.len() as u64
    }

    /// How long sending has taken so far.
    pub(crate) fn send_time(&self) -> Duration {
        self.send_time
    }

    /// Sends the buffer once it is large enough.
    ///
    /// # Errors
    ///
    /// An error of the connection, or of Postgres about earlier lines.
    pub(crate) async fn send_when_full(&mut self) -> Result<()> {
        if self.pending.len() < CHUNK_BYTES { Ok(()) } else { self.send().await }
    }

    async fn send(&mut self) -> Result<()> {
        self.sent_bytes += self.pending.len() as u64;
        let chunk = BytesMut::from(self.pending.as_slice()).freeze();
        self.pending.clear();
        let began = Instant::now();
        let sent = self.sink.send(chunk).await;
        self.send_time += began.elapsed();
        sent.map_err(|error| database_error(error, Stage::Copy))
    }

    /// Ends the COPY, which runs the triggers. Returns the number of rows.
    ///
    /// # Errors
    ///
    /// An error of the COPY or of a trigger. The transaction can only be rolled back then.
    pub async fn finish(mut self) -> Result<u64> {
        if !self.pending.is_empty() {
            self.send().await?;
        }
        self.sink.as_mut().finish().await.map_err(|error| database_error(error, Stage::Normalise))
    }
}
