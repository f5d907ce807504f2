//! Scripted server: answers in, an S3 over a real socket that gives them out. For tests alone.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Source;

/// What a scripted server does after its answer.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Then {
    Close,
    Hang,
}

/// A server that gives each request the next answer, the last one for ever, and what it was asked.
pub(super) async fn server(answers: Vec<(String, Then)>) -> (Source, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut next = 0;
        loop {
            let (mut socket, _) = listener.accept().await.expect("a client");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap_or(b'\n'));
            }
            heard.lock().expect("lock").push(String::from_utf8_lossy(&head).into_owned());
            let (answer, then) = answers[next.min(answers.len() - 1)].clone();
            next += 1;
            let _ = socket.write_all(answer.as_bytes()).await;
            if then == Then::Hang {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    drop(socket);
                });
            }
        }
    });
    (source(&endpoint), asked)
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

/// An answer in HTTP, word by word.
pub(super) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

/// An error as S3 words it.
pub(super) fn refusal(status: &str, code: &str) -> String {
    answer(status, "", &format!("<Error><Code>{code}</Code><Message>no</Message></Error>"))
}
