//! An S3 server for tests that sends scripted responses over a real socket.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Source;

/// What the server does after a response.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Then {
    Close,
    Hang,
}

/// A server that sends the next response to each request, and the last one to all later requests. Also
/// returns the heads of the requests.
pub(super) async fn server(responses: Vec<(String, Then)>) -> (Source, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let requests = Arc::new(Mutex::new(Vec::new()));
    let received = Arc::clone(&requests);
    tokio::spawn(async move {
        let mut next = 0;
        loop {
            let (mut socket, _) = listener.accept().await.expect("a client");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap_or(b'\n'));
            }
            received.lock().expect("lock").push(String::from_utf8_lossy(&head).into_owned());
            let (response, then) = responses[next.min(responses.len() - 1)].clone();
            next += 1;
            let _ = socket.write_all(response.as_bytes()).await;
            if then == Then::Hang {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    drop(socket);
                });
            }
        }
    });
    (source(&endpoint), requests)
}

/// A source whose S3 is at `endpoint`.
pub(super) fn source(endpoint: &str) -> Source {
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .retry_config(retries)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .endpoint_url(endpoint)
        .force_path_style(true)
        .build();
    Source::with_client(Client::from_conf(config), Some(endpoint.to_owned()))
}

/// The text of an HTTP response.
pub(super) fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

/// The text of an error response of S3.
pub(super) fn error_response(status: &str, code: &str) -> String {
    response(status, "", &format!("<Error><Code>{code}</Code><Message>no</Message></Error>"))
}
