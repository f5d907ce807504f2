//! Queue: sends messages to SQS, and changes how long a received message stays invisible.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{DisplayErrorContext, SdkError};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::aws;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Settings;

/// The longest visibility timeout of SQS: twelve hours.
const MAX_SECONDS: u64 = 43_200;

/// A client of SQS, which is built when it is first used.
pub struct Queue {
    endpoint: Option<String>,
    client: OnceCell<Client>,
}

impl Queue {
    /// The SQS of the settings, with the AWS SDK's credentials and region.
    pub fn new(settings: &Settings) -> Queue {
        Queue { endpoint: settings.sqs_endpoint.clone(), client: OnceCell::new() }
    }

    /// The SQS of an existing client.
    pub fn with_client(client: Client) -> Queue {
        Queue { endpoint: None, client: OnceCell::new_with(Some(client)) }
    }

    /// Sends a message to the queue at `url`.
    ///
    /// # Errors
    /// [`ErrorKind::QueueRefused`] where SQS refuses the message, or cannot be reached.
    pub(crate) async fn send(&self, url: &str, body: &Value) -> Result<()> {
        let request = self.client().await.send_message().queue_url(url);
        let sent = request.message_body(body.to_string()).send().await;
        sent.map(drop).map_err(|error| refused("cannot send a message to the queue", url, error))
    }

    /// Makes SQS deliver a received message again after `time`, rounded down to seconds.
    ///
    /// # Errors
    /// As [`Queue::send`].
    pub(crate) async fn change_visibility(
        &self,
        url: &str,
        receipt_handle: &str,
        time: Duration,
    ) -> Result<()> {
        let seconds = time.as_secs().min(MAX_SECONDS) as i32;
        let request = self.client().await.change_message_visibility().queue_url(url);
        let request = request.receipt_handle(receipt_handle).visibility_timeout(seconds);
        let hidden = request.send().await;
        hidden
            .map(drop)
            .map_err(|error| refused("cannot change the visibility of a message", url, error))
    }

    async fn client(&self) -> &Client {
        let make = || async {
            let shared = aws::config(self.endpoint.is_some()).await;
            let mut config = aws_sdk_sqs::config::Builder::from(&shared);
            if let Some(endpoint) = &self.endpoint {
                config = config.endpoint_url(endpoint);
            }
            Client::from_conf(config.build())
        };
        self.client.get_or_init(make).await
    }
}

fn refused<E>(what: &str, url: &str, error: SdkError<E>) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    let message = format!("{what} ({url}): {}", DisplayErrorContext(&error));
    Error::new(ErrorKind::QueueRefused, Stage::Queue, message)
}

/// The URL at AWS of the queue with this ARN; `None` where it is not the ARN of a queue.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>
pub(crate) fn url_of(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", partition, "sqs", region, account, name] = parts[..] else { return None };
    let domain = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    Some(format!("https://sqs.{region}.{domain}/{account}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::url_of;

    #[test]
    fn an_arn_becomes_the_url_of_its_partition() {
        let url = url_of("arn:aws:sqs:eu-central-1:123456789012:inbox").unwrap();
        assert_eq!(url, "https://sqs.eu-central-1.amazonaws.com/123456789012/inbox");
        let url = url_of("arn:aws-cn:sqs:cn-north-1:123456789012:inbox").unwrap();
        assert_eq!(url, "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/inbox");
        assert_eq!(url_of(""), None);
        assert_eq!(url_of("arn:aws:s3:::bucket"), None);
    }
}
