//! Loads: the objects of an event in; each of them loaded or handed on to the queue, and reports out.

use serde_json::{Value, json};

use super::Handler;
use crate::error::{Decision, Error, ErrorKind, Result, Stage};
use crate::event;
use crate::load::Outcome;
use crate::object::ObjectRef;

/// How often a load is handed on. At one batch of the usual size an invocation that is 500 million
/// rows: what needs more goes round in circles.
const MAX_CONTINUATIONS: u32 = 1_000;

/// What became of the objects of one event.
#[derive(Default)]
pub(super) struct Loads {
    pub reports: Vec<Value>,
    /// Objects that there was no time for, or not enough.
    unfinished: Vec<ObjectRef>,
    /// Why the first of them was broken off, where it was.
    broken_off: Option<String>,
    /// Whether anything was loaded at all.
    moved: bool,
    /// The first error for which the event has to come again.
    again: Option<Error>,
}

impl Handler {
    /// Loads all objects, the ones after an error too.
    pub(super) async fn load_all(&mut self, objects: &[ObjectRef]) -> Loads {
        let mut loads = Loads::default();
        for object in objects {
            match self.loader.load(object, None).await {
                Ok(report) => {
                    loads.moved = true;
                    if report.outcome == Outcome::Continues {
                        loads.unfinished.push(object.clone());
                    }
                    loads.reports.push(json!(report));
                }
                Err(error) if error.kind == ErrorKind::OutOfTime => {
                    loads.unfinished.push(object.clone());
                    loads.broken_off.get_or_insert(error.message);
                }
                Err(error) => match error.kind.policy().decision {
                    Decision::Fail => loads.reports.push(json!({
                        "object": object.to_string(), "outcome": "failed", "failure": error.to_string(),
                    })),
                    Decision::Retry | Decision::Stop => {
                        loads.again.get_or_insert(error);
                    }
                },
            }
        }
        loads
    }

    /// The reports, once every object is loaded or handed on.
    pub(super) async fn settle(
        &self,
        loads: Loads,
        url: Option<&str>,
        continuations: u32,
    ) -> Result<Vec<Value>> {
        if let Some(error) = loads.again {
            // The event comes again as a whole, with all its objects.
            return Err(error);
        }
        let Some(first) = loads.unfinished.first() else { return Ok(loads.reports) };
        let out_of_time = |message: &str| {
            Error::new(ErrorKind::OutOfTime, Stage::Queue, message).of_object(first)
        };
        if !loads.moved {
            return Err(out_of_time(&loads.broken_off.unwrap_or_default()));
        }
        if continuations >= MAX_CONTINUATIONS {
            return Err(out_of_time(&format!("it was handed on {continuations} times already")));
        }
        let Some(url) = url else {
            return Err(out_of_time(
                "not loaded to its end, and no queue to hand it on by (STARDROP_QUEUE_URL): send \
                 the event again, or let stardrop reconcile --heal find it",
            ));
        };
        for object in &loads.unfinished {
            let request = event::request(object, continuations + 1);
            self.queue.send(url, &request).await.map_err(|error| error.of_object(object))?;
            tracing::info!(object = %object, continuations = continuations + 1, "handed on to the queue");
        }
        Ok(loads.reports)
    }
}
