//! Extract: copies tables of a database into the bucket, and stops before the invocation's time limit.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Handler;
use super::time_limit::RESERVE;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::event;
use crate::extract::{self, Progress, Report, Request};
use crate::load::shutdown_error;

/// Time kept free before the invocation's deadline, to abort an upload: the part that is being sent comes to its end
/// before, and a part is 8 MiB.
const STOP_RESERVE: Duration = Duration::from_secs(10);

/// How far the table is that was read last.
#[derive(Debug, Clone, Default)]
struct Reached {
    table: String,
    rows: u64,
    bytes: u64,
}

impl Handler {
    /// Extracts, as `stardrop extract` does. An extract that does not fit in the invocation is stopped: nothing of the
    /// table that was being read is visible but files of a window that are complete, which come again under the same keys.
    ///
    /// # Errors
    /// [`ErrorKind::MalformedEvent`] where an option cannot be read; [`ErrorKind::OutOfTime`] with the size that fits;
    /// the errors of [`extract::run`].
    pub(super) async fn extract(
        &self,
        wanted: &event::Extract,
        deadline: Option<Instant>,
    ) -> Result<Value> {
        let request = Request::from_event(wanted)?;
        let (source, settings) = (self.loader.source(), self.loader.settings());
        let shutdown = self.loader.cancellation_token();
        let stop = shutdown.child_token();
        let reached = Mutex::new(Reached::default());
        let show = |progress: Progress<'_>| {
            let Progress { table, rows, bytes } = progress;
            let table = table.to_owned();
            *reached.lock().unwrap_or_else(PoisonError::into_inner) =
                Reached { table, rows, bytes };
        };
        let began = Instant::now();
        let run = extract::run(&request, settings, &source, &show, &stop);
        let ended = stopped_before(deadline, &stop, run).await;
        if shutdown.is_cancelled() && ended.is_err() {
            return Err(shutdown_error());
        }
        match ended {
            Ok(reports) => {
                for report in &reports {
                    log(report);
                }
                let reports: Vec<Value> = reports.iter().map(Report::to_json).collect();
                Ok(json!({ "extracted": reports }))
            }
            Err(error) if stop.is_cancelled() && error.kind == ErrorKind::SourceLost => {
                let reached = reached.into_inner().unwrap_or_else(PoisonError::into_inner);
                Err(too_long(&reached, began.elapsed()))
            }
            Err(error) => Err(error),
        }
    }
}

/// The result of the run, which is told to stop in time to clean up, and is dropped if it does not.
async fn stopped_before<T>(
    deadline: Option<Instant>,
    stop: &CancellationToken,
    run: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(deadline) = deadline else { return run.await };
    let before = |reserve| deadline.checked_sub(reserve).unwrap_or_else(Instant::now);
    let mut run = std::pin::pin!(run);
    tokio::select! {
        ended = &mut run => return ended,
        () = tokio::time::sleep_until(before(STOP_RESERVE).into()) => stop.cancel(),
    }
    tokio::time::timeout_at(before(RESERVE).into(), run).await.unwrap_or_else(|_| {
        let message = "the extract did not stop in time";
        Err(Error::new(ErrorKind::SourceLost, Stage::Extract, message))
    })
}

fn log(report: &Report) {
    tracing::info!(
        table = report.table,
        files = report.files.len(),
        rows = report.rows,
        bytes = report.bytes,
        zero_dates = report.zero_dates,
        "extracted"
    );
    for note in &report.notes {
        tracing::warn!("{note}");
    }
}

fn too_long(reached: &Reached, took: Duration) -> Error {
    let Reached { table, rows, bytes } = reached;
    let (table, megabytes) =
        (if table.is_empty() { "the table" } else { table }, bytes / 1_000_000);
    let message = format!(
        "{table} does not fit in one invocation: {rows} rows, {megabytes} MB before compression, were read in {} s, \
         which is about the size that fits. No file of them is left half written, and no state was moved",
        took.as_secs()
    );
    Error::new(ErrorKind::OutOfTime, Stage::Extract, message).with_hint(
        "extract less at a time, by `since` or a `query`; raise timeout_seconds, or memory_mb for more CPU; or run \
         stardrop extract where nothing limits its time",
    )
}
