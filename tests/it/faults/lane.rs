//! Makes the deliveries of one loader, each with its faults.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use stardrop::error::{Decision, Error, ErrorKind};
use stardrop::load::{LoadReport, Loader};
use stardrop::object::ObjectRef;
use stardrop_local::s3::Fault;
use tokio::process::Command;
use tokio::sync::Notify;

use super::bucket::{Bucket, WrittenObject};
use super::files::KINDS;
use super::lookups;
use super::proxy::{Call, Calls, Proxy};
use super::schedule::{Delivery, Lane};
use super::tally::Injected;
use crate::support::cloud::queue_event;
use crate::support::runtime_api::Function;

/// Longer than any load of a few rows takes, waiting for leases and locks included.
const PATIENCE: Duration = Duration::from_secs(90);

/// The loader that the proxy's calls stop, kill or freeze.
#[derive(Default)]
struct Worker {
    abandon: Notify,
    frozen: Notify,
    pid: AtomicU32,
}

impl Worker {
    async fn signal(&self, name: &str) {
        let pid = self.pid.load(Ordering::Relaxed).to_string();
        if pid != "0" {
            let sent = Command::new("kill").args(["-s", name, &pid]).output().await;
            sent.unwrap();
        }
    }
}

fn calls(worker: &Arc<Worker>, bucket: &Arc<Bucket>) -> Calls {
    let (worker, bucket) = (Arc::clone(worker), Arc::clone(bucket));
    Arc::new(move |call, backend| {
        let (worker, bucket) = (Arc::clone(&worker), Arc::clone(&bucket));
        Box::pin(async move {
            match call {
                Call::Terminate => {
                    let client = bucket.site.client().await;
                    let _ = client.query("select pg_terminate_backend($1)", &[&backend]).await;
                }
                Call::Abandon => worker.abandon.notify_one(),
                Call::Kill => worker.signal("KILL").await,
                Call::Freeze => {
                    worker.signal("STOP").await;
                    worker.frozen.notify_one();
                }
                // In tasks of their own: when the session ends meanwhile, a change that has been made is noted, too.
                Call::Put(put) => tokio::spawn(async move { bucket.put(put).await }).await.unwrap(),
                Call::Delete(put) => {
                    tokio::spawn(async move { bucket.delete(put).await }).await.unwrap();
                }
                Call::KillServer => bucket.site.kill_server().await,
            }
        })
    })
}

/// Makes the deliveries, one after the other. Returns how many there were.
///
/// # Errors
///
/// A loader's answer that no fault explains, or the lack of an answer.
pub async fn run(bucket: Arc<Bucket>, lane: Lane, injected: Injected) -> Result<u64, String> {
    let worker = Arc::new(Worker::default());
    let calls = calls(&worker, &bucket);
    let proxy = Proxy::start(bucket.site.upstream, calls, injected).await;
    let mut by = LaneLoader { worker, port: proxy.port, bucket, loader: None, function: None };
    let mut deliveries = 0;
    for delivery in lane.deliveries {
        let Some(written) = by.bucket.written(delivery.put).await else { continue };
        by.prepare(lane.program).await;
        proxy.plan(delivery.wire.clone());
        by.break_s3(&delivery, &written);
        let done = async {
            if lane.program { by.invoke(&written).await } else { by.load(&written).await }
        };
        let done = tokio::time::timeout(PATIENCE, done).await;
        done.map_err(|_| format!("{} gets no answer: {:?}", written.object, delivery.wire))??;
        deliveries += 1;
    }
    Ok(deliveries)
}

/// The loader of a lane: within the harness, or as a program.
struct LaneLoader {
    worker: Arc<Worker>,
    port: u16,
    bucket: Arc<Bucket>,
    loader: Option<Loader>,
    function: Option<Function>,
}

impl LaneLoader {
    /// Starts a loader, as Lambda does, only if the last one has ended.
    async fn prepare(&mut self, program: bool) {
        if !program {
            let Bucket { site, schedule, .. } = &*self.bucket;
            self.loader.get_or_insert_with(|| site.loader(self.port, schedule));
            return;
        }
        let ended = |function: &mut Function| function.program.try_wait().unwrap().is_some();
        if self.function.as_mut().is_none_or(ended) {
            let function = Function::start(&self.vars()).await;
            self.worker.pid.store(function.program.id().unwrap(), Ordering::Relaxed);
            self.function = Some(function);
        }
    }

    fn vars(&self) -> Vec<(String, String)> {
        let Bucket { site, schedule, .. } = &*self.bucket;
        [
            ("DATABASE_URL", site.loaders_url(self.port)),
            ("STARDROP_DATASETS", site.datasets.path().display().to_string()),
            ("STARDROP_BATCH_ROWS", schedule.batch_rows.to_string()),
            ("STARDROP_CONNECTIONS", schedule.connections.to_string()),
            ("STARDROP_LEASE_SECONDS", schedule.lease_seconds.to_string()),
            ("AWS_ENDPOINT_URL_S3", site.endpoint(schedule.versioned).s3.endpoint_url()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn break_s3(&self, delivery: &Delivery, written: &WrittenObject) {
        if let Some(kind) = delivery.s3 {
            let endpoint = self.bucket.site.endpoint(self.bucket.schedule.versioned);
            self.bucket.s3_faults.fetch_add(1, Ordering::Relaxed);
            // Of a dataset that looks values up, also the files that it reads for that.
            let kind_of_file = &KINDS[self.bucket.schedule.puts[delivery.put].kind];
            let key = match delivery.put % 4 {
                at @ 0..2 if kind_of_file.looks_up() => lookups::KEYS[at],
                _ => written.object.key.as_str(),
            };
            endpoint.s3.faults().push(Fault::new(kind).of_key(key));
        }
    }

    async fn load(&mut self, written: &WrittenObject) -> Result<(), String> {
        let Some(mut loader) = self.loader.take() else { return Ok(()) };
        tokio::select! {
            delivered = deliver(&mut loader, &written.object) => {
                self.loader = Some(loader);
                delivered.map(drop)
            }
            () = self.worker.abandon.notified() => Ok(()),
        }
    }

    async fn invoke(&mut self, written: &WrittenObject) -> Result<(), String> {
        let Some(function) = &mut self.function else { return Ok(()) };
        let event = queue_event(std::slice::from_ref(&written.event));
        let mut invocation = pin!(function.invoke_or_end(event));
        tokio::select! {
            _ = &mut invocation => return Ok(()),
            () = self.worker.frozen.notified() => {}
        }
        // Somebody else is handed the event, and ends the frozen worker's backend to load it.
        let Bucket { site, schedule, .. } = &*self.bucket;
        let mut successor = site.loader(site.upstream.port(), schedule);
        let mut delivered = deliver(&mut successor, &written.object).await?;
        for _ in 0..4 {
            // A fault of S3 may have met the successor instead.
            if delivered.is_none() {
                break;
            }
            delivered = deliver(&mut successor, &written.object).await?;
        }
        self.worker.signal("CONT").await;
        if let Some(error) = delivered {
            return Err(format!("a frozen worker's load is not taken over: {error}"));
        }
        invocation.await;
        Ok(())
    }
}

/// Loads an object; the error of a load of it that is not final, for which the event has to be delivered again.
///
/// # Errors
///
/// The loader's error, where no fault explains it.
pub async fn deliver(loader: &mut Loader, object: &ObjectRef) -> Result<Option<String>, String> {
    let mut again = None;
    for load in loader.load_parts(object, None).await {
        if !is_final(&load.result)? {
            again = load.result.err().map(|error| error.to_string());
        }
    }
    Ok(again)
}

/// Whether a load is final; false where the event has to be delivered again.
///
/// # Errors
///
/// The loader's error, where no fault explains it.
fn is_final(result: &Result<LoadReport, Error>) -> Result<bool, String> {
    let Err(error) = result else { return Ok(true) };
    match (error.kind, error.kind.policy().decision) {
        (ErrorKind::BadFile | ErrorKind::OverRejectBudget, _) => Ok(true),
        (_, Decision::Retry) => Ok(false),
        _ => Err(format!("an answer that no fault explains: {error} ({:?})", error.kind)),
    }
}
