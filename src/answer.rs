//! Answer: one invocation's event in; its objects loaded, and what to tell Lambda, out.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::{Decision, Error, ErrorKind, Result, Stage};
use crate::event::{self, Event, QueueMessage};
use crate::load::{Loader, Outcome};
use crate::object::ObjectRef;
use crate::queue::{self, Queue};

/// How often a load is handed on. At one batch of the usual size an invocation that is 500 million
/// rows: what needs more goes round in circles.
const MOST_HOPS: u32 = 1_000;

/// How long a message rests before it is tried again: at first, and at most. It doubles each time.
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(900);

/// Answers events, one after the other.
pub struct Answerer {
    loader: Loader,
    queue: Queue,
    /// The queue that a load is handed on to where its event came by none.
    queue_url: Option<String>,
}

/// What became of the objects of one event.
#[derive(Default)]
struct Loads {
    reports: Vec<Value>,
    /// Objects that there was no time for, or not enough.
    unfinished: Vec<ObjectRef>,
    /// Whether anything was loaded at all.
    moved: bool,
    /// The first error for which the event has to come again.
    again: Option<Error>,
}

impl Answerer {
    /// An answerer that loads with `loader` and hands on by `queue`, to the queue at `queue_url`
    /// where the event came by none.
    pub fn new(loader: Loader, queue: Queue, queue_url: Option<String>) -> Self {
        Answerer { loader, queue, queue_url }
    }

    /// Loads what an event names, until the deadline. From a queue, each message that is to come
    /// again is named in `batchItemFailures`; a file that is itself at fault stands in the ledger
    /// and is no failure of the invocation. What there is no time for is handed on by a message of
    /// its own.
    ///
    /// # Errors
    ///
    /// Without a queue: the first error for which the event is to come again.
    pub async fn answer(&mut self, event: &Value, deadline: Option<Instant>) -> Result<Value> {
        self.loader.set_deadline(deadline);
        match event::parse(event)? {
            Event::Objects(objects) => {
                let loads = self.load_all(&objects).await;
                let url = self.queue_url.clone();
                let reports = self.settle(loads, url.as_deref(), 0).await?;
                Ok(json!({ "loads": reports }))
            }
            Event::Queue(messages) => self.answer_queue(messages).await,
            Event::Nothing(why) => Ok(json!({ "ignored": why })),
            Event::Health | Event::Migrate => {
                let message = "health and migrate events are not supported yet";
                Err(Error::new(ErrorKind::MalformedEvent, Stage::Event, message))
            }
        }
    }

    async fn answer_queue(&mut self, messages: Vec<QueueMessage>) -> Result<Value> {
        let mut failures = Vec::new();
        for message in messages {
            let url = queue::url_of(&message.queue_arn);
            let answered = match &message.content {
                Ok(objects) => {
                    let loads = self.load_all(objects).await;
                    self.settle(loads, url.as_deref(), message.hops).await.map(drop)
                }
                Err(_) => Ok(()),
            };
            if let Some(error) = message.content.as_ref().err().or(answered.as_ref().err()) {
                let message_id = &message.message_id;
                tracing::warn!(message_id, "message goes back to the queue: {error}");
                self.let_rest(&message, url.as_deref(), error).await;
                failures.push(json!({ "itemIdentifier": message_id }));
            }
        }
        Ok(json!({ "batchItemFailures": failures }))
    }

    /// A failed message would come again only when the queue's own visibility timeout is over,
    /// which is longer than a whole invocation: most errors pass sooner than that.
    async fn let_rest(&self, message: &QueueMessage, url: Option<&str>, error: &Error) {
        let Some(url) = url.filter(|_| !message.receipt_handle.is_empty()) else { return };
        let doubled = FIRST_REST * (1 << (message.receive_count.clamp(1, 9) - 1));
        // A lease is over only after its last second.
        let rest = error
            .retry_after
            .map_or(doubled.min(LONGEST_REST), |after| after + Duration::from_secs(1));
        if let Err(error) = self.queue.hide(url, &message.receipt_handle, rest).await {
            // It comes again all the same, only later.
            tracing::warn!(message_id = message.message_id, "{error}");
        }
    }

    /// Loads all objects, the ones after an error too.
    async fn load_all(&mut self, objects: &[ObjectRef]) -> Loads {
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
    async fn settle(&self, loads: Loads, url: Option<&str>, hops: u32) -> Result<Vec<Value>> {
        if let Some(error) = loads.again {
            // The event comes again as a whole, with all its objects.
            return Err(error);
        }
        let Some(first) = loads.unfinished.first() else { return Ok(loads.reports) };
        let out_of_time = |message: &str| {
            Error::new(ErrorKind::OutOfTime, Stage::Queue, message).of_object(first)
        };
        if !loads.moved {
            return Err(out_of_time("the invocation ended before a single batch was loaded"));
        }
        if hops >= MOST_HOPS {
            return Err(out_of_time(&format!("it was handed on {hops} times already")));
        }
        let Some(url) = url else {
            return Err(out_of_time(
                "not loaded to its end, and no queue to hand it on by (STARDROP_QUEUE_URL): send \
                 the event again, or let stardrop reconcile --heal find it",
            ));
        };
        for object in &loads.unfinished {
            let request = event::request(object, hops + 1);
            self.queue.send(url, &request).await.map_err(|error| error.of_object(object))?;
            tracing::info!(object = %object, hops = hops + 1, "handed on to the queue");
        }
        Ok(loads.reports)
    }
}
