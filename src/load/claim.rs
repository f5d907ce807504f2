//! Claim: waits for a load that another worker holds, and terminates a worker that no longer answers.

use std::time::{Duration, Instant};

use crate::db::Client;

use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::{self, ClaimResult, Claimed};
use crate::object::ObjectRef;

/// How long to wait for a load that another worker holds before the answer is [`ErrorKind::Busy`]:
/// long enough for the backend of a killed worker to notice, short enough for an invocation.
pub(super) const BUSY_WAIT: Duration = Duration::from_secs(10);

/// The pause between two attempts to claim.
const BUSY_POLL: Duration = Duration::from_millis(200);

/// The final result of a claim.
pub(super) enum ClaimOutcome {
    Claimed(Claimed),
    /// There is nothing to load: the load's state is not `loading`.
    Done {
        load_id: i64,
        state: String,
    },
}

/// How to claim.
pub(super) struct ClaimOptions {
    /// How long the claim is held without a sign of life.
    pub lease: Duration,
    /// How long to wait for another worker.
    pub max_wait: Duration,
    /// The backend of this loader's own connection that broke, whose claim can be taken over.
    pub lost_backend: Option<i32>,
}

/// Claims the load of an object.
///
/// # Errors
///
/// [`ErrorKind::Busy`] where another worker holds it for longer than `max_wait`; those of
/// [`ledger::claim`].
pub(super) async fn claim(
    client: &Client,
    dataset: &Dataset,
    object: &ObjectRef,
    part: &str,
    options: &ClaimOptions,
) -> Result<ClaimOutcome> {
    let started = Instant::now();
    loop {
        let has_waited = started.elapsed() > options.max_wait;
        match ledger::claim(client, dataset, object, part, options.lease).await? {
            ClaimResult::Claimed(claimed) => return Ok(ClaimOutcome::Claimed(claimed)),
            ClaimResult::Done { load_id, state } => {
                return Ok(ClaimOutcome::Done { load_id, state });
            }
            // For example a backend of another login, which this role may not even see.
            ClaimResult::Stale { worker } if has_waited => {
                let message = format!(
                    "backend {} still holds this key and could not be terminated",
                    worker.pid
                );
                return Err(Error::new(ErrorKind::Busy, Stage::Ledger, message));
            }
            ClaimResult::Stale { worker } => ledger::terminate_worker(client, worker).await?,
            ClaimResult::Busy { worker: Some(worker), .. }
                if options.lost_backend == Some(worker.pid) =>
            {
                ledger::terminate_worker(client, worker).await?;
            }
            ClaimResult::Busy { load_id, lease_until, lease_left, .. } if has_waited => {
                let until = lease_until.map_or_else(String::new, |t| format!(" until {t}"));
                let message = format!("another worker holds this key (load {load_id}){until}");
                let busy = Error::new(ErrorKind::Busy, Stage::Ledger, message);
                return Err(busy.with_retry_after(lease_left));
            }
            ClaimResult::Busy { .. } => {}
        }
        tokio::time::sleep(BUSY_POLL).await;
    }
}
