//! Unmatched: what happens to an object whose key fits no dataset, or is to be ignored.

use std::time::Duration;

use tracing::{info, warn};

use super::report::{LoadReport, Outcome};
use super::{Loader, metrics};
use crate::error::{ErrorKind, Result};
use crate::ledger;
use crate::object::ObjectRef;

impl Loader {
    /// The report of an object that is no file to load.
    pub(super) fn ignore(object: &ObjectRef) -> LoadReport {
        info!(object = %object, outcome = Outcome::Ignored.as_str(), "ignored because of its key");
        LoadReport::ignored(object)
    }

    /// Records the object in the ledger, in state `unmatched`, unless the ledger has it already.
    ///
    /// # Errors
    ///
    /// Those of identifying the object and of connecting; an error of Postgres.
    pub(super) async fn record_unmatched(&mut self, object: &ObjectRef) -> Result<LoadReport> {
        let object = match self.source.identify(object).await {
            Err(error) if error.kind == ErrorKind::ObjectMissing => object.clone(),
            identified => identified?,
        };
        // The empty object that the S3 console creates as a folder.
        if object.key.ends_with('/') && object.size_bytes == Some(0) {
            return Ok(Loader::ignore(&object));
        }
        let client = self.session.connect(&self.settings).await?;
        let (load_id, state) = ledger::record_unmatched(client, &object).await?;
        let report = LoadReport::nothing_done(load_id, &object, None, &state);
        if report.outcome == Outcome::Unmatched {
            warn!(
                load_id, object = %object, outcome = report.outcome.as_str(),
                hint = ErrorKind::NoDataset.policy().hint,
                "no dataset's `match` fits the key"
            );
        }
        let result = Ok(report);
        if self.settings.in_lambda {
            metrics::emit(metrics::NO_DATASET, &object, &result, None, Duration::ZERO);
        }
        result
    }
}
