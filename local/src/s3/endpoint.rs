//! A running S3 endpoint: starts and stops it, and writes objects without HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::error::LocalS3Error;
use super::event::REGION;
#[cfg(feature = "faults")]
use super::fault::Faults;
use super::options::LocalS3Options;
use super::record::{Headers, Version};
use super::serve::serve;
use super::service::Service;
use super::store::{Condition, Put, Source, Store};
use super::temporary::TemporaryWriter;
use super::watch::Watcher;

/// What identifies a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutReceipt {
    /// Without quotes.
    pub etag: String,
    /// `None` if the bucket keeps no versions.
    pub version_id: Option<String>,
    /// The sequencer of its event.
    pub sequencer: String,
}

/// A running endpoint. Dropping it aborts requests; [`stop`](LocalS3::stop) lets them finish.
#[derive(Debug)]
pub struct LocalS3 {
    store: Arc<Store>,
    #[cfg(feature = "faults")]
    faults: Faults,
    port: u16,
    access_key: String,
    secret_key: String,
    stop: tokio::sync::watch::Sender<bool>,
    server: JoinHandle<()>,
    watcher: Option<JoinHandle<()>>,
}

impl LocalS3 {
    /// Starts an endpoint on 127.0.0.1. It sends the events that the last endpoint of this folder
    /// could not send, and those of changes to the visible files since then.
    ///
    /// # Errors
    ///
    /// If the port is in use, another process serves the folder, or a file cannot be read or written.
    pub async fn start(options: LocalS3Options) -> Result<LocalS3, LocalS3Error> {
        let port = options.port.unwrap_or(0);
        let listen_error = |source| LocalS3Error::Listen { port, source };
        let listener =
            tokio::net::TcpListener::bind(("127.0.0.1", port)).await.map_err(listen_error)?;
        let port = listener.local_addr().map_err(listen_error)?.port();
        let root =
            std::path::absolute(&options.root).map_err(LocalS3Error::io("find", &options.root))?;
        let store = Arc::new(Store::open(root, options.versioned, options.event_sink)?);
        #[cfg(feature = "faults")]
        let faults = Faults::default();
        let service = Service {
            store: Arc::clone(&store),
            #[cfg(feature = "faults")]
            faults: faults.clone(),
        };
        let mut builder = s3s::service::S3ServiceBuilder::new(service);
        let (access_key, secret_key) = (options.access_key, options.secret_key);
        builder
            .set_auth(s3s::auth::SimpleAuth::from_single(access_key.as_str(), secret_key.as_str()));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let server = tokio::spawn(serve(listener, builder.build(), stopped.clone()));
        let watcher =
            options.scan_every.map(|every| tokio::spawn(watch(Arc::clone(&store), every, stopped)));
        Ok(LocalS3 {
            store,
            #[cfg(feature = "faults")]
            faults,
            port,
            access_key,
            secret_key,
            stop,
            server,
            watcher,
        })
    }

    /// The address for clients, which must use path-style requests: `http://127.0.0.1:<port>`.
    pub fn endpoint_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The region that clients sign with. Any other works, too.
    pub fn region(&self) -> &'static str {
        REGION
    }

    /// The folder of the buckets.
    pub fn root(&self) -> &Path {
        self.store.root()
    }

    /// The faults that requests meet, for tests. They may be changed at any time.
    #[cfg(feature = "faults")]
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

    /// Creates a bucket, unless it exists.
    ///
    /// # Errors
    ///
    /// If S3 does not allow the name, or the folder cannot be created.
    pub fn create_bucket(&self, bucket: &str) -> Result<(), LocalS3Error> {
        self.store.create_bucket(bucket)
    }

    /// Writes an object without an HTTP request. The event is the same.
    ///
    /// # Errors
    ///
    /// If the bucket does not exist, or a file cannot be written.
    pub async fn put_bytes(
        &self,
        bucket: &str,
        key: &str,
        bytes: impl Into<Bytes>,
    ) -> Result<PutReceipt, LocalS3Error> {
        let bytes = bytes.into();
        self.put(bucket, key, move |writer| writer.write(&bytes)).await
    }

    /// Writes the bytes of a file as an object, without an HTTP request. The event is the same.
    ///
    /// # Errors
    ///
    /// If the bucket does not exist, or a file cannot be read or written.
    pub async fn put_file(
        &self,
        bucket: &str,
        key: &str,
        file: &Path,
    ) -> Result<PutReceipt, LocalS3Error> {
        let file = file.to_path_buf();
        let copy = move |writer: &mut TemporaryWriter| {
            let mut source = std::fs::File::open(&file).map_err(LocalS3Error::io("open", &file))?;
            writer.copy(&mut source, &file)
        };
        self.put(bucket, key, copy).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        fill: impl FnOnce(&mut TemporaryWriter) -> Result<(), LocalS3Error> + Send + 'static,
    ) -> Result<PutReceipt, LocalS3Error> {
        let (store, bucket, key) = (Arc::clone(&self.store), bucket.to_owned(), key.to_owned());
        let put = tokio::task::spawn_blocking(move || {
            let mut writer = TemporaryWriter::create(&store.temporary_dir())?;
            fill(&mut writer)?;
            store.put(Put {
                bucket: &bucket,
                key: &key,
                bytes: writer.finish(),
                etag: None,
                headers: Headers::default(),
                event: "ObjectCreated:Put",
                condition: Condition::None,
                source: Source::Request,
            })
        });
        let put = put.await.map_err(|error| LocalS3Error::BodyBroken(error.to_string()))?;
        let version = put?.ok_or(LocalS3Error::PreconditionFailed)?;
        let Version { etag, version_id, sequencer, .. } = version;
        Ok(PutReceipt { etag, version_id, sequencer })
    }

    /// Sends the creation event of every object's newest version again, with its original
    /// sequencer: for a receiver that lost events.
    pub fn resend_events(&self) {
        self.store.resend_events();
    }

    /// Stops accepting requests, and waits up to three seconds for running ones.
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

async fn watch(store: Arc<Store>, every: Duration, mut stop: tokio::sync::watch::Receiver<bool>) {
    let mut watcher = Watcher::default();
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
