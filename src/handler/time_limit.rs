//! Time limit: runs work until shortly before the invocation's deadline, or until the process shuts down.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::load::shutdown_error;

/// Time kept free before an invocation's deadline, to return an error instead of being killed.
pub(super) const RESERVE: Duration = Duration::from_secs(2);

/// The result of the work.
///
/// # Errors
/// That of the work; [`ErrorKind::OutOfTime`] where the deadline comes first, with `done` as what was not
/// reached; that of [`shutdown_error`] where the process shuts down.
pub(super) async fn within<T>(
    deadline: Option<Instant>,
    cancel: &CancellationToken,
    done: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let in_time = async {
        let Some(end) = deadline else { return work.await };
        let until = end.checked_sub(RESERVE).unwrap_or_else(Instant::now);
        tokio::time::timeout_at(until.into(), work).await.unwrap_or_else(|_| {
            let message = format!("not {done} within the time limit of the invocation");
            Err(Error::new(ErrorKind::OutOfTime, Stage::Event, message))
        })
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(shutdown_error()),
        done = in_time => done,
    }
}
