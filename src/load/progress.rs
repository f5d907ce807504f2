//! Progress: how far a claimed load has been committed.

use crate::ledger::{Checkpoint, Claimed, Finished, RejectCounts, StepTimes};

/// How far a load has come since it was claimed.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    /// The checkpoint of the last commit.
    pub checkpoint: Checkpoint,
    /// Rows rejected up to the checkpoint.
    pub rows_rejected: u64,
    /// The state of the object's hash at the checkpoint.
    pub hash_state: Option<Vec<u8>>,
    /// Set where the load went over its reject budget.
    pub reject_counts: Option<RejectCounts>,
    /// What the steps have taken since the checkpoint.
    pub steps: StepTimes,
    /// What there is to report, once the load is finished and its claim released.
    pub finished: Option<Finished>,
    /// The rows of the checkpoint at the time of the claim.
    claimed_rows: u64,
}

impl Progress {
    /// The progress of a load that has just been claimed.
    pub fn of(claimed: &Claimed) -> Self {
        let Claimed { checkpoint, rows_rejected, hashing, .. } = claimed;
        Progress {
            checkpoint: *checkpoint,
            rows_rejected: *rows_rejected,
            hash_state: hashing.state.clone().filter(|_| hashing.offset == checkpoint.offset),
            reject_counts: None,
            steps: StepTimes::default(),
            finished: None,
            claimed_rows: checkpoint.rows,
        }
    }

    /// Whether a batch was committed since the claim.
    pub(crate) fn has_advanced(&self) -> bool {
        self.checkpoint.rows > self.claimed_rows
    }
}
