//! Commit: ends the transaction of a batch, with all statements on their way at once.

use std::time::{Duration, Instant};

use tokio_postgres::types::Type;

use super::connection::Lane;
use crate::copy::CopyIn;
use crate::db::{self, Client, database_error};
use crate::error::{Result, Stage};
use crate::ledger::{
    self, BatchEnd, Checkpoint, Claim, Finish, Finished, RejectedRow, Step, StepTimes,
};

/// What the ledger gets of an object that is read to its end.
#[derive(Debug)]
pub(super) struct ObjectEnd {
    /// The number of its records.
    pub rows: u64,
    pub notes: Option<String>,
    pub content_hash: Option<Vec<u8>>,
    pub etag_is_md5: bool,
}

/// What a batch moves the load's checkpoint by.
pub(super) struct Advance {
    pub from_rows: u64,
    pub to: Checkpoint,
    pub rejected: Vec<RejectedRow>,
    pub hash_state: Option<Vec<u8>>,
    pub steps: StepTimes,
}

/// A transaction that is to be committed.
pub(super) struct Commit<'c> {
    pub lane: Lane<'c>,
    pub claim: Claim,
    pub lease: Duration,
    /// Whether the connection holds the claim, so that it can release it.
    pub holds_claim: bool,
    pub copy: Option<CopyIn>,
    /// `None` for the end of a load without another batch.
    pub advance: Option<Advance>,
    /// `None` where the load continues.
    pub object_end: Option<ObjectEnd>,
    /// The call that ends a full extract.
    pub complete: Option<String>,
}

/// What was committed.
pub(super) struct Committed {
    pub advance: Option<Advance>,
    /// What there is to report, where the load is finished and its claim released.
    pub finished: Option<Finished>,
    /// How long the rows took from the end of their COPY; `None` where that had ended before.
    pub took: Option<Duration>,
}

impl Commit<'_> {
    /// Ends the COPY, stores the rejected rows, and commits; without rejected rows that is one round trip.
    ///
    /// # Errors
    ///
    /// What stopped it. The transaction may still be open: roll back.
    pub async fn run(mut self) -> Result<Committed> {
        let began = Instant::now();
        let is_timed = self.copy.is_some();
        if let Some(advance) = &mut self.advance
            && !advance.rejected.is_empty()
        {
            if let Some(copy) = self.copy.take() {
                copy.finish().await?;
            }
            let normalised_at = Instant::now();
            advance.steps.add(Step::Normalise, normalised_at - began);
            ledger::reject_rows(self.lane.client(), &self.claim, &advance.rejected).await?;
            advance.steps.add(Step::Reject, normalised_at.elapsed());
        }
        let finished = self.end().await?;
        let took = is_timed.then(|| began.elapsed());
        Ok(Committed { advance: self.advance, finished, took })
    }

    /// Sends the end of the COPY and all statements of the batch's end up to the commit, and those of the load's end
    /// with the last batch, and then waits for their results. If one fails, those behind it change nothing: the server
    /// refuses them until the transaction ends, and its commit is a rollback.
    async fn end(&mut self) -> Result<Option<Finished>> {
        let (client, claim, copy) = (self.lane.client(), &self.claim, self.copy.take());
        let adds_trigger_time = copy.is_some();
        let object_end = self.object_end.as_ref();
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
                match &self.advance {
                    Some(advance) => {
                        let end = BatchEnd {
                            from_rows: advance.from_rows,
                            to: advance.to,
                            rows_rejected: advance.rejected.len() as u64,
                            hash_state: advance.hash_state.as_deref(),
                            steps: advance.steps,
                            adds_trigger_time,
                        };
                        ledger::checkpoint(client, claim, end, self.lease).await
                    }
                    None => Ok(()),
                }
            },
            async {
                match (object_end, &self.complete) {
                    (Some(_), Some(call)) => call_for_load(client, claim, call).await,
                    _ => Ok(()),
                }
            },
            async {
                match object_end {
                    Some(end) => ledger::finish(client, claim, finish_of(end)).await,
                    None => Ok(()),
                }
            },
            db::execute(client, "commit", Stage::Ledger),
            async {
                match object_end {
                    Some(_) if self.holds_claim => {
                        ledger::release_finished(client, claim.load_id).await.map(Some)
                    }
                    _ => Ok(None),
                }
            },
        );
        copied.and(checkpoint).and(completed).and(finished).and(committed)?;
        // Not released, it is released later.
        Ok(released.unwrap_or_default())
    }
}

fn finish_of(end: &ObjectEnd) -> Finish<'_> {
    Finish {
        rows: end.rows,
        notes: end.notes.as_deref(),
        content_hash: end.content_hash.as_deref(),
        etag_is_md5: end.etag_is_md5,
    }
}

/// Calls a function of the star with the load's number.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub(super) async fn call_for_load(client: &Client, claim: &Claim, call: &str) -> Result<()> {
    let called = client.query_typed(call, &[(&claim.load_id, Type::INT8)]).await;
    called.map(drop).map_err(|error| database_error(error, Stage::Normalise))
}
