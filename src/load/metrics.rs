//! Metrics: how a load ended in; what CloudWatch is told of it out.
//!
//! Rows and bytes are told once, when the load ends, with those of all its invocations: an invocation
//! that is killed tells nothing.

use std::time::Duration;

use jiff::Timestamp;

use super::report::{LoadReport, Outcome};
use crate::error::{Decision, Error, ErrorKind};
use crate::ledger::Totals;
use crate::object::ObjectRef;
use crate::telemetry::{Metrics, Unit};

/// The metrics' namespace, and the dimension that all of them have.
pub const NAMESPACE: &str = "Stardrop";
pub const DIMENSION: &str = "Dataset";

/// How an attempt at a load ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Loaded,
    Failed,
    Duplicate,
    Superseded,
    Missing,
    Busy,
    Continued,
}

/// What is known of it then.
pub struct Ended {
    ending: Ending,
    load_id: Option<i64>,
    /// Where its rows and bytes are final.
    totals: Option<Totals>,
    duration: Duration,
    /// From the object's event to now.
    lag: Duration,
}

type Value = fn(&Ended) -> Option<u64>;

/// Every metric. A new one is a line here, and one in `infra/dashboard.tf`, which a test compares.
pub const TABLE: &[(&str, Unit, Value)] = &[
    ("LoadsLoaded", Unit::Count, |e| e.is(Ending::Loaded)),
    ("LoadsFailed", Unit::Count, |e| e.is(Ending::Failed)),
    ("LoadsDuplicate", Unit::Count, |e| e.is(Ending::Duplicate)),
    ("LoadsSuperseded", Unit::Count, |e| e.is(Ending::Superseded)),
    ("LoadsMissing", Unit::Count, |e| e.is(Ending::Missing)),
    ("Busy", Unit::Count, |e| e.is(Ending::Busy)),
    ("Continued", Unit::Count, |e| e.is(Ending::Continued)),
    ("RowsRead", Unit::Count, |e| Some(e.totals?.rows_read)),
    ("RowsRejected", Unit::Count, |e| Some(e.totals?.rows_rejected)),
    ("RowsInserted", Unit::Count, |e| Some(e.totals?.rows_inserted)),
    ("RowsUpdated", Unit::Count, |e| Some(e.totals?.rows_updated)),
    ("RowsUnchanged", Unit::Count, |e| Some(e.totals?.rows_unchanged)),
    ("BytesRead", Unit::Bytes, |e| Some(e.totals?.bytes)),
    ("LoadDuration", Unit::Milliseconds, |e| e.totals.map(|_| millis(e.duration))),
    ("EventToCommitLag", Unit::Milliseconds, |e| e.is(Ending::Loaded).map(|_| millis(e.lag))),
];

impl Ended {
    fn is(&self, ending: Ending) -> Option<u64> {
        (self.ending == ending).then_some(1)
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

/// Tells of an attempt at a load, where there is something to tell. `failed` is what a load came to
/// that failed.
pub(super) fn emit(
    dataset: &str,
    object: &ObjectRef,
    result: &Result<LoadReport, Error>,
    failed: Option<Totals>,
    duration: Duration,
) {
    let (ending, load_id, totals) = match result {
        Ok(report) => {
            let ending = match report.outcome {
                Outcome::Loaded => Ending::Loaded,
                Outcome::Continues => Ending::Continued,
                Outcome::Duplicate => Ending::Duplicate,
                Outcome::Superseded => Ending::Superseded,
                Outcome::Missing => Ending::Missing,
                Outcome::AlreadyLoaded | Outcome::FailedBefore | Outcome::Undone => return,
            };
            let totals = (ending == Ending::Loaded).then(|| report.totals());
            (ending, Some(report.load_id), totals)
        }
        Err(error) if error.kind == ErrorKind::Busy => (Ending::Busy, None, None),
        Err(error) if error.kind.policy().decision == Decision::Fail => {
            (Ending::Failed, None, failed)
        }
        // The message comes again, or ends among the dead letters: SQS counts those.
        Err(_) => return,
    };
    let since = object.object_time.map(|time| Timestamp::now().duration_since(time));
    // Two clocks: what happened before its event took no time.
    let lag = since.and_then(|since| Duration::try_from(since).ok()).unwrap_or_default();
    let ended = Ended { ending, load_id, totals, duration, lag };
    let mut metrics = Metrics::default();
    for (name, unit, value) in TABLE {
        if let Some(value) = value(&ended) {
            metrics.put(name, *unit, value);
        }
    }
    if let Some(load_id) = ended.load_id {
        metrics.note("load_id", load_id);
    }
    metrics.emit(NAMESPACE, (DIMENSION, dataset));
}
