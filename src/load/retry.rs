//! Retry: repeats a transaction that Postgres aborted because it conflicted with another one, and says when to connect
//! again.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result, Stage};

/// How often a transaction is repeated after a deadlock or a serialization failure.
const MAX_CONFLICT_RETRIES: u32 = 5;

/// How often a load reconnects without having committed a batch in between.
const MAX_RECONNECTS: u32 = 5;

/// Counts the conflicts of one piece of work.
#[derive(Debug, Default)]
pub(super) struct ConflictRetry {
    conflicts: u32,
}

impl ConflictRetry {
    /// After `error`, and after the rollback with this result: where the error is a conflict, it waits a random time, so
    /// that the same two transactions do not meet again, and returns `Ok`: repeat the work.
    ///
    /// # Errors
    ///
    /// `error` itself, unless it is a conflict that may be retried; the error of the rollback where that failed after a
    /// conflict, or because a connection is lost: the error on the other one may follow from that.
    pub(crate) async fn wait(&mut self, error: Error, rolled_back: Result<()>) -> Result<()> {
        if rolled_back.as_ref().is_err_and(|lost| lost.kind == ErrorKind::DatabaseLost) {
            return rolled_back;
        }
        if error.kind != ErrorKind::DatabaseConflict || self.conflicts == MAX_CONFLICT_RETRIES {
            return Err(error);
        }
        rolled_back?;
        self.conflicts += 1;
        let jitter = rand::random_range(0..50u64 << self.conflicts);
        tokio::time::sleep(Duration::from_millis(jitter)).await;
        Ok(())
    }
}

/// Whether to connect again. The first refusal of a connection is final; after a loss, a refusal may
/// come from a server that restarts.
pub(super) fn may_reconnect(error: &Error, losses: u32) -> bool {
    match error.kind {
        ErrorKind::DatabaseLost => losses < MAX_RECONNECTS,
        // The server failed over while the session was open.
        ErrorKind::ReadOnlyDatabase if error.stage != Stage::Connect => losses < MAX_RECONNECTS,
        ErrorKind::NoDatabase | ErrorKind::ReadOnlyDatabase => {
            (1..MAX_RECONNECTS).contains(&losses)
        }
        _ => false,
    }
}
