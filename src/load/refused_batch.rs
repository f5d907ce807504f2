//! Refused batch: loads the batch that Postgres refused, within the reject budget and the time.

use std::time::Instant;

use super::batch::{Batch, BatchEnd, BatchLimits, Filled};
use super::filling::FilledBatch;
use super::run::Run;
use super::spool::Spool;
use super::stage::StageEnd;
use super::staging::StageLimits;
use crate::error::{Error, Result};
use crate::ledger::{Step, StepTimes};

/// The limits of staging a batch of a run.
struct Limits<'l, 'r> {
    run: &'l Run<'r>,
    rows_read: u64,
    /// Rows of the batch that were rejected before Postgres saw them.
    rejected: u64,
}

impl StageLimits for Limits<'_, '_> {
    fn is_too_many(&self, refused: usize) -> bool {
        self.run.is_over_budget(self.rows_read, self.rejected + refused as u64)
    }

    fn has_time_for(&self, rows: usize) -> bool {
        self.run.budget.has_time_to_close(rows as u64)
    }
}

impl Run<'_> {
    /// Loads the next batch in parts: the rows that Postgres refuses are rejected, the others are
    /// staged. `refusal` is the error by which it refused the batch as a whole.
    pub(super) async fn load_refused_batch(&mut self, refusal: &Error) -> Result<BatchEnd> {
        let began = Instant::now();
        let mut opened = self.open().await?;
        if !opened.records.next(&mut opened.record).await? {
            self.finish_without_rows(&mut opened).await?;
            return Ok(BatchEnd::Object);
        }
        let limits = BatchLimits::of(self.settings, &self.claim, *self.budget);
        let mut batch = Batch::new(limits, self.progress.checkpoint, Spool::new()?);
        let mut end = batch.fill(&mut opened.records, &opened.writer, &mut opened.record).await?;
        let (mut spool, mut filled) = batch.into_parts();
        let filled_at = Instant::now();
        self.progress.steps.add(Step::Read, filled_at - began);
        // The transaction holds several COPYs, so nobody else may write to the star meanwhile.
        self.begin_batch(true).await?;
        let Filled { rows_read, .. } = filled;
        let limits = Limits { run: self, rows_read, rejected: filled.rows_rejected() };
        let staged = spool.stage(self.client(), &self.first.copy, &limits, Some(refusal)).await?;
        self.progress.steps.add(Step::Normalise, filled_at.elapsed());
        match staged.end {
            StageEnd::All => {}
            StageEnd::TooMany(known) => {
                filled.refused_unseen = known.saturating_sub(staged.refused.len()) as u64;
            }
            StageEnd::OutOfTime(start) => {
                end = BatchLimits::of(self.settings, &self.claim, *self.budget).out_of_time()?;
                filled.cut(start);
                let rejected = filled.rows_rejected() + staged.refused.len() as u64;
                // A share of the first rows only says too little of the batch to fail the load.
                if filled.rows_read == 0 || self.is_over_budget(filled.rows_read, rejected) {
                    self.execute("rollback").await?;
                    return Ok(end);
                }
            }
        }
        filled.rejected.extend(staged.refused);
        filled.rejected.sort_by_key(|row| row.rejection.line);
        let batch = FilledBatch {
            lane: self.first.clone(),
            from_rows: self.progress.checkpoint.rows,
            copy: None,
            end,
            object_end: (end == BatchEnd::Object).then(|| opened.end(filled.to.rows)),
            // Of a cut batch, more is hashed than is committed.
            hash_state: match filled.is_cut {
                true => None,
                false => opened.records.hash_state_at(filled.to.offset),
            },
            steps: StepTimes::default(),
            filled,
        };
        self.close_batch(batch).await?;
        Ok(end)
    }
}
