//! An S3 endpoint, a queue and loaders for one test database.
//!
//! Loaders log in as a role that is only a member of `stardrop_loader`, so that every test proves the
//! rights as well. Objects are taken from the endpoint's own events.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stardrop::dataset::Catalog;
use stardrop::error::Result;
use stardrop::event::{self, Event};
use stardrop::handler::Handler;
use stardrop::load::{LoadReport, Loader};
use stardrop::object::{ObjectRef, Source};
use stardrop::queue::Queue;
use stardrop::settings::Settings;
use stardrop_local::s3::{LocalS3, LocalS3Options};
use stardrop_local::sqs::{LocalSqs, QueueOptions, Received};
use tokio::process::Command;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::programs::program_of_this_build;
use super::wait::within;
use super::{TestDatabase, bootstrap, project_catalog};

/// The bucket that is there from the start.
pub const BUCKET: &str = "inbox";

/// The queue that events come by.
pub const QUEUE: &str = "stardrop-inbox";

/// The login of the loaders.
pub const LOADER: &str = "test_loader";

/// An S3 endpoint, and what loaders need to work between it and one database.
pub struct Cloud {
    pub s3: LocalS3,
    pub sqs: LocalSqs,
    pub catalog: Arc<Catalog>,
    /// The address of the database, for the loaders' login.
    pub url: String,
    datasets: PathBuf,
    events: Mutex<(UnboundedReceiver<Value>, VecDeque<Value>)>,
    _root: tempfile::TempDir,
}

impl Cloud {
    /// The datasets that come with the project.
    pub async fn new(db: &TestDatabase) -> Cloud {
        Cloud::of(db, project_catalog()).await
    }

    /// Those of another catalog. The database has to be migrated already.
    pub async fn of(db: &TestDatabase, catalog: Catalog) -> Cloud {
        Cloud::start(db, catalog, false).await
    }

    /// The same with a bucket that keeps all versions.
    pub async fn with_versions(db: &TestDatabase, catalog: Catalog) -> Cloud {
        Cloud::start(db, catalog, true).await
    }

    async fn start(db: &TestDatabase, catalog: Catalog, versioned: bool) -> Cloud {
        db.run(&format!(
            "do $$ begin
                 create role {LOADER} login in role stardrop_loader;
             exception when duplicate_object or unique_violation then null;
             end $$"
        ))
        .await;
        let folder = tempfile::tempdir().unwrap();
        let (sink, events) = unbounded_channel();
        let mut options = LocalS3Options::new(folder.path());
        options.event_sink = Some(sink);
        options.scan_every = None;
        options.versioned = versioned;
        let s3 = LocalS3::start(options).await.unwrap();
        s3.create_bucket(BUCKET).unwrap();
        let sqs = LocalSqs::start(None).await.unwrap();
        sqs.create_queue(QUEUE, QueueOptions::default());
        Cloud {
            s3,
            sqs,
            catalog: Arc::new(catalog),
            url: as_user(&db.url, LOADER),
            datasets: bootstrap::datasets(),
            events: Mutex::new((events, VecDeque::new())),
            _root: folder,
        }
    }

    /// Puts an object and returns its event.
    pub async fn put_event(&self, key: &str, bytes: impl Into<Vec<u8>>) -> Value {
        let receipt = self.s3.put_bytes(BUCKET, key, bytes.into()).await.unwrap();
        self.event_of(&receipt.sequencer)
    }

    /// Puts an object and returns it, as its event names it.
    pub async fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) -> ObjectRef {
        object_of(&self.put_event(key, bytes).await)
    }

    fn event_of(&self, sequencer: &str) -> Value {
        let mut events = self.events.lock().unwrap();
        while let Ok(event) = events.0.try_recv() {
            events.1.push_back(event);
        }
        let of = |event: &Value| event["Records"][0]["s3"]["object"]["sequencer"] == sequencer;
        let place = events.1.iter().position(of).unwrap();
        events.1.remove(place).unwrap()
    }

    /// The settings of a loader, with more variables.
    pub fn settings(&self, more: &[(&str, &str)]) -> Settings {
        settings_of(&self.url, more)
    }

    /// A loader with a separate connection.
    pub fn loader(&self) -> Loader {
        self.loader_with(&[])
    }

    /// The same with more variables.
    pub fn loader_with(&self, more: &[(&str, &str)]) -> Loader {
        self.loader_of(self.settings(more))
    }

    /// The same with other settings.
    pub fn loader_of(&self, settings: Settings) -> Loader {
        let source = Source::with_client(self.s3.client(), Some(self.s3.endpoint_url()));
        Loader::new(Arc::new(settings), Arc::clone(&self.catalog), Arc::new(source))
    }

    /// A handler of events, as in Lambda.
    pub fn handler(&self) -> Handler {
        self.handler_of(self.loader())
    }

    /// The same with that loader.
    pub fn handler_of(&self, loader: Loader) -> Handler {
        Handler::new(loader, Queue::with_client(self.sqs.client()), None)
    }

    /// Loads an object with a new loader.
    pub async fn load(&self, object: &ObjectRef) -> Result<LoadReport> {
        self.loader().load(object, None).await
    }

    /// Puts an object and loads it.
    pub async fn put_and_load(&self, key: &str, bytes: impl Into<Vec<u8>>) -> LoadReport {
        let object = self.put(key, bytes).await;
        self.load(&object).await.unwrap()
    }

    /// The environment of a program that works in this cloud.
    pub fn vars(&self) -> Vec<(String, String)> {
        let datasets = self.datasets.display().to_string();
        [
            ("DATABASE_URL", self.url.clone()),
            ("STARDROP_DATASETS", datasets),
            ("AWS_ENDPOINT_URL_S3", self.s3.endpoint_url()),
            ("AWS_ENDPOINT_URL_SQS", self.sqs.endpoint_url()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// The command line, in this cloud.
    pub fn stardrop(&self, arguments: &[&str], more: &[(&str, &str)]) -> Command {
        let mut command = stardrop(arguments, more);
        for (name, value) in self.vars() {
            if !more.iter().any(|(other, _)| *other == name) {
                command.env(name, value);
            }
        }
        command
    }
}

/// The command line, with these variables only.
pub fn stardrop(arguments: &[&str], vars: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program_of_this_build("stardrop"));
    command.args(arguments).env_clear().envs(vars.iter().copied()).kill_on_drop(true);
    command
}

/// Runs a program to its end; its exit code, standard output and standard error.
pub async fn run(mut command: Command) -> (Option<i32>, String, String) {
    let output = within("the program ends", command.output()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The settings of a loader.
pub fn settings_of(url: &str, more: &[(&str, &str)]) -> Settings {
    Settings::from_vars(|name| match name {
        "DATABASE_URL" => Some(url.to_owned()),
        _ => more.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
    })
    .unwrap()
}

/// The same address for another user.
pub fn as_user(url: &str, user: &str) -> String {
    url.replacen("postgres@", &format!("{user}@"), 1)
}

/// The one object of an event.
pub fn object_of(event: &Value) -> ObjectRef {
    match event::parse(event).unwrap() {
        Event::Objects(objects) => {
            let [object] = objects.try_into().unwrap();
            object
        }
        other => panic!("{other:?}"),
    }
}

/// The event of a message that was received from [`QUEUE`].
pub fn event_of(message: &Received) -> Value {
    json!({ "Records": [{
        "messageId": message.message_id, "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": { "ApproximateReceiveCount": message.receive_count.to_string() },
        "eventSource": "aws:sqs", "eventSourceARN": format!("arn:aws:sqs:us-east-1:123456789012:{QUEUE}"),
    }] })
}

/// Events as SQS hands them out: one message each, with the ids 0, 1, 2..
pub fn queue_event(bodies: &[Value]) -> Value {
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(id, body)| {
            let body = match body {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            json!({
                "messageId": id.to_string(), "receiptHandle": format!("receipt-{id}"), "body": body,
                "attributes": { "ApproximateReceiveCount": "1" }, "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:stardrop-inbox",
            })
        })
        .collect();
    json!({ "Records": records })
}
