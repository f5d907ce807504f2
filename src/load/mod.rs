//! Load: the only joiner. One object in, from claim to finished; a report out.

mod batch;
mod bisect;
mod choice;
mod claim;
mod feed;
mod records;
mod report;
mod run;
mod session;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::dataset::{Catalog, Dataset};
use crate::db::database_error;
use crate::error::{Decision, Error, ErrorKind, Result, Stage};
use crate::ledger::{self, Claimed};
use crate::object::{ObjectRef, Source};
use crate::settings::Settings;
use crate::star::{self, Star};

pub use records::header_of;
pub use report::{LoadReport, Outcome};
use session::Session;

/// How often a batch is tried again after a deadlock or a serialisation failure.
const CONFLICT_RETRIES: u32 = 5;

/// How often a load goes on over a new connection after one broke, and the pause before, which
/// grows: a server that restarts is back by then.
const LOSS_RETRIES: u32 = 5;
const LOSS_PAUSE: Duration = Duration::from_millis(300);

/// Loads objects, one after the other, over one connection. Make several to work side by side.
pub struct Loader {
    settings: Arc<Settings>,
    catalog: Arc<Catalog>,
    star: Arc<Star>,
    source: Arc<Source>,
    database: Option<Session>,
    /// The backend of the connection that broke last, until its claim is settled.
    lost_backend: Option<i32>,
    /// The checkpoint that the load at hand has reached, in rows.
    reached: u64,
}

impl Loader {
    /// A loader that connects when it has something to do.
    pub fn new(settings: Arc<Settings>, catalog: Arc<Catalog>, source: Arc<Source>) -> Self {
        let star = Arc::new(star::compile(&catalog));
        Loader { settings, catalog, star, source, database: None, lost_backend: None, reached: 0 }
    }

    /// Loads one object; a version that is loaded already is left alone. Its dataset is
    /// `dataset`, else the one that its key belongs to.
    ///
    /// # Errors
    ///
    /// What stopped the load. Where the file is at fault, the ledger knows; in all other cases the
    /// load stands at its last checkpoint, and the same call goes on from there.
    pub async fn load(&mut self, object: &ObjectRef, dataset: Option<&str>) -> Result<LoadReport> {
        let started = Instant::now();
        // Boxed: the future of a whole load is large, and callers hold it within their own.
        let result = Box::pin(self.load_object(object, dataset, started)).await;
        match &result {
            Ok(report) => info!(
                load_id = report.load_id,
                dataset = report.dataset,
                object = report.object,
                outcome = report.outcome.as_str(),
                rows_read = report.rows_read,
                rows_rejected = report.rows_rejected,
                bytes = report.bytes,
                duration_ms = started.elapsed().as_millis() as u64,
                "load finished"
            ),
            Err(error) => {
                let policy = error.kind.policy();
                warn!(object = %object, kind = ?error.kind, decision = ?policy.decision, hint = policy.hint, "{error}");
            }
        }
        result.map_err(|error| error.of_object(object))
    }

    async fn load_object(
        &mut self,
        object: &ObjectRef,
        dataset: Option<&str>,
        started: Instant,
    ) -> Result<LoadReport> {
        let catalog = Arc::clone(&self.catalog);
        let dataset = choice::find_dataset(&catalog, object, dataset)?;
        let object = match self.source.identify(object).await {
            Err(error) if error.kind == ErrorKind::ObjectMissing && !object.is_local_file() => {
                return self.note_missing(dataset, object, error).await;
            }
            identified => identified?,
        };
        let (mut losses, mut reached) = (0, 0);
        (self.lost_backend, self.reached) = (None, 0);
        loop {
            let result = self.claim_and_run(dataset, &object, started).await;
            if self.reached > reached {
                // A load that moves may lose as many connections as it likes.
                (losses, reached) = (0, self.reached);
            }
            match result {
                Err(error) if is_lost(&error, losses) => {
                    // Whether the last commit went through, only a new claim can tell. A plain
                    // look could come while the old backend is still committing.
                    losses += 1;
                    warn!(object = %object, "{error}; connecting again");
                    self.lose_connection();
                    tokio::time::sleep(LOSS_PAUSE * losses).await;
                }
                result => return result,
            }
        }
    }

    async fn claim_and_run(
        &mut self,
        dataset: &Dataset,
        object: &ObjectRef,
        started: Instant,
    ) -> Result<LoadReport> {
        self.prepare(dataset).await?;
        let claimed = match self.claim(dataset, object).await? {
            claim::Won::Claimed(claimed) => claimed,
            // Our own commit, of which we never heard.
            claim::Won::Done { load_id, state }
                if self.lost_backend.take().is_some() && state == "loaded" =>
            {
                return self.report(load_id, object, dataset, started).await;
            }
            claim::Won::Done { load_id, state } => {
                return Ok(LoadReport::nothing_done(load_id, object, dataset, &state));
            }
        };
        let load_id = claimed.load_id;
        let error = match self.run_to_the_end(dataset, object, claimed).await {
            Ok(()) => {
                self.release(load_id).await?;
                return self.report(load_id, object, dataset, started).await;
            }
            Err(error) => error,
        };
        let settled = match error.kind {
            ErrorKind::ObjectChanged => "superseded",
            ErrorKind::ObjectMissing => "missing",
            kind if kind.policy().decision == Decision::Fail => {
                ledger::fail(&self.session()?.database.client, &claimed, &error).await?;
                self.release(load_id).await?;
                return Err(error);
            }
            _ => {
                self.let_go(load_id).await;
                return Err(error);
            }
        };
        let report = self.settle(dataset, object, &claimed, settled, &error).await?;
        // Nobody sends an event for a local file: whoever asked has to know, and ask again.
        if object.is_local_file() { Err(error) } else { Ok(report) }
    }

    /// The object is gone before anything but its name is known: the ledger keeps that.
    async fn note_missing(
        &mut self,
        dataset: &Dataset,
        object: &ObjectRef,
        error: Error,
    ) -> Result<LoadReport> {
        self.prepare(dataset).await?;
        match self.claim(dataset, object).await? {
            claim::Won::Claimed(claimed) => {
                self.settle(dataset, object, &claimed, "missing", &error).await
            }
            claim::Won::Done { load_id, state } => {
                Ok(LoadReport::nothing_done(load_id, object, dataset, &state))
            }
        }
    }

    async fn settle(
        &self,
        dataset: &Dataset,
        object: &ObjectRef,
        claimed: &Claimed,
        state: &str,
        why: &Error,
    ) -> Result<LoadReport> {
        let notes = why.to_string();
        ledger::settle(&self.session()?.database.client, claimed, state, &notes).await?;
        self.release(claimed.load_id).await?;
        Ok(LoadReport::nothing_done(claimed.load_id, object, dataset, state))
    }

    async fn report(
        &self,
        load_id: i64,
        object: &ObjectRef,
        dataset: &Dataset,
        started: Instant,
    ) -> Result<LoadReport> {
        let totals = ledger::totals(&self.session()?.database.client, load_id).await?;
        Ok(LoadReport::loaded(load_id, &totals, object, dataset, started.elapsed()))
    }

    /// Runs the load from its checkpoint, and again where the database broke a tie against us.
    async fn run_to_the_end(
        &mut self,
        dataset: &Dataset,
        object: &ObjectRef,
        claimed: Claimed,
    ) -> Result<()> {
        let mut progress = run::Progress { claimed };
        let mut conflicts = 0;
        loop {
            let session = self.session()?;
            let source = Arc::clone(&self.source);
            let run = run::Run {
                client: &session.database.client,
                settings: &self.settings,
                source: &source,
                dataset,
                object,
            };
            let result = run.to_the_end(&mut progress).await;
            self.reached = progress.claimed.checkpoint.rows;
            match result {
                Ok(()) => return Ok(()),
                Err(error)
                    if error.kind == ErrorKind::DatabaseConflict
                        && conflicts < CONFLICT_RETRIES =>
                {
                    conflicts += 1;
                    self.roll_back().await?;
                    // Apart from each other, or the same two meet again.
                    let jitter = rand::random_range(0..50u64 << conflicts);
                    tokio::time::sleep(Duration::from_millis(jitter)).await;
                }
                Err(error) => {
                    self.roll_back().await.ok();
                    return Err(error);
                }
            }
        }
    }

    async fn roll_back(&self) -> Result<()> {
        let client = &self.session()?.database.client;
        client.batch_execute("rollback").await.map_err(|error| database_error(error, Stage::Ledger))
    }

    async fn release(&self, load_id: i64) -> Result<()> {
        ledger::release(&self.session()?.database.client, load_id).await
    }

    /// Lets go of a load that somebody goes on with later. A connection that cannot even do that
    /// is dropped, and its locks with it.
    async fn let_go(&mut self, load_id: i64) {
        if self.release(load_id).await.is_err() {
            self.lose_connection();
        }
    }

    /// Drops the connection, if it is not dropped yet, and keeps in mind whose claim to end.
    fn lose_connection(&mut self) {
        if let Some(lost) = self.database.take() {
            self.lost_backend = Some(lost.database.backend_pid);
        }
    }
}

/// Whether the connection is at fault, and one more is to be tried: the first refusal to connect
/// at all is final, a refusal after a loss may be a server that restarts.
fn is_lost(error: &Error, losses: u32) -> bool {
    match error.kind {
        ErrorKind::DatabaseLost => losses < LOSS_RETRIES,
        ErrorKind::NoDatabase => (1..LOSS_RETRIES).contains(&losses),
        _ => false,
    }
}
