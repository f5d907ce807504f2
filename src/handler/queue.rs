//! Queue: SQS messages in; their objects loaded, and which messages have to come again, out.

use std::time::Duration;

use serde_json::{Value, json};

use super::Handler;
use crate::error::{Error, Result};
use crate::event::QueueMessage;
use crate::queue;

/// How long a message rests before it is tried again: at first, and at most. It doubles each time.
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(900);

impl Handler {
    pub(super) async fn answer_queue(&mut self, messages: Vec<QueueMessage>) -> Result<Value> {
        let mut failures = Vec::new();
        for message in messages {
            let url = queue::url_of(&message.queue_arn);
            let answered = match &message.content {
                Ok(objects) => {
                    let loads = self.load_all(objects).await;
                    self.settle(loads, url.as_deref(), message.continuations).await.map(drop)
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
        if let Err(error) = self.queue.change_visibility(url, &message.receipt_handle, rest).await {
            // It comes again all the same, only later.
            tracing::warn!(message_id = message.message_id, "{error}");
        }
    }
}
