//! Batches: reads an object to its end, one batch after the other, over one connection or two.
//!
//! With two connections they take turns: while one batch is closed, the next one is filled on the other connection. It is
//! closed next to the one before it, too, as far as neither has to wait for the other. They are committed in their order:
//! the later one waits in Postgres, which finds out if both wait for each other. Then the load goes on with one at a time.

use std::time::Instant;

use super::batch::BatchEnd;
use super::closing::Closing;
use super::connection::Lane;
use super::filling::{Begin, FilledBatch, Filling, Next};
use super::run::{Run, RunEnd};
use crate::error::Result;
use crate::ledger::{Checkpoint, Step};

impl<'r> Run<'r> {
    /// Fills and closes one batch after the other. With a second connection the next one is filled while one is closed,
    /// and closed, too, as far as it need not wait.
    pub(super) async fn load_batches(&mut self) -> Result<RunEnd> {
        let began = Instant::now();
        let mut opened = self.open().await?;
        self.progress.steps.add(Step::Open, began.elapsed());
        let mut lane = self.first.clone();
        let mut from = self.progress.checkpoint;
        let mut closing: Option<Closing<'r>> = None;
        loop {
            let is_ahead = closing.is_some();
            let filling = self.filling(lane, closing.as_ref(), from);
            let next = match &mut closing {
                Some(closing) => closing.beside(filling.fill(&mut opened)).await,
                None => filling.fill(&mut opened).await,
            };
            let waits = !matches!(&next, Ok(Next::Batch(batch)) if self.can_close_beside(batch, closing.as_ref()));
            if waits && let Some(before) = closing.take() {
                // Its commit does not depend on what there is behind it.
                self.advance(before.end().await?);
            }
            let batch = match next? {
                Next::Batch(batch) => *batch,
                Next::OutOfTime => return Ok(RunEnd::OutOfTime),
                Next::End => {
                    self.finish_without_rows(&mut opened).await?;
                    return Ok(RunEnd::Finished);
                }
            };
            if is_ahead && waits && !self.budget.has_time_to_close(batch.filled.rows_read) {
                drop(batch);
                self.roll_back().await?;
                return Ok(RunEnd::OutOfTime);
            }
            let (end, to, same_lane) = (batch.end, batch.filled.to, batch.lane.clone());
            let other_lane = match end {
                BatchEnd::Full => self.lane_beside(&batch).await,
                BatchEnd::Object | BatchEnd::OutOfTime => None,
            };
            if self.claim.replaces || self.is_over_budget_after(closing.as_ref(), &batch) {
                self.close_batch(batch).await?;
                lane = same_lane;
            } else {
                let mut this = self.closing(batch);
                if let Some(before) = closing.take() {
                    let committed = this.beside(before.end()).await?;
                    self.advance(committed);
                }
                match other_lane {
                    Some(other) => (lane, closing) = (other, Some(this)),
                    None => {
                        self.advance(this.end().await?);
                        lane = same_lane;
                    }
                }
            }
            match end {
                BatchEnd::Object => return Ok(RunEnd::Finished),
                BatchEnd::OutOfTime => return Ok(RunEnd::OutOfTime),
                BatchEnd::Full => from = to,
            }
        }
    }

    /// Whether a batch can be closed while the one before it is: neither has to wait for the other one, as a rule.
    fn can_close_beside(&self, batch: &FilledBatch<'r>, before: Option<&Closing<'r>>) -> bool {
        let Some(before) = before else { return true };
        !self.second.is_in_order
            && self.budget.has_time_to_close(before.rows_read + batch.filled.rows_read)
            && !self.is_over_budget_after(Some(before), batch)
    }

    /// Whether the load is over its reject budget with this batch and the one before it.
    fn is_over_budget_after(&self, before: Option<&Closing<'r>>, batch: &FilledBatch<'r>) -> bool {
        let filled = &batch.filled;
        let (rows, rejected) =
            before.map_or((0, 0), |before| (before.rows_read, before.rows_rejected));
        self.is_over_budget(rows + filled.rows_read, rejected + filled.rows_rejected())
    }

    /// The other connection than that of this batch.
    async fn lane_beside(&mut self, batch: &FilledBatch<'r>) -> Option<Lane<'r>> {
        let first = &self.first;
        let second =
            self.second.open(self.settings, self.star, self.dataset, &self.claim, first).await?;
        let is_first = std::ptr::eq(batch.lane.connection, first.connection);
        Some(if is_first { second } else { first.clone() })
    }

    /// Begins a batch at the checkpoint, on the first connection.
    ///
    /// # Errors
    ///
    /// Those of [`Filling::begin`].
    pub(super) async fn begin_batch(&self, exclusive: bool) -> Result<()> {
        let filling = self.filling(self.first.clone(), None, self.progress.checkpoint);
        Filling { begin: Begin::InTurn { exclusive }, ..filling }.begin().await
    }

    /// The next batch, which begins in turn, or ahead of the end of the one before it.
    fn filling(
        &self,
        lane: Lane<'r>,
        before: Option<&Closing<'r>>,
        from: Checkpoint,
    ) -> Filling<'r> {
        let begin = match before {
            Some(before) => Begin::Ahead { after_rows: before.from_rows },
            None => Begin::InTurn { exclusive: self.is_exclusive() },
        };
        Filling {
            lane,
            begin,
            from,
            settings: self.settings,
            claim: self.claim,
            contract: self.star.fingerprint(self.dataset),
            budget: *self.budget,
        }
    }
}
