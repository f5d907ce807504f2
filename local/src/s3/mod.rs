//! S3: a folder in, an S3 endpoint over it and the events of its changes out.
//!
//! ```no_run
//! # async fn example() -> Result<(), stardrop_local::s3::LocalS3Error> {
//! use stardrop_local::s3::{LocalS3, LocalS3Options};
//!
//! let (events, mut received) = tokio::sync::mpsc::unbounded_channel();
//! let mut options = LocalS3Options::new("bucket-folder");
//! options.event_sink = Some(events);
//! let s3 = LocalS3::start(options).await?;
//! s3.create_bucket("landing")?;
//! s3.put_bytes("landing", "sales/a.csv", "id\n1\n").await?;
//! let event = received.recv().await;
//! # Ok(())
//! # }
//! ```
//!
//! The newest version of each object is also a plain file, `<root>/<bucket>/<key>`. Files that
//! people copy there, change or remove become object versions and deletions, with their events,
//! within a second. The rest lies below `<root>/.stardrop`.

mod body;
mod error;
mod event;
mod fault;
mod list;
mod name;
mod options;
mod plain;
mod record;
mod serve;
mod service;
mod spool;
mod store;
mod upload;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub use error::LocalS3Error;
pub use fault::{Fault, FaultKind, Faults};
pub use options::LocalS3Options;
use tokio::task::JoinHandle;

/// What a new version is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutReceipt {
    /// Without quotes.
    pub etag: String,
    /// `None` where the bucket keeps no versions.
    pub version_id: Option<String>,
    /// The sequencer of its event.
    pub sequencer: String,
}

/// A running endpoint. Dropping it ends it at once; [`stop`](LocalS3::stop) lets requests finish.
#[derive(Debug)]
pub struct LocalS3 {
    store: Arc<store::Store>,
    faults: Faults,
    port: u16,
    access_key: String,
    secret_key: String,
    stop: tokio::sync::watch::Sender<bool>,
    server: JoinHandle<()>,
    watcher: Option<JoinHandle<()>>,
}

impl LocalS3 {
    /// Starts an endpoint on 127.0.0.1. What changed in the folder since the last one ended, and
    /// events that it did not get rid of, follow as events.
    pub async fn start(options: LocalS3Options) -> Result<LocalS3, LocalS3Error> {
        let port = options.port.unwrap_or(0);
        let listen_error = |source| LocalS3Error::Listen { port, source };
        let listener =
            tokio::net::TcpListener::bind(("127.0.0.1", port)).await.map_err(listen_error)?;
        let port = listener.local_addr().map_err(listen_error)?.port();
        let root =
            std::path::absolute(&options.root).map_err(LocalS3Error::io("find", &options.root))?;
        let store = Arc::new(store::Store::open(root, options.versioned, options.event_sink)?);
        let faults = Faults::default();
        let service = service::Service { store: Arc::clone(&store), faults: faults.clone() };
        let mut builder = s3s::service::S3ServiceBuilder::new(service);
        let (access_key, secret_key) = (options.access_key, options.secret_key);
        builder
            .set_auth(s3s::auth::SimpleAuth::from_single(access_key.as_str(), secret_key.as_str()));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let server = tokio::spawn(serve::serve(listener, builder.build(), stopped.clone()));
        let watcher =
            options.scan_every.map(|every| tokio::spawn(watch(Arc::clone(&store), every, stopped)));
        Ok(LocalS3 { store, faults, port, access_key, secret_key, stop, server, watcher })
    }

    /// The address for clients, which have to use path-style: `http://127.0.0.1:<port>`.
    pub fn endpoint_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The region that clients sign with; any other will do too.
    pub fn region(&self) -> &'static str {
        event::REGION
    }

    /// The folder of the buckets.
    pub fn root(&self) -> &Path {
        self.store.root()
    }

    /// What shall go wrong, for tests. May be changed at any time.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// A client of this endpoint.
    pub fn client(&self) -> aws_sdk_s3::Client {
        use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
        let credentials = Credentials::new(&self.access_key, &self.secret_key, None, None, "local");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region()))
            .credentials_provider(credentials)
            .endpoint_url(self.endpoint_url())
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Creates a bucket; one that exists already stays as it is.
    pub fn create_bucket(&self, bucket: &str) -> Result<(), LocalS3Error> {
        self.store.create_bucket(bucket)
    }

    /// Puts an object without going through HTTP. The event is the same.
    pub async fn put_bytes(
        &self,
        bucket: &str,
        key: &str,
        bytes: impl Into<Bytes>,
    ) -> Result<PutReceipt, LocalS3Error> {
        let bytes = bytes.into();
        self.put(bucket, key, move |spool| spool.write(&bytes)).await
    }

    /// Puts the bytes of a file as an object without going through HTTP. The event is the same.
    pub async fn put_file(
        &self,
        bucket: &str,
        key: &str,
        file: &Path,
    ) -> Result<PutReceipt, LocalS3Error> {
        let file = file.to_path_buf();
        let copy = move |spool: &mut spool::Spool| {
            let mut source = std::fs::File::open(&file).map_err(LocalS3Error::io("open", &file))?;
            spool.copy(&mut source, &file)
        };
        self.put(bucket, key, copy).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        fill: impl FnOnce(&mut spool::Spool) -> Result<(), LocalS3Error> + Send + 'static,
    ) -> Result<PutReceipt, LocalS3Error> {
        let (store, bucket, key) = (Arc::clone(&self.store), bucket.to_owned(), key.to_owned());
        let put = tokio::task::spawn_blocking(move || {
            let mut spool = spool::Spool::create(&store.spool_dir())?;
            fill(&mut spool)?;
            store.put(store::Put {
                bucket: &bucket,
                key: &key,
                bytes: spool.finish(),
                etag: None,
                headers: record::Headers::default(),
                event: "ObjectCreated:Put",
                condition: store::Condition::None,
                source: store::Source::Request,
            })
        });
        let put = put.await.map_err(|error| LocalS3Error::BodyBroken(error.to_string()))?;
        let version = put?.ok_or(LocalS3Error::PreconditionFailed)?;
        let record::Version { etag, version_id, sequencer, .. } = version;
        Ok(PutReceipt { etag, version_id, sequencer })
    }

    /// Sends the creation event of every object's newest version again, with the sequencer that it
    /// had: for a receiver that lost what it was sent.
    pub fn announce_all(&self) {
        self.store.announce_all();
    }

    /// Stops taking requests, and waits a few seconds for those that are under way.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let _ = (&mut self.server).await;
        if let Some(watcher) = &mut self.watcher {
            let _ = watcher.await;
        }
    }
}

impl Drop for LocalS3 {
    fn drop(&mut self) {
        self.server.abort();
        if let Some(watcher) = &self.watcher {
            watcher.abort();
        }
    }
}

async fn watch(
    store: Arc<store::Store>,
    every: Duration,
    mut stop: tokio::sync::watch::Receiver<bool>,
) {
    let mut watcher = watch::Watcher::default();
    loop {
        let its_store = Arc::clone(&store);
        let scan = tokio::task::spawn_blocking(move || {
            let scanned = watcher.scan(&its_store);
            (watcher, scanned)
        });
        let Ok((scanned_by, scanned)) = scan.await else { return };
        watcher = scanned_by;
        if let Err(error) = scanned {
            tracing::warn!(%error, "local s3: the folder could not be scanned");
        }
        tokio::select! {
            _ = tokio::time::sleep(every) => {}
            _ = stop.changed() => return,
        }
    }
}
