//! A database with the harness' datasets and two S3 endpoints, used by one schedule after the other.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use stardrop::dataset::Catalog;
use stardrop::db::Client;
use stardrop::load::Loader;
use stardrop::migrate;
use stardrop::object::Source;
use stardrop::star;
use stardrop_local::postgres::{LocalPostgres, PostgresOptions};
use stardrop_local::s3::{LocalS3, LocalS3Options};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::files;
use super::schedule::Schedule;
use crate::support::cloud::{LOADER, as_user, settings_of};
use crate::support::wait::eventually;
use crate::support::{connect, create_database, server, server_binaries};

/// An S3 endpoint and the events that it sent.
pub struct Endpoint {
    pub s3: LocalS3,
    events: Mutex<(UnboundedReceiver<Value>, VecDeque<Value>)>,
    _folder: tempfile::TempDir,
}

impl Endpoint {
    async fn start(versioned: bool) -> Endpoint {
        let folder = tempfile::tempdir().unwrap();
        let (sink, events) = unbounded_channel();
        let mut options = LocalS3Options::new(folder.path());
        (options.event_sink, options.scan_every, options.versioned) = (Some(sink), None, versioned);
        let s3 = LocalS3::start(options).await.unwrap();
        Endpoint { s3, events: Mutex::new((events, VecDeque::new())), _folder: folder }
    }

    /// The event of that sequencer.
    pub fn event(&self, sequencer: &str) -> Value {
        let mut events = self.events.lock().unwrap();
        while let Ok(event) = events.0.try_recv() {
            events.1.push_back(event);
        }
        let of = |event: &Value| event["Records"][0]["s3"]["object"]["sequencer"] == sequencer;
        let place = events.1.iter().position(of).unwrap();
        events.1.remove(place).unwrap()
    }
}

/// A database and what is around it.
pub struct Site {
    /// Its address, for a superuser.
    pub url: String,
    pub upstream: SocketAddr,
    pub catalog: Arc<Catalog>,
    /// The folder of the contracts.
    pub datasets: tempfile::TempDir,
    endpoints: [Endpoint; 2],
    /// The site's own server, which may be killed.
    own: Option<Arc<Mutex<LocalPostgres>>>,
    client: tokio::sync::Mutex<Option<Arc<Client>>>,
}

impl Site {
    /// This number of databases on the server that all tests share.
    pub async fn shared(name: &str, count: usize) -> Vec<Arc<Site>> {
        let first = Site::on(server().url(""), &format!("faults_{name}"), "template1", None).await;
        // A template may have no sessions.
        *first.client.lock().await = None;
        let mut sites = Vec::new();
        for number in 1..count {
            let copy = format!("faults_{name}_{number}");
            let of = format!("faults_{name}");
            sites.push(Arc::new(Site::on(server().url(""), &copy, &of, None).await));
        }
        sites.push(Arc::new(first));
        sites
    }

    /// A site with its own server.
    pub async fn with_its_own_server() -> Arc<Site> {
        let own = tokio::task::spawn_blocking(|| {
            let mut options = PostgresOptions::throwaway(server_binaries());
            options.settings.push(("deadlock_timeout".to_owned(), "50ms".to_owned()));
            LocalPostgres::start(options).unwrap()
        });
        let own = own.await.unwrap();
        let url = own.url("");
        Arc::new(Site::on(url, "faults", "template1", Some(Arc::new(Mutex::new(own)))).await)
    }

    async fn on(
        server: String,
        name: &str,
        template: &str,
        own: Option<Arc<Mutex<LocalPostgres>>>,
    ) -> Site {
        let catalog = files::catalog();
        let url = format!("{server}{name}");
        create_database(&format!("{server}postgres"), name, template).await;
        let mut client = connect(&url).await;
        if template == "template1" {
            prepare(&mut client, &catalog).await;
        }
        let datasets = tempfile::tempdir().unwrap();
        for (name, text) in files::contracts() {
            std::fs::create_dir(datasets.path().join(name)).unwrap();
            std::fs::write(datasets.path().join(name).join("dataset.toml"), text).unwrap();
        }
        let upstream = server.split(['@', '/']).nth(3).unwrap().parse().unwrap();
        Site {
            url,
            upstream,
            catalog: Arc::new(catalog),
            datasets,
            endpoints: [Endpoint::start(false).await, Endpoint::start(true).await],
            own,
            client: tokio::sync::Mutex::new(Some(Arc::new(client))),
        }
    }

    /// The endpoint with a bucket of versions, or the one without.
    pub fn endpoint(&self, versioned: bool) -> &Endpoint {
        &self.endpoints[usize::from(versioned)]
    }

    /// A superuser's session.
    pub async fn client(&self) -> Arc<Client> {
        let mut client = self.client.lock().await;
        match &*client {
            Some(client) if !client.is_closed() => Arc::clone(client),
            _ => {
                let opened = Arc::new(connect(&self.url).await);
                *client = Some(Arc::clone(&opened));
                opened
            }
        }
    }

    pub async fn run(&self, sql: &str) {
        if let Err(error) = self.client().await.batch_execute(sql).await {
            panic!("{sql}: {error:?}");
        }
    }

    /// The first column of all rows.
    pub async fn lines(&self, sql: &str) -> Vec<String> {
        match self.client().await.query(sql, &[]).await {
            Ok(rows) => rows.iter().map(|row| row.get(0)).collect(),
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }

    /// Takes everything out that schedules before have left.
    pub async fn empty(&self) {
        let mut sql = String::from("delete from stardrop.load;");
        for kind in files::KINDS {
            sql.push_str(&format!(
                "delete from star.fact_{0}; delete from staging.{0};",
                kind.name
            ));
        }
        for dimension in ["customer", "item"] {
            sql.push_str(&format!("delete from star.dim_{dimension} where {dimension}_key > 0;"));
        }
        self.run(&sql).await;
    }

    /// A loader that connects to this port.
    pub fn loader(&self, port: u16, schedule: &Schedule) -> Loader {
        let settings = settings_of(
            &self.loaders_url(port),
            &[
                ("STARDROP_BATCH_ROWS", &schedule.batch_rows.to_string()),
                ("STARDROP_CONNECTIONS", &schedule.connections.to_string()),
                ("STARDROP_LEASE_SECONDS", &schedule.lease_seconds.to_string()),
            ],
        );
        let s3 = &self.endpoint(schedule.versioned).s3;
        let source = Source::with_client(s3.client(), Some(s3.endpoint_url()));
        Loader::new(Arc::new(settings), Arc::clone(&self.catalog), Arc::new(source))
    }

    /// The database's address by another port, for the loaders' login.
    pub fn loaders_url(&self, port: u16) -> String {
        let url = as_user(&self.url, LOADER);
        let own = format!(":{}/", self.upstream.port());
        format!("{}?sslmode=disable", url.replacen(&own, &format!(":{port}/"), 1))
    }

    /// Whether the site has its own server.
    pub fn may_be_killed(&self) -> bool {
        self.own.is_some()
    }

    /// Kills the server, which then restarts.
    pub async fn kill_server(&self) {
        let Some(own) = self.own.clone() else { return };
        let killed = Arc::clone(&own);
        let kill = move || killed.lock().unwrap().kill_9().unwrap();
        tokio::task::spawn_blocking(kill).await.unwrap();
        tokio::task::spawn_blocking(move || own.lock().unwrap().restart().unwrap());
    }

    /// Waits until a server that was killed is back.
    pub async fn server_is_back(&self) {
        let Some(own) = self.own.clone() else { return };
        let running = || async { own.lock().unwrap().pid().is_some() };
        eventually("the killed server runs again", running).await;
        let _ = tokio::task::spawn_blocking(move || drop(own.lock().unwrap())).await;
        *self.client.lock().await = None;
    }
}

async fn prepare(client: &mut Client, catalog: &Catalog) {
    migrate::run(client, &star::compile(catalog)).await.unwrap();
    let role = format!(
        "do $$ begin create role {LOADER} login in role stardrop_loader;
         exception when duplicate_object or unique_violation then null; end $$"
    );
    client.batch_execute(&role).await.unwrap();
    client.batch_execute(&files::users_rules()).await.unwrap();
}
