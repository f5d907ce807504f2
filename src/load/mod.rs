//! Load: takes one object from its claim to its end in the ledger, and returns a report.
//!
//! This module joins the others: it reads the object, decodes and parses it, writes rows, copies
//! them in batches, and keeps the ledger.

mod archive_entry;
mod attempt;
mod batch;
mod batches;
mod claim;
mod close;
mod closing;
mod commit;
mod connection;
mod decoded_stream;
mod duplicate_check;
mod enrichment_file;
mod enrichments;
mod file_head;
mod file_header;
mod filling;
mod hashed_stream;
mod input;
mod line_sink;
pub mod metrics;
mod object_facts;
mod opened;
mod parts;
mod progress;
mod record_stream;
mod refused_batch;
mod refused_rows;
mod reload_rejects;
mod replay_check;
mod report;
mod retry;
mod route;
mod run;
mod second;
mod session;
mod spool;
mod spooled_object;
mod stage;
mod staging;
mod time_budget;
mod unmatched;

use std::sync::Arc;
use std::time::Instant;

use crate::db::Client;
use tokio_util::sync::CancellationToken;
use tracing::field::Empty;
use tracing::{Instrument, Span, error_span, info, warn};

use crate::dataset::{Catalog, Dataset};
use crate::dataset_files;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::object::{ObjectRef, Source};
use crate::settings::Settings;
use crate::star::{self, Star};

use attempt::Attempt;
pub use connection::contract_of;
use enrichments::Enrichments;
pub use file_head::{FileHead, file_head};
pub use parts::PartLoad;
pub use reload_rejects::RejectsReport;
pub use report::{LoadReport, Outcome, label};
use session::Session;
use spooled_object::Spools;

/// Loads objects one after the other over one connection. For parallel loads, make several.
pub struct Loader {
    settings: Arc<Settings>,
    catalog: Arc<Catalog>,
    star: Arc<Star>,
    source: Arc<Source>,
    session: Session,
    enrichments: Enrichments,
    spools: Spools,
    cancel: CancellationToken,
}

impl Loader {
    /// A loader that connects to the database at its first load.
    pub fn new(settings: Arc<Settings>, catalog: Arc<Catalog>, source: Arc<Source>) -> Self {
        let star = Arc::new(star::compile(&catalog));
        let (session, cancel) = (Session::default(), CancellationToken::new());
        let (enrichments, spools) = (Enrichments::default(), Spools::default());
        Loader { settings, catalog, star, source, session, enrichments, spools, cancel }
    }

    /// A loader with the contracts in the datasets folder of these settings.
    ///
    /// # Errors
    ///
    /// Those of [`dataset_files::read`]: the contracts cannot be read, or have errors.
    pub fn from_settings(settings: Settings) -> Result<Self> {
        let catalog = Arc::new(dataset_files::read(&settings.datasets_dir)?);
        let source = Arc::new(Source::new(&settings));
        Ok(Loader::new(Arc::new(settings), catalog, source))
    }

    /// Loads one object. A version that is loaded already is left unchanged. `dataset` is the name
    /// of its dataset; without one, the key decides. All parts of an object that has some are loaded:
    /// [`Loader::load_parts`] returns the result of each.
    ///
    /// # Errors
    ///
    /// What stopped the load, or the first one that was stopped. Where the file is at fault, the ledger has the
    /// failure; otherwise the load stands at its last checkpoint, and the same call continues there.
    pub async fn load(&mut self, object: &ObjectRef, dataset: Option<&str>) -> Result<LoadReport> {
        let mut last = Err(shutdown_error());
        for load in self.load_parts(object, dataset).await {
            last = Ok(load.result?);
        }
        last
    }

    /// Loads one object or one part of it.
    async fn load_part(
        &mut self,
        object: &ObjectRef,
        dataset: &Dataset,
        part: &str,
    ) -> Result<LoadReport> {
        let span = error_span!(
            "load",
            part = Some(part).filter(|part| !part.is_empty()),
            dataset = dataset.name,
            load_id = Empty,
            kind = Empty
        );
        self.load_in_span(object, dataset, part).instrument(span).await
    }

    async fn load_in_span(
        &mut self,
        object: &ObjectRef,
        dataset: &Dataset,
        part: &str,
    ) -> Result<LoadReport> {
        let started = Instant::now();
        self.session.in_use = true;
        let mut attempt = Attempt {
            settings: &self.settings,
            star: &self.star,
            source: &self.source,
            session: &mut self.session,
            enrichments: &mut self.enrichments,
            spools: &self.spools,
            dataset,
            object: object.clone(),
            part,
            started,
            progress: None,
            lost_backend: None,
            failed_totals: None,
        };
        let result = tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            // Boxed: the future of a whole load is large, and callers hold it within their own.
            result = Box::pin(attempt.load()) => Some(result),
        };
        let failed_totals = attempt.failed_totals;
        let result = match result {
            Some(result) => result,
            None => {
                self.session.abort(&self.settings).await;
                Err(shutdown_error())
            }
        };
        self.session.in_use = false;
        if self.settings.in_lambda {
            metrics::emit(&dataset.name, object, &result, failed_totals, started.elapsed());
        }
        if let Ok(report) = &result {
            info!(
                load_id = report.load_id,
                dataset = report.dataset,
                object = report.object,
                outcome = report.outcome.as_str(),
                rows_read = report.rows_read,
                rows_rejected = report.rows_rejected,
                bytes = report.bytes,
                duration_ms = started.elapsed().as_millis() as u64,
                "load finished"
            );
        }
        result.map_err(|error| log_error(label(object, part), error))
    }

    /// Sets when the invocation ends. A load that needs longer stops at a checkpoint before that.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.session.budget.deadline = deadline;
    }

    /// The token that cancels the loads of this loader, at their last checkpoint.
    pub fn cancellation_token(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Drops a connection that was lost since the last invocation.
    pub(crate) async fn check_connection(&mut self) {
        self.session.check(&self.settings).await;
    }

    /// The client of the loader's connection, which is made if there is none.
    ///
    /// # Errors
    ///
    /// Those of [`db::connect`](crate::db::connect).
    pub async fn client(&mut self) -> Result<&Client> {
        self.session.connect(&self.settings).await
    }

    /// Closes the connection.
    pub async fn close(&mut self) {
        self.session.close().await;
    }

    /// The settings that it loads with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where it reads objects.
    pub fn source(&self) -> Arc<Source> {
        Arc::clone(&self.source)
    }

    /// The contracts that it loads with.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog)
    }

    /// The star that its contracts compile to.
    pub fn star(&self) -> &Star {
        &self.star
    }
}

/// The error of work that was cancelled because the process shuts down.
pub(crate) fn shutdown_error() -> Error {
    let message = "shutdown requested; committed batches are kept";
    Error::new(ErrorKind::OutOfTime, Stage::Event, message)
}

fn log_error(object: impl std::fmt::Display, error: Error) -> Error {
    let policy = error.kind.policy();
    Span::current().record("kind", tracing::field::debug(error.kind));
    warn!(object = %object, kind = ?error.kind, decision = ?policy.decision, hint = error.hint(), "{error}");
    error.of_object(object)
}
