//! Settle: an object that is gone, or not the one of its event any more, in; its ledger row out.

use super::report::LoadReport;
use super::{Loader, claim};
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::ledger::{self, Claimed};
use crate::object::ObjectRef;

impl Loader {
    /// The object is gone before anything but its name is known: the ledger keeps that.
    pub(super) async fn note_missing(
        &mut self,
        dataset: &Dataset,
        object: &ObjectRef,
        error: Error,
    ) -> Result<LoadReport> {
        self.prepare(dataset).await?;
        match self.claim(dataset, object).await? {
            claim::Won::Claimed(claimed, _) => {
                self.settle(dataset, object, &claimed, "missing", &error).await
            }
            claim::Won::Done { load_id, state } => {
                Ok(LoadReport::nothing_done(load_id, object, dataset, &state))
            }
        }
    }

    pub(super) async fn settle(
        &self,
        dataset: &Dataset,
        object: &ObjectRef,
        claimed: &Claimed,
        state: &str,
        why: &Error,
    ) -> Result<LoadReport> {
        let notes = why.to_string();
        ledger::settle(&self.session()?.database.client, claimed, state, &notes).await?;
        self.release(claimed.load_id).await?;
        Ok(LoadReport::nothing_done(claimed.load_id, object, dataset, state))
    }
}
