//! An SQS endpoint over queues in memory.
//!
//! It implements the JSON protocol of the AWS SDKs, and of standard queues what a consumer of S3
//! events needs: visibility timeouts, receive counts and a dead-letter queue.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>

mod api;
mod queue;

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use queue::{Queue, Queues, receive};
pub use queue::{QueueOptions, Received};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The account and region in the names of queues.
const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

/// A running endpoint. Dropping it stops it and discards its queues.
#[derive(Debug)]
pub struct LocalSqs {
    queues: Queues,
    port: u16,
    server: JoinHandle<()>,
}

impl LocalSqs {
    /// Starts an endpoint on 127.0.0.1; without a port it chooses a free one.
    ///
    /// # Errors
    ///
    /// If the port is in use.
    pub async fn start(port: Option<u16>) -> io::Result<LocalSqs> {
        let listener = TcpListener::bind(("127.0.0.1", port.unwrap_or(0))).await?;
        let port = listener.local_addr()?.port();
        let queues = Queues::default();
        let server = tokio::spawn(serve(listener, Arc::clone(&queues)));
        Ok(LocalSqs { queues, port, server })
    }

    /// The address for clients: `http://127.0.0.1:<port>`.
    pub fn endpoint_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The URL of a queue, for clients.
    pub fn queue_url(&self, queue: &str) -> String {
        format!("{}/{ACCOUNT}/{queue}", self.endpoint_url())
    }

    /// The ARN of a queue, as events write it.
    pub fn queue_arn(&self, queue: &str) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
    }

    /// A client of this endpoint.
    pub fn client(&self) -> aws_sdk_sqs::Client {
        use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "local"))
            .endpoint_url(self.endpoint_url())
            .build();
        aws_sdk_sqs::Client::from_conf(config)
    }

    /// Creates a queue, unless it exists.
    pub fn create_queue(&self, name: &str, options: QueueOptions) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.entry(name.to_owned()).or_insert_with(|| Queue::new(options));
    }

    /// Sends a message without an HTTP request, and returns its id; `None` if there is no such queue.
    pub fn send(&self, queue: &str, body: &str) -> Option<String> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        Some(queues.get_mut(queue)?.send(body.to_owned(), Instant::now(), Duration::ZERO))
    }

    /// Receives the next visible message of a queue; `None` if there is none. A message that was
    /// received too often moves to the dead-letter queue instead.
    pub fn receive(&self, queue: &str) -> Option<Received> {
        receive(&self.queues, queue, None)
    }

    /// Deletes a message, and returns whether it existed.
    pub fn delete(&self, queue: &str, receipt_handle: &str) -> bool {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.get_mut(queue).is_some_and(|queue| queue.delete(receipt_handle))
    }

    /// The bodies of all messages of a queue, visible or not.
    pub fn messages(&self, queue: &str) -> Vec<String> {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.get(queue).map(Queue::bodies).unwrap_or_default()
    }

    /// The time until the next message of a queue is visible; `None` if the queue is empty.
    pub fn visible_in(&self, queue: &str) -> Option<Duration> {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.get(queue)?.visible_in(Instant::now())
    }
}

impl Drop for LocalSqs {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, queues: Queues) {
    while let Ok((stream, _)) = listener.accept().await {
        let queues = Arc::clone(&queues);
        tokio::spawn(async move {
            let service = service_fn(move |request| api::respond(Arc::clone(&queues), request));
            let builder = Builder::new(TokioExecutor::new());
            // An error here is a client that disconnected.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
