//! Close: ends the transaction of a batch, with all statements on their way at once.

use std::time::Instant;

use tokio_postgres::types::Type;

use super::batch::{BatchEnd, Filled};
use super::run::{Opened, Run};
use crate::copy::CopyIn;
use crate::db::database_error;
use crate::error::{Result, Stage};
use crate::ledger::{self, Finish, Step, StepTimes};
use crate::star;

impl Run<'_> {
    /// Ends the COPY, checks the batch against the reject budget, and commits it. Without rejected rows and rows to
    /// replace that is one round trip.
    ///
    /// # Errors
    ///
    /// What stopped it. The transaction may still be open: roll back.
    pub(super) async fn close_batch(
        &mut self,
        mut copy: Option<CopyIn>,
        opened: &mut Opened,
        filled: Filled,
        end: BatchEnd,
    ) -> Result<()> {
        let rejected = filled.rows_rejected();
        if rejected > 0 || self.claim.replaces || self.is_over_budget(filled.rows_read, rejected) {
            let began = Instant::now();
            if let Some(copy) = copy.take() {
                copy.finish().await?;
            }
            self.check_reject_budget(&filled).await?;
            if self.claim.replaces {
                self.delete_older_versions().await?;
            }
            let replaced_at = Instant::now();
            self.progress.steps.add(Step::Normalise, replaced_at - began);
            ledger::reject_rows(self.client, &self.claim, &filled.rejected).await?;
            self.progress.steps.add(Step::Reject, replaced_at.elapsed());
        }
        let Filled { rejected, to, is_cut, .. } = filled;
        // Of a cut batch, more is hashed than is committed.
        let hash_state = if is_cut { None } else { opened.records.hash_state_at(to.offset) };
        let batch = ledger::BatchEnd {
            from_rows: self.progress.checkpoint.rows,
            to,
            rows_rejected: rejected.len() as u64,
            hash_state: hash_state.as_deref(),
            steps: self.progress.steps,
            adds_trigger_time: copy.is_some(),
        };
        let is_last = end == BatchEnd::Object;
        self.commit(copy, Some(batch), is_last.then_some((opened, to.rows))).await?;
        self.progress.checkpoint = to;
        self.progress.steps = StepTimes::default();
        self.progress.hash_state = hash_state;
        self.progress.rows_rejected += rejected.len() as u64;
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
        if self.claim.replaces {
            self.delete_older_versions().await?;
        }
        self.commit(None, None, Some((opened, self.progress.checkpoint.rows))).await
    }

    /// Sends the end of the COPY and all statements of the batch's end up to the commit, and those of the load's end
    /// with the last batch, and then waits for their results. If one fails, those behind it change nothing: the server
    /// refuses them until the transaction ends, and its commit is a rollback.
    async fn commit(
        &mut self,
        copy: Option<CopyIn>,
        batch: Option<ledger::BatchEnd<'_>>,
        end: Option<(&mut Opened, u64)>,
    ) -> Result<()> {
        let (client, claim, lease) = (self.client, &self.claim, self.settings.lease());
        let mut content_hash = None;
        let finish = end.map(|(opened, rows)| {
            content_hash = opened.records.content_hash();
            let etag_is_md5 = opened.records.etag_is_md5();
            (opened.notes.as_deref(), rows, etag_is_md5)
        });
        let finish = finish.map(|(notes, rows, etag_is_md5)| Finish {
            rows,
            notes,
            content_hash: content_hash.as_deref(),
            etag_is_md5,
        });
        // Each is sent when it is first polled, which is in this order.
        let (copied, checkpoint, completed, finished, committed, released) = tokio::join!(
            biased;
            async {
                match copy {
                    Some(copy) => copy.finish().await.map(drop),
                    None => Ok(()),
                }
            },
            async {
                match batch {
                    Some(batch) => ledger::checkpoint(client, claim, batch, lease).await,
                    None => Ok(()),
                }
            },
            async {
                match finish {
                    Some(_) => self.complete().await,
                    None => Ok(()),
                }
            },
            async {
                match finish {
                    Some(finish) => ledger::finish(client, claim, finish).await,
                    None => Ok(()),
                }
            },
            self.execute("commit"),
            async {
                match finish {
                    Some(_) => ledger::release_finished(client, claim.load_id).await.map(Some),
                    None => Ok(None),
                }
            },
        );
        copied.and(checkpoint).and(completed).and(finished).and(committed)?;
        // Not released, it is released later.
        self.progress.finished = released.unwrap_or_default();
        Ok(())
    }

    /// Closes or flags the members that are gone, after the last batch of a full extract.
    async fn complete(&self) -> Result<()> {
        match star::complete_call(self.dataset) {
            Some(call) => self.call_for_load(&call).await,
            None => Ok(()),
        }
    }

    /// Deletes the rows of older versions of the key from the star.
    async fn delete_older_versions(&self) -> Result<()> {
        self.call_for_load(&star::replace_call(self.dataset)).await
    }

    async fn call_for_load(&self, call: &str) -> Result<()> {
        let called = self.client.query_typed(call, &[(&self.claim.load_id, Type::INT8)]).await;
        called.map(drop).map_err(|error| database_error(error, Stage::Normalise))
    }
}
