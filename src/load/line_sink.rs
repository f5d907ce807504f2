//! Line sink: where the COPY lines of a batch go, to Postgres or to a temporary file.

use crate::copy::CopyIn;
use crate::error::Result;
use crate::ledger::Checkpoint;
use crate::records::Record;
use crate::rows::RowWriter;

/// Takes the COPY lines of a batch.
pub(super) trait LineSink {
    /// The buffer to append the next line to.
    fn buffer(&mut self) -> &mut Vec<u8>;
    /// Called once the line of `record`, which starts at `start`, is in the buffer.
    fn line_written(&mut self, _record: &Record, _writer: &RowWriter, _start: Checkpoint) {}
    /// Passes the buffer on once it is large enough.
    async fn send_when_full(&mut self) -> Result<()>;
    /// The length in bytes of all lines so far.
    fn total_bytes(&self) -> u64;
}

impl LineSink for CopyIn {
    fn buffer(&mut self) -> &mut Vec<u8> {
        CopyIn::buffer(self)
    }

    async fn send_when_full(&mut self) -> Result<()> {
        CopyIn::send_when_full(self).await
    }

    fn total_bytes(&self) -> u64 {
        CopyIn::total_bytes(self)
    }
}
