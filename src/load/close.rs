//! Close: checks a filled batch against the reject budget, commits it, and notes how far the load has come.

use std::time::Instant;

use super::closing::Closing;
use super::commit::{Advance, Commit, Committed, call_for_load};
use super::filling::FilledBatch;
use super::opened::Opened;
use super::run::Run;
use crate::error::Result;
use crate::ledger::{Step, StepTimes};
use crate::star;

impl<'r> Run<'r> {
    /// Begins to commit a batch, and the load with its last one.
    pub(super) fn closing(&self, batch: FilledBatch<'r>) -> Closing<'r> {
        let (from_rows, rows_read) = (batch.from_rows, batch.filled.rows_read);
        let rows_rejected = batch.filled.rejected.len() as u64;
        Closing::of(self.commit(batch), from_rows, rows_read, rows_rejected)
    }

    /// Commits a batch, and the load with its last one. Over the reject budget, it rolls the batch back.
    ///
    /// # Errors
    ///
    /// What stopped it. The transaction may still be open: roll back.
    pub(super) async fn close_batch(&mut self, mut batch: FilledBatch<'r>) -> Result<()> {
        let began = Instant::now();
        let client = batch.lane.client();
        let is_over = self.is_over_budget(batch.filled.rows_read, batch.filled.rows_rejected());
        if is_over || self.claim.replaces {
            if let Some(copy) = batch.copy.take() {
                copy.finish().await?;
            }
            self.check_reject_budget(client, &batch.filled).await?;
            self.delete_older_versions().await?;
            batch.steps.add(Step::Normalise, began.elapsed());
        }
        let committed = self.commit(batch).run().await?;
        self.advance(committed);
        Ok(())
    }

    /// Finishes a load whose object has no more records. A new version without rows also deletes
    /// those of the older versions.
    ///
    /// # Errors
    ///
    /// What stopped it. The transaction may still be open: roll back.
    pub(super) async fn finish_without_rows(&mut self, opened: &mut Opened) -> Result<()> {
        self.begin_batch(self.is_exclusive()).await?;
        self.delete_older_versions().await?;
        let commit = Commit {
            lane: self.first.clone(),
            claim: self.claim,
            lease: self.settings.lease(),
            holds_claim: true,
            copy: None,
            advance: None,
            object_end: Some(opened.end(self.progress.checkpoint.rows)),
            complete: star::complete_call(self.dataset),
        };
        let committed = commit.run().await?;
        self.advance(committed);
        Ok(())
    }

    fn commit(&self, batch: FilledBatch<'r>) -> Commit<'r> {
        let FilledBatch { lane, from_rows, copy, filled, object_end, hash_state, steps, .. } =
            batch;
        let steps = match from_rows == self.progress.checkpoint.rows {
            true => self.progress.steps.plus(&steps),
            false => steps,
        };
        let (to, rejected) = (filled.to, filled.rejected);
        Commit {
            holds_claim: std::ptr::eq(lane.connection, self.first.connection),
            lane,
            claim: self.claim,
            lease: self.settings.lease(),
            copy,
            advance: Some(Advance { from_rows, to, rejected, hash_state, steps }),
            object_end,
            complete: star::complete_call(self.dataset),
        }
    }

    /// Notes what was committed.
    pub(super) fn advance(&mut self, committed: Committed) {
        let Committed { advance, finished, took } = committed;
        self.progress.finished = finished;
        let Some(Advance { from_rows, to, rejected, hash_state, .. }) = advance else { return };
        self.progress.checkpoint = to;
        self.progress.steps = StepTimes::default();
        self.progress.hash_state = hash_state;
        self.progress.rows_rejected += rejected.len() as u64;
        if let Some(took) = took {
            self.budget.record_close(to.rows - from_rows, took);
        }
    }

    /// Deletes the rows of older versions of the key from the star, if the load replaces them.
    async fn delete_older_versions(&self) -> Result<()> {
        if !self.claim.replaces {
            return Ok(());
        }
        call_for_load(self.client(), &self.claim, &star::replace_call(self.dataset)).await
    }
}
