//! Queue: loads the objects of SQS messages, and returns which messages SQS has to deliver again.

use std::time::Duration;

use aws_lambda_events::sqs::SqsBatchResponse;
use serde_json::{Value, json};

use super::Handler;
use crate::error::{Error, Result};
use crate::event::QueueMessage;
use crate::queue;

/// How long SQS waits before it delivers a failed message again: at first, and at most. The delay doubles each
/// time.
const FIRST_DELAY: Duration = Duration::from_secs(5);
const MAX_DELAY: Duration = Duration::from_secs(900);

impl Handler {
    /// Loads the objects of each message, and returns Lambda's partial batch response.
    pub(super) async fn handle_queue(&mut self, messages: Vec<QueueMessage>) -> Result<Value> {
        let mut response = SqsBatchResponse::default();
        for message in messages {
            let url = queue::url_of(&message.queue_arn);
            let handled = match &message.content {
                Ok(objects) => {
                    let loads = self.load_all(objects).await;
                    self.finish(loads, url.as_deref(), message.continuations).await.map(drop)
                }
                Err(_) => Ok(()),
            };
            if let Some(error) = message.content.as_ref().err().or(handled.as_ref().err()) {
                let message_id = &message.message_id;
                tracing::warn!(message_id, "message will be delivered again: {error}");
                self.delay(&message, url.as_deref(), error).await;
                response.add_failure(message_id);
            }
        }
        Ok(json!(response))
    }

    /// Sets when SQS delivers a failed message again. Without this it waits for the queue's visibility
    /// timeout, which is longer than a whole invocation; most errors are over sooner.
    async fn delay(&self, message: &QueueMessage, url: Option<&str>, error: &Error) {
        let Some(url) = url.filter(|_| !message.receipt_handle.is_empty()) else { return };
        let doubled = FIRST_DELAY * (1 << (message.receive_count.clamp(1, 9) - 1));
        // A lease ends after its last second, not with it.
        let delay = error
            .retry_after()
            .map_or(doubled.min(MAX_DELAY), |after| after + Duration::from_secs(1));
        if let Err(error) = self.queue.change_visibility(url, &message.receipt_handle, delay).await
        {
            // The message is delivered again without this, only later.
            tracing::warn!(message_id = message.message_id, "{error}");
        }
    }
}
