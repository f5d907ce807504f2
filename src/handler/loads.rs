//! Loads: loads the objects of one event, and sends those that ran out of time to the queue.

use serde_json::{Value, json};

use super::Handler;
use crate::error::{Decision, Error, ErrorKind, Result, Stage};
use crate::event;
use crate::load::{Outcome, PartLoad};
use crate::object::ObjectRef;

/// How often a load may be continued in another invocation. With one batch of the default size in each, that is
/// 500 million rows; a load that needs more is stuck in a loop.
const MAX_CONTINUATIONS: u32 = 1_000;

/// The results of loading the objects of one event.
#[derive(Default)]
pub(super) struct Loads {
    pub reports: Vec<Value>,
    /// Objects whose load ran out of time, or did not start.
    unfinished: Vec<ObjectRef>,
    /// The first error of a load that ran out of time.
    out_of_time: Option<String>,
    /// Whether any load made progress.
    progress: bool,
    /// The first error that makes a retry of the event necessary.
    retry: Option<Error>,
}

impl Handler {
    /// Loads all objects, also those after an error.
    pub(super) async fn load_all(&mut self, objects: &[ObjectRef]) -> Loads {
        let mut loads = Loads::default();
        for object in objects {
            let parts = self.loader.load_parts(object, None).await;
            // Parts that were loaded by an earlier invocation are no progress of this one.
            let is_only_one = parts.len() == 1;
            let mut is_unfinished = false;
            for PartLoad { part, result } in parts {
                match result {
                    Ok(report) => {
                        loads.progress |= is_only_one || report.outcome.is_progress();
                        is_unfinished |= report.outcome == Outcome::Continues;
                        loads.reports.push(json!(report));
                    }
                    Err(error) if error.kind == ErrorKind::OutOfTime => {
                        is_unfinished = true;
                        loads.out_of_time.get_or_insert(error.message);
                    }
                    Err(error) => match error.kind.policy().decision {
                        Decision::Fail => loads.reports.push(failed(object, &part, &error)),
                        Decision::Retry | Decision::Stop => {
                            loads.retry.get_or_insert(error);
                        }
                    },
                }
            }
            if is_unfinished {
                loads.unfinished.push(object.clone());
            }
        }
        loads
    }

    /// Sends the unfinished objects to the queue at `url`, and returns the reports of all loads.
    ///
    /// # Errors
    /// The first error that makes a retry necessary; [`ErrorKind::OutOfTime`] where an object is unfinished and
    /// no load made progress, there is no queue, or it was continued too often;
    /// [`ErrorKind::QueueRefused`] where SQS does not accept the message.
    pub(super) async fn finish(
        &self,
        loads: Loads,
        url: Option<&str>,
        continuations: u32,
    ) -> Result<Vec<Value>> {
        if let Some(error) = loads.retry {
            // A retry of the event includes its unfinished objects.
            return Err(error);
        }
        let Some(first) = loads.unfinished.first() else { return Ok(loads.reports) };
        let out_of_time = |message: &str| {
            Error::new(ErrorKind::OutOfTime, Stage::Queue, message).of_object(first)
        };
        if !loads.progress {
            return Err(out_of_time(&loads.out_of_time.unwrap_or_default()));
        }
        if continuations >= MAX_CONTINUATIONS {
            return Err(out_of_time(&format!(
                "not finished after {continuations} continuations in other invocations"
            )));
        }
        let Some(url) = url else {
            return Err(out_of_time(
                "not finished within one invocation, and there is no queue to continue by \
                 (STARDROP_QUEUE_URL is not set): send the event again, or run \
                 stardrop reconcile --heal",
            ));
        };
        for object in &loads.unfinished {
            let request = event::request(object, continuations + 1);
            self.queue.send(url, &request).await.map_err(|error| error.of_object(object))?;
            tracing::info!(
                object = %object, continuations = continuations + 1,
                "sent to the queue, to continue in another invocation"
            );
        }
        Ok(loads.reports)
    }
}

fn failed(object: &ObjectRef, part: &str, error: &Error) -> Value {
    let mut report = json!({
        "object": object.to_string(), "outcome": "failed", "failure": error.to_string(),
    });
    if let (false, Some(fields)) = (part.is_empty(), report.as_object_mut()) {
        fields.insert("part".to_owned(), part.into());
    }
    report
}
