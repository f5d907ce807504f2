//! Opened: an object that is being read from a load's checkpoint on, with the writer of its rows.

use super::commit::ObjectEnd;
use super::record_stream::RecordStream;
use crate::records::Record;
use crate::rows::RowWriter;

/// The object, opened at the checkpoint.
pub(super) struct Opened {
    pub records: RecordStream,
    pub writer: RowWriter,
    /// The record that was read last.
    pub record: Record,
    /// What the header says that the contract does not, for the ledger.
    pub notes: Option<String>,
}

impl Opened {
    /// What the ledger gets of the object, once it is read to its end.
    pub fn end(&mut self, rows: u64) -> ObjectEnd {
        ObjectEnd {
            rows,
            notes: self.notes.clone(),
            content_hash: self.records.content_hash(),
            etag_is_md5: self.records.etag_is_md5(),
        }
    }
}
