//! Load: the only joiner. One object in, from claim to finished; a report out.

mod again;
mod batch;
mod bisect;
mod choice;
mod claim;
mod feed;
pub mod metrics;
mod pace;
mod records;
mod rejects;
mod report;
mod run;
mod session;
mod settle;
mod stop;
mod twin;
mod work;

use std::sync::Arc;
use std::time::Instant;

use tracing::field::Empty;
use tracing::{Instrument, Span, error_span, info, info_span, warn};

use crate::dataset::{Catalog, Dataset};
use crate::error::{Decision, Error, ErrorKind, Result, Stage};
use crate::ledger::{self, Judged, Totals};
use crate::object::{ObjectRef, Source};
use crate::settings::Settings;
use crate::star::{self, Star};

use pace::Pace;
pub use records::header_of;
pub use rejects::RejectsReport;
pub use report::{LoadReport, Outcome};
use run::Ran;
use session::Session;
pub use session::contract_of;
pub use stop::Stop;

/// How often a batch is tried again after a deadlock or a serialisation failure.
const CONFLICT_RETRIES: u32 = 5;

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
    pace: Pace,
    /// What the load at hand came to where too many of its rows were rejected.
    judged: Option<Judged>,
    /// What the load at hand came to where it failed.
    failed: Option<Totals>,
    /// A load is under way, or was broken off where nobody could tidy up.
    at_work: bool,
    stop: Stop,
}

impl Loader {
    /// A loader that connects when it has something to do.
    pub fn new(settings: Arc<Settings>, catalog: Arc<Catalog>, source: Arc<Source>) -> Self {
        let star = Arc::new(star::compile(&catalog));
        Loader {
            settings,
            catalog,
            star,
            source,
            database: None,
            lost_backend: None,
            reached: 0,
            pace: Pace::default(),
            judged: None,
            failed: None,
            at_work: false,
            stop: Stop::default(),
        }
    }

    /// Until when loads may work: when the invocation is ended from outside. A load that needs
    /// longer stops at a checkpoint before that.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.pace.deadline = deadline;
    }

    /// Loads one object; a version that is loaded already is left alone. Its dataset is
    /// `dataset`, else the one that its key belongs to.
    ///
    /// # Errors
    ///
    /// What stopped the load. Where the file is at fault, the ledger knows; in all other cases the
    /// load stands at its last checkpoint, and the same call goes on from there.
    pub async fn load(&mut self, object: &ObjectRef, dataset: Option<&str>) -> Result<LoadReport> {
        // A context for errors, too, so it is there at every level.
        let span = error_span!(
            "load",
            bucket = object.bucket,
            key = object.key,
            dataset = Empty,
            load_id = Empty,
            kind = Empty
        );
        self.load_or_stop(object, dataset).instrument(span).await
    }

    async fn load_or_stop(
        &mut self,
        object: &ObjectRef,
        dataset: Option<&str>,
    ) -> Result<LoadReport> {
        let started = Instant::now();
        (self.at_work, self.failed) = (true, None);
        let stop = self.stop.clone();
        let result = tokio::select! {
            biased;
            () = stop.told() => None,
            // Boxed: the future of a whole load is large, and callers hold it within their own.
            result = Box::pin(self.load_object(object, dataset, started)) => Some(result),
        };
        let result = match result {
            Some(result) => result,
            None => {
                self.give_up().await;
                Err(Stop::error())
            }
        };
        self.at_work = false;
        if self.settings.in_lambda
            && let Ok(dataset) = choice::find_dataset(&self.catalog, object, dataset)
        {
            metrics::emit(&dataset.name, object, &result, self.failed, started.elapsed());
        }
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
                Span::current().record("kind", tracing::field::debug(error.kind));
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
        Span::current().record("dataset", &dataset.name);
        let object = match self.source.identify(object).await {
            Err(error) if error.kind == ErrorKind::ObjectMissing && !object.is_local_file() => {
                return self.note_missing(dataset, object, error).await;
            }
            identified => identified?,
        };
        if !self.pace.has_time() {
            let message = "no time is left for it in this invocation";
            return Err(Error::new(ErrorKind::OutOfTime, Stage::Ledger, message));
        }
        let (mut losses, mut reached) = (0, 0);
        (self.lost_backend, self.reached, self.judged) = (None, 0, None);
        loop {
            let result = self.claim_and_run(dataset, &object, started).await;
            if self.reached > reached {
                // A load that moves may lose as many connections as it likes.
                (losses, reached) = (0, self.reached);
            }
            match result {
                Err(error) if error.kind == ErrorKind::NotMigrated => {
                    self.forget_inbox(dataset);
                    return Err(error);
                }
                Err(error) if session::is_lost(&error, losses) => {
                    // Whether the last commit went through, only a new claim can tell. A plain
                    // look could come while the old backend is still committing.
                    losses += 1;
                    warn!(object = %object, "{error}; connecting again");
                    self.lose_connection();
                    tokio::time::sleep(session::LOSS_PAUSE * losses).await;
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
        let claim = async {
            self.prepare(dataset).await?;
            self.claim(dataset, object).await
        };
        let (claimed, hashing) = match claim.instrument(info_span!("claim")).await? {
            claim::Won::Claimed(claimed, hashing) => (claimed, hashing),
            // Our own commit, of which we never heard.
            claim::Won::Done { load_id, state }
                if self.lost_backend.take().is_some() && state == "loaded" =>
            {
                return self.report(Outcome::Loaded, load_id, object, dataset, started).await;
            }
            claim::Won::Done { load_id, state } => {
                return Ok(LoadReport::nothing_done(load_id, object, dataset, &state));
            }
        };
        let load_id = claimed.load_id;
        Span::current().record("load_id", load_id);
        let error = match self.work(dataset, object, claimed, hashing).await {
            Ok(Ran::ToTheEnd) => {
                self.release(load_id).await?;
                return self.report(Outcome::Loaded, load_id, object, dataset, started).await;
            }
            Ok(Ran::Settled(state)) => {
                self.release(load_id).await?;
                return Ok(LoadReport::nothing_done(load_id, object, dataset, &state));
            }
            Ok(ran) if ran == Ran::HashedSoFar || self.reached > claimed.checkpoint.rows => {
                self.release(load_id).await?;
                return self.report(Outcome::Continues, load_id, object, dataset, started).await;
            }
            Ok(_) => {
                let message = "the invocation's time is over, and no batch was committed in it";
                Error::new(ErrorKind::OutOfTime, Stage::Ledger, message)
            }
            Err(error) => error,
        };
        let settled = match error.kind {
            ErrorKind::ObjectChanged => "superseded",
            ErrorKind::ObjectMissing => "missing",
            kind if kind.policy().decision == Decision::Fail => {
                let client = &self.session()?.database.client;
                ledger::fail(client, &claimed, &error, self.judged).await?;
                self.failed = Some(ledger::totals(client, load_id).await?);
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

    async fn report(
        &self,
        outcome: Outcome,
        load_id: i64,
        object: &ObjectRef,
        dataset: &Dataset,
        started: Instant,
    ) -> Result<LoadReport> {
        let totals = ledger::totals(&self.session()?.database.client, load_id).await?;
        Ok(LoadReport::of_totals(outcome, load_id, &totals, object, dataset, started.elapsed()))
    }
}
