//! Work: a claimed load in; run from its checkpoint, and again after a tie, until it ends.

use std::sync::Arc;
use std::time::Duration;

use super::run::{self, Ran};
use super::{CONFLICT_RETRIES, Loader};
use crate::dataset::Dataset;
use crate::db::database_error;
use crate::error::{ErrorKind, Result, Stage};
use crate::ledger::{Claimed, Hashing};
use crate::object::ObjectRef;

impl Loader {
    /// Runs the load from its checkpoint, and again where the database broke a tie against us.
    pub(super) async fn work(
        &mut self,
        dataset: &Dataset,
        object: &ObjectRef,
        claimed: Claimed,
        hashing: Hashing,
    ) -> Result<Ran> {
        if let Some(ran) = self.compare(dataset, object, &claimed, &hashing).await? {
            return Ok(ran);
        }
        let hash_state = hashing.state.filter(|_| hashing.offset == claimed.checkpoint.offset);
        let pace = self.pace;
        let mut progress = run::Progress { claimed, hash_state, pace, judged: None };
        let mut conflicts = 0;
        loop {
            let session = self.session()?;
            let source = Arc::clone(&self.source);
            let run = run::Run {
                client: &session.database.client,
                settings: &self.settings,
                source: &source,
                dataset,
                contract: self.contract(dataset),
                object,
            };
            let result = run.to_the_end(&mut progress).await;
            (self.reached, self.judged) = (progress.claimed.checkpoint.rows, progress.judged);
            self.pace = progress.pace;
            match result {
                Ok(ran) => return Ok(ran),
                Err(error)
                    if error.kind == ErrorKind::DatabaseConflict
                        && conflicts < CONFLICT_RETRIES =>
                {
                    conflicts += 1;
                    self.roll_back().await?;
                    // Apart from each other, or the same two meet again.
                    let jitter = rand::random_range(0..50u64 << conflicts);
                    tokio::time::sleep(Duration::from_millis(jitter)).await;
                }
                Err(error) => {
                    self.roll_back().await.ok();
                    return Err(error);
                }
            }
        }
    }

    pub(super) async fn roll_back(&self) -> Result<()> {
        let client = &self.session()?.database.client;
        client.batch_execute("rollback").await.map_err(|error| database_error(error, Stage::Ledger))
    }
}
