//! Claim: waits a little for a load that another worker holds, and ends a worker that is dead.

use std::time::{Duration, Instant};

use super::Loader;
use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::{self, Claim, Claimed, Hashing};
use crate::object::ObjectRef;

/// How long a load that another worker holds is waited for before the answer is "busy": long
/// enough for the backend of a killed worker to notice, short enough for an invocation.
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// The pause between two looks.
const BUSY_POLL: Duration = Duration::from_millis(200);

/// A claim that is settled.
pub(super) enum Won {
    Claimed(Claimed, Hashing),
    Done { load_id: i64, state: String },
}

impl Loader {
    pub(super) async fn claim(&self, dataset: &Dataset, object: &ObjectRef) -> Result<Won> {
        let client = &self.session()?.database.client;
        let lease = self.lease();
        let started = Instant::now();
        let patience = self.pace.patience(BUSY_WAIT);
        loop {
            match ledger::claim(client, dataset, object, lease).await? {
                Claim::Claimed(claimed, hashing) => return Ok(Won::Claimed(claimed, hashing)),
                Claim::Done { load_id, state } => return Ok(Won::Done { load_id, state }),
                // Such as one of another login, which we may not even see.
                Claim::Stale { worker } if started.elapsed() > patience => {
                    let message =
                        format!("backend {} works on the key and does not end", worker.pid);
                    return Err(Error::new(ErrorKind::Busy, Stage::Ledger, message));
                }
                Claim::Stale { worker } => ledger::end_worker(client, worker).await?,
                // The claim is ours, held by the backend of the connection that broke.
                Claim::Busy { worker: Some(worker), .. }
                    if self.lost_backend == Some(worker.pid) =>
                {
                    ledger::end_worker(client, worker).await?;
                }
                Claim::Busy { load_id, lease_until, lease_left, .. }
                    if started.elapsed() > patience =>
                {
                    let until = lease_until.map_or_else(String::new, |t| format!(" until {t}"));
                    let message =
                        format!("another worker works on the key, at load {load_id}{until}");
                    let mut busy = Error::new(ErrorKind::Busy, Stage::Ledger, message);
                    busy.retry_after = lease_left;
                    return Err(busy);
                }
                Claim::Busy { .. } => {}
            }
            tokio::time::sleep(BUSY_POLL).await;
        }
    }
}
