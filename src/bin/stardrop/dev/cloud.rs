//! Cloud: a folder in; Postgres, an S3 endpoint and loaders that work for each other out.
//!
//! What AWS does between S3 and Lambda is a channel here: an event that fails for a reason that
//! may pass comes again, as a message from a queue would.

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
use stardrop::load::{LoadReport, Loader};
use stardrop::migrate;
use stardrop::object::{ObjectRef, Source};
use stardrop::settings::Settings;
use stardrop::star;
use stardrop_local::postgres::{LocalPostgres, PostgresOptions, find_binaries};
use stardrop_local::s3::{LocalS3, LocalS3Options};

/// The bucket that is there from the start.
pub const BUCKET: &str = "stardrop-inbox";

/// The database.
const DATABASE: &str = "stardrop";

/// The login of the loaders: it may do what the Lambda's may, and nothing else.
const LOADER_LOGIN: &str = "stardrop_local_loader";

/// How often an event is handed out before it is given up, as by a queue's `maxReceiveCount`.
const MAX_RECEIVES: u32 = 20;

/// Postgres' setting for a port and so on: how to start a [`LocalCloud`].
#[derive(Debug, Clone)]
pub struct CloudOptions {
    /// Everything lies below it: the database, the buckets.
    pub dir: PathBuf,
    /// `None` takes a free port.
    pub postgres_port: Option<u16>,
    /// `None` takes a free port.
    pub s3_port: Option<u16>,
    /// How many objects are loaded side by side. With none, events wait for the next start.
    pub loaders: usize,
}

/// What became of one object of one event.
#[derive(Debug)]
pub struct Finished {
    pub object: ObjectRef,
    pub result: Result<LoadReport>,
    /// Whether the event comes again.
    pub comes_again: bool,
}

/// A running local cloud. It ends with the process.
pub struct LocalCloud {
    pub postgres: LocalPostgres,
    pub s3: LocalS3,
    /// What is finished, as it happens.
    pub finished: mpsc::UnboundedReceiver<Finished>,
    workers: Vec<JoinHandle<()>>,
}

/// An event and how often it was handed out.
type Message = (ObjectRef, u32);

impl LocalCloud {
    /// Starts everything and migrates the database to the catalog.
    ///
    /// # Errors
    ///
    /// What does not start, and why.
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
        let s3 = LocalS3::start(s3_options).await.map_err(no_cloud)?;
        s3.create_bucket(BUCKET).map_err(no_cloud)?;

        let login = postgres.url(DATABASE).replacen("postgres@", &format!("{LOADER_LOGIN}@"), 1);
        let loader_settings = Arc::new(settings.clone().with_database(&login)?);
        let source = Arc::new(Source::with_client(s3.client(), Some(s3.endpoint_url())));
        let (finished_sink, finished) = mpsc::unbounded_channel();
        let (queue_sink, queue) = mpsc::unbounded_channel::<Message>();
        let queue = Arc::new(Mutex::new(queue));
        let mut workers = vec![tokio::spawn(receive(events, queue_sink.clone()))];
        for _ in 0..options.loaders {
            let loader = Loader::new(
                Arc::clone(&loader_settings),
                Arc::clone(&catalog),
                Arc::clone(&source),
            );
            workers.push(tokio::spawn(work(
                loader,
                Arc::clone(&queue),
                queue_sink.clone(),
                finished_sink.clone(),
            )));
        }
        // Events that an earlier run took and did not finish; those it did finish do nothing.
        s3.announce_all();
        Ok(LocalCloud { postgres, s3, finished, workers })
    }

    /// The address of the database, for its superuser.
    pub fn database_url(&self) -> String {
        self.postgres.url(DATABASE)
    }

    /// The folder of the bucket: what is copied into it becomes an object.
    pub fn inbox(&self) -> PathBuf {
        self.s3.root().join(BUCKET)
    }

    /// Stops the loaders, the endpoint and the server, in this order.
    ///
    /// # Errors
    ///
    /// Where the server does not stop.
    pub async fn stop(self) -> Result<()> {
        for worker in &self.workers {
            worker.abort();
        }
        self.s3.stop().await;
        let postgres = self.postgres;
        tokio::task::spawn_blocking(move || postgres.stop())
            .await
            .map_err(no_cloud)?
            .map_err(no_cloud)
    }
}

fn no_cloud(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::NoDatabase, Stage::Connect, "the local cloud does not run")
        .caused_by(error)
}

async fn start_postgres(options: &CloudOptions, settings: &Settings) -> Result<LocalPostgres> {
    let path = std::env::join_paths(&settings.path).map_err(no_cloud)?;
    let bin_dir = find_binaries(settings.pg_bin.as_deref(), Some(&path)).map_err(no_cloud)?;
    let mut postgres = PostgresOptions::kept(bin_dir, options.dir.join("postgres"));
    postgres.port = options.postgres_port;
    tokio::task::spawn_blocking(move || LocalPostgres::start(postgres))
        .await
        .map_err(no_cloud)?
        .map_err(no_cloud)
}

async fn make_database(superuser: &Settings) -> Result<()> {
    let admin = db::connect(superuser).await?;
    let refused = |error| db::database_error(error, Stage::Migrate);
    let exists = admin
        .client
        .query_opt("select from pg_database where datname = $1", &[&DATABASE])
        .await
        .map_err(refused)?
        .is_some();
    if !exists {
        let sql = format!("create database {DATABASE}");
        admin.client.batch_execute(&sql).await.map_err(refused)?;
    }
    Ok(())
}

async fn make_loader_login(client: &tokio_postgres::Client) -> Result<()> {
    let sql = format!(
        "do $$ begin
             create role {LOADER_LOGIN} login in role stardrop_loader;
         exception when duplicate_object then null;
         end $$"
    );
    client.batch_execute(&sql).await.map_err(|error| db::database_error(error, Stage::Migrate))
}

/// Takes the objects out of events.
async fn receive(
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

async fn work(
    mut loader: Loader,
    queue: Arc<Mutex<mpsc::UnboundedReceiver<Message>>>,
    again: mpsc::UnboundedSender<Message>,
    finished: mpsc::UnboundedSender<Finished>,
) {
    loop {
        let Some((object, receives)) = queue.lock().await.recv().await else { return };
        let result = loader.load(&object, None).await;
        let comes_again = result.as_ref().is_err_and(|error| {
            error.kind.policy().decision == Decision::Retry && receives + 1 < MAX_RECEIVES
        });
        if comes_again {
            let again = again.clone();
            let message = (object.clone(), receives + 1);
            let pause = Duration::from_millis(200 << receives.min(6));
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                let _ = again.send(message);
            });
        }
        if finished.send(Finished { object, result, comes_again }).is_err() {
            return;
        }
    }
}
