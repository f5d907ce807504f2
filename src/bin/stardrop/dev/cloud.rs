//! The local cloud of `stardrop dev`: starts a Postgres, an S3 endpoint and loaders over a folder, and
//! connects them.
//!
//! A channel replaces the queue between S3 and the loaders: an event is sent again after an error
//! that may pass, as SQS does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use stardrop::dataset::Catalog;
use stardrop::db;
use stardrop::error::{Decision, Error, ErrorKind, Result, Stage};
use stardrop::event::{self, Event};
use stardrop::load::{LoadReport, Loader, PartLoad};
use stardrop::migrate;
use stardrop::object::{ObjectRef, Source};
use stardrop::settings::Settings;
use stardrop::star;
use stardrop_local::postgres::{LocalPostgres, PostgresOptions, find_binaries};
use stardrop_local::s3::{LocalS3, LocalS3Options};

/// The bucket that is created at the start.
pub const BUCKET: &str = "stardrop-inbox";

/// The name of the database.
const DATABASE: &str = "stardrop";

/// The login of the loaders, with the same rights as the Lambda's.
const LOADER_LOGIN: &str = "stardrop_local_loader";

/// The number of times that an event is tried, as `maxReceiveCount` of a queue.
const MAX_ATTEMPTS: u32 = 20;

/// How to start a [`LocalCloud`].
#[derive(Debug, Clone)]
pub struct CloudOptions {
    /// The folder of the database and the buckets.
    pub dir: PathBuf,
    /// `None` chooses a free port.
    pub postgres_port: Option<u16>,
    /// `None` chooses a free port.
    pub s3_port: Option<u16>,
    /// The number of objects that are loaded at the same time. With 0, events wait for the next start.
    pub loaders: usize,
}

/// The result of one attempt at one object.
#[derive(Debug)]
pub struct Finished {
    pub object: ObjectRef,
    pub result: Result<LoadReport>,
    /// Whether it is tried again.
    pub is_retried: bool,
}

/// A running local cloud. It stops with the process.
pub struct LocalCloud {
    pub postgres: LocalPostgres,
    pub s3: LocalS3,
    /// Receives the result of each attempt.
    pub finished: mpsc::UnboundedReceiver<Finished>,
    workers: Vec<JoinHandle<()>>,
}

/// An object, and how often it was tried.
type Message = (ObjectRef, u32);

impl LocalCloud {
    /// Starts everything and migrates the database to the catalog.
    ///
    /// # Errors
    ///
    /// If Postgres or the S3 endpoint does not start, or the database cannot be migrated.
    pub async fn start(
        options: CloudOptions,
        settings: &Settings,
        catalog: Arc<Catalog>,
    ) -> Result<LocalCloud> {
        let postgres = start_postgres(&options, settings).await?;
        let superuser = settings.clone().with_database(&postgres.url("postgres"))?;
        make_database(&superuser).await?;
        let owner = settings.clone().with_database(&postgres.url(DATABASE))?;
        let mut database = db::connect(&owner).await?;
        migrate::run(&mut database.client, &star::compile(&catalog)).await?;
        make_loader_login(&database.client).await?;

        let (event_sink, events) = mpsc::unbounded_channel();
        let mut s3_options = LocalS3Options::new(options.dir.join("buckets"));
        s3_options.port = options.s3_port;
        s3_options.event_sink = Some(event_sink);
        let s3 = LocalS3::start(s3_options).await.map_err(local_error)?;
        s3.create_bucket(BUCKET).map_err(local_error)?;

        let login = postgres.url(DATABASE).replacen("postgres@", &format!("{LOADER_LOGIN}@"), 1);
        let loader_settings = Arc::new(settings.clone().with_database(&login)?);
        let source = Arc::new(Source::with_client(s3.client(), Some(s3.endpoint_url())));
        let (finished_sink, finished) = mpsc::unbounded_channel();
        let (queue_sink, queue) = mpsc::unbounded_channel::<Message>();
        let queue = Arc::new(Mutex::new(queue));
        let mut workers = vec![tokio::spawn(enqueue_objects(events, queue_sink.clone()))];
        for _ in 0..options.loaders {
            let loader = Loader::new(
                Arc::clone(&loader_settings),
                Arc::clone(&catalog),
                Arc::clone(&source),
            );
            workers.push(tokio::spawn(run_loader(
                loader,
                Arc::clone(&queue),
                queue_sink.clone(),
                finished_sink.clone(),
            )));
        }
        // An earlier run may have received events and not finished them. Loading a finished object again
        // changes nothing.
        s3.resend_events();
        Ok(LocalCloud { postgres, s3, finished, workers })
    }

    /// The address of the database, for its superuser.
    pub fn database_url(&self) -> String {
        self.postgres.url(DATABASE)
    }

    /// The folder of the bucket: a file that is copied into it becomes an object.
    pub fn inbox(&self) -> PathBuf {
        self.s3.root().join(BUCKET)
    }

    /// Stops the loaders, the endpoint and the server, in this order.
    ///
    /// # Errors
    ///
    /// If the server does not stop.
    pub async fn stop(self) -> Result<()> {
        for worker in &self.workers {
            worker.abort();
        }
        self.s3.stop().await;
        let postgres = self.postgres;
        tokio::task::spawn_blocking(move || postgres.stop())
            .await
            .map_err(local_error)?
            .map_err(local_error)
    }
}

/// An error of the local crate, as one of Stardrop.
fn local_error(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(
        ErrorKind::NoDatabase,
        Stage::Connect,
        "the local cloud could not be started or stopped",
    )
    .caused_by(error)
}

async fn start_postgres(options: &CloudOptions, settings: &Settings) -> Result<LocalPostgres> {
    let path = std::env::join_paths(&settings.path).map_err(local_error)?;
    let bin_dir = find_binaries(settings.pg_bin.as_deref(), Some(&path)).map_err(local_error)?;
    let mut postgres = PostgresOptions::kept(bin_dir, options.dir.join("postgres"));
    postgres.port = options.postgres_port;
    tokio::task::spawn_blocking(move || LocalPostgres::start(postgres))
        .await
        .map_err(local_error)?
        .map_err(local_error)
}

async fn make_database(superuser: &Settings) -> Result<()> {
    let admin = db::connect(superuser).await?;
    let exists = admin
        .client
        .query_opt("select from pg_database where datname = $1", &[&DATABASE])
        .await
        .map_err(|error| db::database_error(error, Stage::Migrate))?
        .is_some();
    if !exists {
        let sql = format!("create database {DATABASE}");
        db::execute(&admin.client, &sql, Stage::Migrate).await?;
    }
    Ok(())
}

async fn make_loader_login(client: &stardrop::db::Client) -> Result<()> {
    let sql = format!(
        "do $$ begin
             create role {LOADER_LOGIN} login in role stardrop_loader;
         exception when duplicate_object then null;
         end $$"
    );
    db::execute(client, &sql, Stage::Migrate).await
}

/// Puts the objects of events into the queue.
async fn enqueue_objects(
    mut events: mpsc::UnboundedReceiver<Value>,
    queue: mpsc::UnboundedSender<Message>,
) {
    while let Some(event) = events.recv().await {
        match event::parse(&event) {
            Ok(Event::Objects(objects)) => {
                for object in objects {
                    let _ = queue.send((object, 0));
                }
            }
            Ok(_) => {}
            Err(error) => tracing::error!("{error}"),
        }
    }
}

/// Loads objects from the queue, one after the other.
async fn run_loader(
    mut loader: Loader,
    queue: Arc<Mutex<mpsc::UnboundedReceiver<Message>>>,
    retries: mpsc::UnboundedSender<Message>,
    finished: mpsc::UnboundedSender<Finished>,
) {
    loop {
        let Some((object, attempts)) = queue.lock().await.recv().await else { return };
        let loads = loader.load_parts(&object, None).await;
        let is_retried = |load: &PartLoad| {
            load.result.as_ref().is_err_and(|error| {
                error.kind.policy().decision == Decision::Retry && attempts + 1 < MAX_ATTEMPTS
            })
        };
        if loads.iter().any(is_retried) {
            let retries = retries.clone();
            let message = (object.clone(), attempts + 1);
            let pause = Duration::from_millis(200 << attempts.min(6));
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                let _ = retries.send(message);
            });
        }
        for load in loads {
            let is_retried = is_retried(&load);
            let (object, result) = (object.clone(), load.result);
            if finished.send(Finished { object, result, is_retried }).is_err() {
                return;
            }
        }
    }
}
