//! Answer: one invocation's event in; its objects loaded, and what to tell Lambda, out.

mod health;
mod loads;
mod migrate;
mod queue;
mod reconcile;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::dataset_files;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::event::{self, Event};
use tokio_util::sync::CancellationToken;

use crate::load::{Loader, shutdown_error};
use crate::object::Source;
use crate::queue::Queue;
use crate::settings::Settings;

/// Kept free at the end of an invocation's time, to say that it was not enough.
const RESERVE: Duration = Duration::from_secs(2);

/// Answers events, one after the other.
pub struct Handler {
    loader: Loader,
    queue: Queue,
    /// The queue that a load is handed on to where its event came by none.
    queue_url: Option<String>,
}

impl Handler {
    /// An handler that loads with `loader` and hands on by `queue`, to the queue at `queue_url`
    /// where the event came by none.
    pub fn new(loader: Loader, queue: Queue, queue_url: Option<String>) -> Self {
        Handler { loader, queue, queue_url }
    }

    /// One that does as the environment has it.
    ///
    /// # Errors
    ///
    /// Where the contracts are none.
    pub fn of(settings: Settings) -> Result<Self> {
        let catalog = Arc::new(dataset_files::read(&settings.datasets_dir)?);
        let source = Arc::new(Source::new(&settings));
        let (queue, queue_url) = (Queue::new(&settings), settings.queue_url.clone());
        let loader = Loader::new(Arc::new(settings), catalog, source);
        Ok(Handler::new(loader, queue, queue_url))
    }

    /// The token that cancels its work when the process shuts down.
    pub fn cancellation_token(&self) -> CancellationToken {
        self.loader.cancellation_token()
    }

    /// Ends the connection to the database.
    pub async fn close(&mut self) {
        self.loader.close().await;
    }

    /// Does what an event asks for, or loads what it names, until the deadline. From a queue, each message that is to come
    /// again is named in `batchItemFailures`; a file that is itself at fault stands in the ledger
    /// and is no failure of the invocation. What there is no time for is handed on by a message of
    /// its own.
    ///
    /// # Errors
    ///
    /// Without a queue: the first error for which the event is to come again. Of a task: why it is
    /// not done.
    pub async fn handle(&mut self, event: &Value, deadline: Option<Instant>) -> Result<Value> {
        self.loader.set_deadline(deadline);
        self.loader.check_connection().await;
        match event::parse(event)? {
            Event::Objects(objects) => {
                let loads = self.load_all(&objects).await;
                let url = self.queue_url.clone();
                let reports = self.settle(loads, url.as_deref(), 0).await?;
                Ok(json!({ "loads": reports }))
            }
            Event::Queue(messages) => self.answer_queue(messages).await,
            Event::Nothing(why) => Ok(json!({ "ignored": why })),
            Event::Migrate(wanted) => self.migrate(&wanted, deadline).await,
            Event::Health => Ok(self.health(deadline).await),
            Event::Reconcile(wanted) => self.reconcile(&wanted, deadline).await,
        }
    }
}

/// The work's result, or an error shortly before Lambda would end the invocation without a word, and
/// when the process is told to end.
async fn within<T>(
    deadline: Option<Instant>,
    cancel: &CancellationToken,
    done: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let in_time = async {
        let Some(end) = deadline else { return work.await };
        let until = end.checked_sub(RESERVE).unwrap_or_else(Instant::now);
        tokio::time::timeout_at(until.into(), work).await.unwrap_or_else(|_| {
            let message = format!("it is not {done} within the time of an invocation");
            Err(Error::new(ErrorKind::OutOfTime, Stage::Event, message))
        })
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(shutdown_error()),
        done = in_time => done,
    }
}
