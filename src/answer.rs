//! Answer: one invocation's event in; its objects loaded, and what to tell Lambda, out.

use serde_json::{Value, json};

use crate::error::{Decision, Error, ErrorKind, Result, Stage};
use crate::event::{self, Event, QueueMessage};
use crate::load::Loader;
use crate::object::ObjectRef;

/// Answers events, one after the other.
pub struct Answerer {
    loader: Loader,
}

impl Answerer {
    /// An answerer that loads with `loader`.
    pub fn new(loader: Loader) -> Self {
        Answerer { loader }
    }

    /// Loads what an event names. From a queue, each message that is to come again is named in
    /// `batchItemFailures`; a file that is itself at fault stands in the ledger and is no failure
    /// of the invocation.
    ///
    /// # Errors
    ///
    /// Without a queue: the first error for which the event is to come again.
    pub async fn answer(&mut self, event: &Value) -> Result<Value> {
        match event::parse(event)? {
            Event::Objects(objects) => {
                let loads = self.load_all(&objects).await?;
                Ok(json!({ "loads": loads }))
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
            let loaded = match message.content {
                Ok(objects) => self.load_all(&objects).await.map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = loaded {
                tracing::warn!(
                    message_id = message.message_id,
                    "message goes back to the queue: {error}"
                );
                failures.push(json!({ "itemIdentifier": message.message_id }));
            }
        }
        Ok(json!({ "batchItemFailures": failures }))
    }

    /// Loads all objects, the ones after an error too, and then reports the first error for which
    /// the event has to come again.
    async fn load_all(&mut self, objects: &[ObjectRef]) -> Result<Vec<Value>> {
        let mut loads = Vec::new();
        let mut again = None;
        for object in objects {
            match self.loader.load(object, None).await {
                Ok(report) => loads.push(json!(report)),
                Err(error) => match error.kind.policy().decision {
                    Decision::Fail => loads.push(json!({
                        "object": object.to_string(), "outcome": "failed", "failure": error.to_string(),
                    })),
                    Decision::Retry | Decision::Stop => {
                        again.get_or_insert(error);
                    }
                },
            }
        }
        again.map_or(Ok(loads), Err)
    }
}
