//! Attempt: one try at loading one object or a part of it: identify it, claim its load, run it or skip it, and close
//! the load again.

use std::time::{Duration, Instant};

use tracing::{Span, info, warn};

use super::claim::{self, ClaimOptions, ClaimOutcome};
use super::duplicate_check::check_duplicate;
use super::enrichments::{Enrichments, origins};
use super::input::Input;
use super::object_facts::known_object;
use super::progress::Progress;
use super::report::{LoadReport, Outcome};
use super::retry::{ConflictRetry, may_reconnect};
use super::run::{Run, RunEnd};
use super::second::Second;
use super::session::Session;
use super::spooled_object::Spools;
use crate::dataset::Dataset;
use crate::error::{Decision, Error, ErrorKind, Result, Stage};
use crate::ledger::{self, Claim, Claimed, Finished, Step, Totals};
use crate::object::{ObjectRef, Source};
use crate::settings::Settings;
use crate::star::Star;

/// The pause before the first reconnect. It grows with each one, so that a server that restarts is back by then.
const RECONNECT_PAUSE: Duration = Duration::from_millis(300);

/// One try at loading one object, and what is known of it.
pub(super) struct Attempt<'l> {
    pub settings: &'l Settings,
    pub star: &'l Star,
    pub source: &'l Source,
    pub session: &'l mut Session,
    pub enrichments: &'l mut Enrichments,
    pub spools: &'l Spools,
    pub dataset: &'l Dataset,
    /// The object as its event named it, and once it is identified with version, ETag and size.
    pub object: ObjectRef,
    /// The part of the object that is loaded; empty for the whole object.
    pub part: &'l str,
    pub started: Instant,
    /// What was committed under the latest claim.
    pub progress: Option<Progress>,
    /// The backend of a connection that broke while it held the claim.
    pub lost_backend: Option<i32>,
    /// The counts of a load that failed.
    pub failed_totals: Option<Totals>,
}

impl Attempt<'_> {
    /// Loads the object.
    ///
    /// # Errors
    ///
    /// What stopped the load. Where the file is at fault, the ledger has the failure; otherwise the
    /// load stands at its last checkpoint, and the next attempt continues there.
    pub async fn load(&mut self) -> Result<LoadReport> {
        match self.source.identify(&self.object).await {
            Ok(object) => self.object = object,
            Err(error)
                if error.kind == ErrorKind::ObjectMissing && !self.object.is_local_file() =>
            {
                return self.skip_missing(&error).await;
            }
            Err(error) => return Err(error),
        }
        if !self.session.budget.has_time() {
            let message = "no time is left for this object in this invocation";
            return Err(Error::new(ErrorKind::OutOfTime, Stage::Ledger, message));
        }
        let mut losses = 0;
        let mut began = self.started;
        loop {
            let committed = self.committed_rows();
            let error = match self.claim_and_run(began).await {
                Err(error) => error,
                done => return done,
            };
            if self.committed_rows() > committed {
                losses = 0;
            }
            if error.kind == ErrorKind::NotMigrated {
                self.session.invalidate_staging(self.dataset);
            }
            if !may_reconnect(&error, losses) {
                return Err(error);
            }
            // Only a new claim can tell whether the last commit succeeded: the old backend may
            // still be committing.
            losses += 1;
            warn!(object = %self.object, "{error}; connecting again");
            self.disconnect();
            tokio::time::sleep(RECONNECT_PAUSE * losses).await;
            began = Instant::now();
        }
    }

    /// `began` is when the first step did.
    async fn claim_and_run(&mut self, began: Instant) -> Result<LoadReport> {
        let claimed = match self.claim().await? {
            ClaimOutcome::Claimed(claimed) => claimed,
            // Our own commit succeeded, but its answer was lost with the connection.
            ClaimOutcome::Done { load_id, state }
                if self.lost_backend.take().is_some() && state == "loaded" =>
            {
                return self.report(Outcome::Loaded, load_id).await;
            }
            ClaimOutcome::Done { load_id, state } => return Ok(self.nothing_done(load_id, &state)),
        };
        let claim = claimed.claim;
        Span::current().record("load_id", claim.load_id);
        match self.run(&claimed, began.elapsed()).await {
            Ok(end) => self.close(&claim, end).await,
            Err(error) => self.close_failed(&claim, error).await,
        }
    }

    async fn claim(&mut self) -> Result<ClaimOutcome> {
        self.session.prepare(self.settings, self.star, self.dataset).await?;
        let options = ClaimOptions {
            lease: self.settings.lease(),
            max_wait: self.session.budget.max_wait(claim::BUSY_WAIT),
            lost_backend: self.lost_backend,
        };
        let client = self.session.client()?;
        claim::claim(client, self.dataset, &self.object, self.part, &options).await
    }

    /// Records that the object was deleted before it could be loaded.
    async fn skip_missing(&mut self, error: &Error) -> Result<LoadReport> {
        match self.claim().await? {
            ClaimOutcome::Claimed(claimed) => self.skip(&claimed.claim, "missing", error).await,
            ClaimOutcome::Done { load_id, state } => Ok(self.nothing_done(load_id, &state)),
        }
    }

    /// Ends the load without loading it, in this state of the ledger.
    async fn skip(&self, claim: &Claim, state: &str, reason: &Error) -> Result<LoadReport> {
        let notes = reason.to_string();
        ledger::mark_skipped(self.session.client()?, claim, state, &notes).await?;
        self.release(claim).await?;
        Ok(self.nothing_done(claim.load_id, state))
    }

    /// Loads to the end of the object or of the time, and repeats batches that conflicted with another transaction.
    async fn run(&mut self, claimed: &Claimed, claiming: Duration) -> Result<RunEnd> {
        let began = Instant::now();
        // Before the first row: a missing file must not give nulls.
        let enrichers = self.enrichments.of(self.source, self.dataset).await?;
        let (first, second, budget) = self.session.for_run(self.dataset)?;
        let client = first.client();
        let progress = self.progress.insert(Progress::of(claimed));
        progress.steps.add(Step::Claim, claiming);
        let duplicate = check_duplicate(
            client,
            self.source,
            self.dataset,
            &self.object,
            claimed,
            *budget,
            self.settings.lease(),
        );
        if let Some(end) = duplicate.await? {
            return Ok(end);
        }
        if !enrichers.is_empty() {
            let Claim { load_id, attempt, .. } = claimed.claim;
            ledger::record_enrichment(client, load_id, attempt, &origins(&enrichers)).await?;
        }
        progress.steps.add(Step::Open, began.elapsed());
        let mut run = Run {
            first,
            second: Second::of(self.settings, self.dataset, &claimed.claim, second),
            enrichers: &enrichers,
            settings: self.settings,
            input: Input {
                source: self.source,
                settings: self.settings,
                spools: self.spools,
                object: &self.object,
                part: self.part,
            },
            dataset: self.dataset,
            star: self.star,
            known: known_object(&self.object, claimed),
            claim: claimed.claim,
            progress,
            budget,
        };
        let mut retry = ConflictRetry::default();
        loop {
            match run.load_to_end().await {
                Ok(end) => return Ok(end),
                Err(error) => {
                    let rolled_back = run.roll_back().await;
                    retry.wait(error, rolled_back).await?;
                    // The two batches may have conflicted with each other.
                    run.second.is_in_order = true;
                }
            }
        }
    }

    async fn close(&mut self, claim: &Claim, end: RunEnd) -> Result<LoadReport> {
        if let Some(finished) = self.progress.as_mut().and_then(|progress| progress.finished.take())
        {
            return Ok(self.report_finished(claim.load_id, finished));
        }
        let has_advanced = self.progress.as_ref().is_some_and(Progress::has_advanced);
        let outcome = match end {
            RunEnd::Finished => Outcome::Loaded,
            RunEnd::PartiallyHashed => Outcome::Continues,
            RunEnd::OutOfTime if has_advanced => Outcome::Continues,
            RunEnd::OutOfTime => {
                let message = "the invocation's time ended before a batch was committed";
                let error = Error::new(ErrorKind::OutOfTime, Stage::Ledger, message);
                return self.close_failed(claim, error).await;
            }
            RunEnd::Skipped(state) => {
                self.release(claim).await?;
                return Ok(self.nothing_done(claim.load_id, &state));
            }
        };
        self.release(claim).await?;
        self.report(outcome, claim.load_id).await
    }

    /// Ends the load as its error requires: skipped, failed, or released for the next attempt.
    async fn close_failed(&mut self, claim: &Claim, error: Error) -> Result<LoadReport> {
        let state = match error.kind {
            ErrorKind::ObjectChanged => "superseded",
            ErrorKind::ObjectMissing => "missing",
            kind if kind.policy().decision == Decision::Fail => {
                let counts = self.progress.as_ref().and_then(|progress| progress.reject_counts);
                let client = self.session.client()?;
                ledger::fail(client, claim, &error, counts).await?;
                self.failed_totals = Some(ledger::totals(client, claim.load_id).await?);
                self.release(claim).await?;
                return Err(error.of_load(claim.load_id));
            }
            _ => {
                self.release_or_disconnect(claim).await;
                return Err(error.of_load(claim.load_id));
            }
        };
        let report = self.skip(claim, state, &error).await?;
        // A local file has no event that announces its next version, so the caller must know.
        if self.object.is_local_file() { Err(error) } else { Ok(report) }
    }

    async fn release(&self, claim: &Claim) -> Result<()> {
        ledger::release(self.session.client()?, claim.load_id).await
    }

    /// Releases the claim, or drops a connection that cannot do even that, and its locks with it.
    async fn release_or_disconnect(&mut self, claim: &Claim) {
        if self.release(claim).await.is_err() {
            self.disconnect();
        }
    }

    fn disconnect(&mut self) {
        self.lost_backend = self.session.disconnect().or(self.lost_backend);
    }

    fn committed_rows(&self) -> u64 {
        self.progress.as_ref().map_or(0, |progress| progress.checkpoint.rows)
    }

    fn nothing_done(&self, load_id: i64, state: &str) -> LoadReport {
        LoadReport::nothing_done(load_id, &self.object, Some(self.dataset), state)
            .of_part(self.part)
    }

    async fn report(&self, outcome: Outcome, load_id: i64) -> Result<LoadReport> {
        let client = self.session.client()?;
        let totals = ledger::totals(client, load_id).await?;
        if outcome != Outcome::Loaded {
            return Ok(self.report_of(outcome, load_id, &totals));
        }
        let findings = ledger::findings(client, load_id).await?;
        Ok(self.report_finished(load_id, Finished { totals, findings }))
    }

    fn report_finished(&self, load_id: i64, finished: Finished) -> LoadReport {
        let Finished { totals, findings } = finished;
        for finding in &findings {
            info!(load_id, object = %self.object, "{finding}");
        }
        LoadReport { findings, ..self.report_of(Outcome::Loaded, load_id, &totals) }
    }

    fn report_of(&self, outcome: Outcome, load_id: i64, totals: &Totals) -> LoadReport {
        let (dataset, took) = (Some(self.dataset), self.started.elapsed());
        LoadReport::of_totals(outcome, load_id, totals, &self.object, dataset, took)
            .of_part(self.part)
    }
}
