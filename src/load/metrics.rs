//! Metrics: emits CloudWatch metrics when an attempt at a load ends.
//!
//! Rows and bytes are emitted once, at the end of the load, for all its invocations: an invocation
//! that is killed emits nothing.

use std::time::Duration;

use jiff::Timestamp;

use super::report::{LoadReport, Outcome};
use crate::error::{Decision, Error, ErrorKind};
use crate::ledger::Totals;
use crate::object::ObjectRef;
use crate::telemetry::{Metrics, Unit};

/// The namespace of the metrics in CloudWatch.
pub const NAMESPACE: &str = "Stardrop";
/// The dimension of all metrics: the dataset's name.
pub const DIMENSION: &str = "Dataset";
/// The value of the dimension for keys that fit no dataset. No dataset can have this name.
pub(super) const NO_DATASET: &str = "-";

/// How an attempt at a load ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Loaded,
    Failed,
    Duplicate,
    Superseded,
    Missing,
    Unmatched,
    Busy,
    Continued,
}

/// The end of an attempt, from which the metrics take their values.
pub struct AttemptEnd {
    ending: Ending,
    load_id: Option<i64>,
    /// The counts, where the load is finished or failed.
    totals: Option<Totals>,
    duration: Duration,
    /// The time from the object's event to now.
    lag: Duration,
}

type Value = fn(&AttemptEnd) -> Option<u64>;

/// All metrics: name, unit, value. A test checks that `infra/dashboard.tf` shows each of them.
pub const TABLE: &[(&str, Unit, Value)] = &[
    ("LoadsLoaded", Unit::Count, |e| e.is(Ending::Loaded)),
    ("LoadsFailed", Unit::Count, |e| e.is(Ending::Failed)),
    ("LoadsDuplicate", Unit::Count, |e| e.is(Ending::Duplicate)),
    ("LoadsSuperseded", Unit::Count, |e| e.is(Ending::Superseded)),
    ("LoadsMissing", Unit::Count, |e| e.is(Ending::Missing)),
    ("LoadsUnmatched", Unit::Count, |e| e.is(Ending::Unmatched)),
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

impl AttemptEnd {
    fn is(&self, ending: Ending) -> Option<u64> {
        (self.ending == ending).then_some(1)
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

/// Emits the metrics of an attempt, unless it changed nothing. `failed` are the counts of a load that
/// failed.
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
                Outcome::Unmatched => Ending::Unmatched,
                Outcome::AlreadyLoaded
                | Outcome::FailedBefore
                | Outcome::Undone
                | Outcome::Ignored => return,
            };
            let totals = (ending == Ending::Loaded).then(|| report.totals());
            (ending, report.load_id, totals)
        }
        Err(error) if error.kind == ErrorKind::Busy => (Ending::Busy, None, None),
        Err(error) if error.kind.policy().decision == Decision::Fail => {
            (Ending::Failed, None, failed)
        }
        // SQS delivers the message again, or counts it among its dead letters.
        Err(_) => return,
    };
    let since = object.object_time.map(|time| Timestamp::now().duration_since(time));
    // S3's clock may be ahead of this one; a negative lag counts as none.
    let lag = since.and_then(|since| Duration::try_from(since).ok()).unwrap_or_default();
    let ended = AttemptEnd { ending, load_id, totals, duration, lag };
    let mut metrics = Metrics::default();
    for (name, unit, value) in TABLE {
        if let Some(value) = value(&ended) {
            metrics.put(name, *unit, value);
        }
    }
    if let Some(load_id) = ended.load_id {
        metrics.property("load_id", load_id);
    }
    metrics.emit(NAMESPACE, (DIMENSION, dataset));
}
