//! Handler: handles one Lambda event: loads its objects or does its task, and returns the JSON to answer with.

mod batch_operations;
mod extract;
mod health;
mod loads;
mod migrate;
mod queue;
mod reconcile;
mod time_limit;

use std::time::Instant;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::event::{self, Event, Task};
use crate::load::Loader;
use crate::queue::Queue;
use crate::settings::Settings;

/// Handles events, one after the other.
pub struct Handler {
    loader: Loader,
    queue: Queue,
    /// The queue to which a load that runs out of time is sent, unless its event came from a queue.
    queue_url: Option<String>,
}

impl Handler {
    /// A handler that loads with `loader`. A load that runs out of time is sent to the queue that its event came
    /// from, or else to the one at `queue_url`.
    pub fn new(loader: Loader, queue: Queue, queue_url: Option<String>) -> Self {
        Handler { loader, queue, queue_url }
    }

    /// A handler for these settings.
    ///
    /// # Errors
    /// Those of [`Loader::from_settings`].
    pub fn from_settings(settings: Settings) -> Result<Self> {
        let (queue, queue_url) = (Queue::new(&settings), settings.queue_url.clone());
        Ok(Handler::new(Loader::from_settings(settings)?, queue, queue_url))
    }

    /// The token that stops the handler's work when the process shuts down.
    pub fn cancellation_token(&self) -> CancellationToken {
        self.loader.cancellation_token()
    }

    /// Closes the connection to the database.
    pub async fn close(&mut self) {
        self.loader.close().await;
    }

    /// Handles an event, until the deadline. Of an SQS event, the messages that SQS has to deliver again
    /// are listed in `batchItemFailures`. The answer to S3 Batch Operations has a result for each task. A file with errors is recorded as failed in the ledger, and is not an
    /// error of the invocation. A load that runs out of time continues in another invocation, by a message to the
    /// queue.
    ///
    /// # Errors
    /// [`MalformedEvent`](crate::error::ErrorKind::MalformedEvent) where the event cannot be read; without a
    /// queue, the first error that makes a retry of the event necessary; of a task, why it failed.
    pub async fn handle(&mut self, event: &Value, deadline: Option<Instant>) -> Result<Value> {
        self.loader.set_deadline(deadline);
        self.loader.check_connection().await;
        match event::parse(event)? {
            Event::Objects(objects) => {
                let loads = self.load_all(&objects).await;
                let url = self.queue_url.clone();
                let reports = self.finish(loads, url.as_deref(), 0).await?;
                Ok(json!({ "loads": reports }))
            }
            Event::Queue(messages) => self.handle_queue(messages).await,
            Event::BatchOperation(operation) => {
                // Boxed: the compiler limits how deep futures may nest.
                Ok(Box::pin(self.handle_batch_operation(operation)).await)
            }
            Event::Nothing(why) => Ok(json!({ "ignored": why })),
            Event::Task(Task::Migrate(migrate)) => self.migrate(&migrate, deadline).await,
            Event::Task(Task::Health) => Ok(self.health(deadline).await),
            Event::Task(Task::Reconcile(reconcile)) => self.reconcile(&reconcile, deadline).await,
            Event::Task(Task::Extract(extract)) => Box::pin(self.extract(&extract, deadline)).await,
        }
    }
}
