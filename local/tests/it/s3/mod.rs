//! The S3 endpoint over HTTP, with Amazon's own client.

/// The status and the code of an error response.
macro_rules! refused {
    ($request:expr) => {{
        let error = $request.send().await.unwrap_err();
        let status = error.raw_response().unwrap().status().as_u16();
        (status, error.code().unwrap_or_default().to_owned())
    }};
}

mod faults;
mod folder;
mod memory;
mod multipart;
mod objects;

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;
use stardrop_local::s3::{LocalS3, LocalS3Options};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const BUCKET: &str = "landing";

struct Fixture {
    s3: LocalS3,
    client: Client,
    events: UnboundedReceiver<Value>,
}

async fn start(root: &Path, versioned: bool) -> Fixture {
    let (sink, events) = unbounded_channel();
    let mut options = LocalS3Options::new(root);
    options.versioned = versioned;
    options.event_sink = Some(sink);
    options.scan_every = Some(Duration::from_millis(100));
    let s3 = LocalS3::start(options).await.unwrap();
    s3.create_bucket(BUCKET).unwrap();
    Fixture { client: s3.client(), s3, events }
}

impl Fixture {
    async fn put(&self, key: &str, text: &str) -> String {
        let body = ByteStream::from(text.as_bytes().to_vec());
        let put = self.client.put_object().bucket(BUCKET).key(key).body(body).send().await.unwrap();
        put.e_tag().unwrap().trim_matches('"').to_owned()
    }

    async fn text(&self, key: &str) -> String {
        let got = self.client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        String::from_utf8(got.body.collect().await.unwrap().to_vec()).unwrap()
    }

    /// The next event: its name, its key as the event writes it, and the whole record.
    async fn event(&mut self) -> (String, String, Value) {
        let event = tokio::time::timeout(Duration::from_secs(5), self.events.recv())
            .await
            .unwrap()
            .unwrap();
        let record = event["Records"][0].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&record["eventName"]), text(&record["s3"]["object"]["key"]), record)
    }

    /// Fails if an event arrives within the time of several scans.
    async fn no_event(&mut self) {
        let event = tokio::time::timeout(Duration::from_millis(700), self.events.recv()).await;
        assert!(event.is_err(), "{event:?}");
    }
}
