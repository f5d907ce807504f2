//! Closing: a batch that is being committed while the next one is filled.

use std::pin::{Pin, pin};

use super::commit::{Commit, Committed};
use crate::error::Result;

/// A batch that is being committed.
pub(super) struct Closing<'c> {
    /// The row at which it starts.
    pub from_rows: u64,
    pub rows_read: u64,
    pub rows_rejected: u64,
    running: Pin<Box<dyn Future<Output = Result<Committed>> + Send + 'c>>,
    result: Option<Result<Committed>>,
}

impl<'c> Closing<'c> {
    /// The commit of a batch that starts at this row.
    pub fn of(commit: Commit<'c>, from_rows: u64, rows_read: u64, rows_rejected: u64) -> Self {
        let running = Box::pin(commit.run());
        Closing { from_rows, rows_read, rows_rejected, running, result: None }
    }

    /// The result of this work, which goes on next to the commit.
    pub async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if self.result.is_none() {
            tokio::select! {
                biased;
                result = &mut self.running => self.result = Some(result),
                done = &mut work => return done,
            }
        }
        work.await
    }

    /// What was committed.
    ///
    /// # Errors
    ///
    /// Those of [`Commit::run`].
    pub async fn end(self) -> Result<Committed> {
        match self.result {
            Some(result) => result,
            None => self.running.await,
        }
    }
}
