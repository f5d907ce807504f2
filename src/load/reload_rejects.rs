//! Reload rejects: loads the rejected rows of a load that the contract accepts by now.
//!
//! The object is read again, because only the object has the header, the types of a workbook's cells
//! and the protected values. Rows that were accepted are skipped. Everything is written in one
//! transaction, so a worker that dies before its commit leaves the load unchanged.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::Loader;
use super::enrichments::origins;
use super::input::Input;
use super::line_sink::LineSink as _;
use super::object_facts::facts_of;
use super::parts;
use super::record_stream::{self, RecordStream};
use super::report::label;
use super::retry::ConflictRetry;
use super::spool::Spool;
use super::staging::NoLimits;
use crate::dataset::Dataset;
use crate::dataset_files;
use crate::db::{self, database_error};
use crate::enrich::{Enricher, Origin};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::{self, Checkpoint, LoadWithRejects, RejectsOpened};
use crate::object::ObjectRef;
use crate::records::Record;
use crate::rows::Rejection;
use crate::star;

/// The result of [`Loader::reload_rejects`].
#[derive(Debug, Clone, Serialize)]
pub struct RejectsReport {
    /// The load in the ledger.
    pub load_id: i64,
    /// The name of the dataset.
    pub dataset: String,
    /// The object, as `s3://bucket/key` or a path, with its part in parentheses.
    pub object: String,
    /// Rows that were rejected before and are loaded now.
    pub rows_loaded: u64,
    /// Rows that are still rejected.
    pub rows_rejected: u64,
    /// Milliseconds from start to end.
    pub duration_ms: u64,
}

impl Loader {
    /// Loads the rejected rows of a load that the contract accepts by now, as if they had been
    /// accepted the first time. A second call changes nothing.
    ///
    /// # Errors
    ///
    /// What stopped it; nothing has changed then.
    pub async fn reload_rejects(
        &mut self,
        load_id: i64,
        object: &ObjectRef,
        part: &str,
        dataset: &str,
    ) -> Result<RejectsReport> {
        let started = Instant::now();
        let result = Box::pin(self.read_and_stage(load_id, object, part, dataset)).await;
        self.spools.clear();
        let (rows_loaded, rows_rejected) =
            result.map_err(|error| error.of_object(label(object, part)))?;
        Ok(RejectsReport {
            load_id,
            dataset: dataset.to_owned(),
            object: label(object, part),
            rows_loaded,
            rows_rejected,
            duration_ms: started.elapsed().as_millis() as u64,
        })
    }

    async fn read_and_stage(
        &mut self,
        load_id: i64,
        object: &ObjectRef,
        part: &str,
        dataset: &str,
    ) -> Result<(u64, u64)> {
        let catalog = Arc::clone(&self.catalog);
        let dataset = dataset_files::named(&catalog, dataset)?;
        parts::check_part(dataset, object, part)?;
        self.session.prepare(&self.settings, &self.star, dataset).await?;
        let enrichers = self.enrichments.of(&self.source, dataset).await?;
        let client = self.session.client()?;
        let load = ledger::load_with_rejects(client, load_id).await?;
        check_state(load_id, &load)?;
        if load.lines.is_empty() {
            return Ok((0, 0));
        }
        let (mut spool, mut still_rejected) =
            self.read_rejected_rows(dataset, &enrichers, (object, part), load_id, &load).await?;
        let mut retry = ConflictRetry::default();
        loop {
            let files = origins(&enrichers);
            match self.stage(dataset, &files, load_id, &load, &mut spool, &still_rejected).await {
                Ok(refused) => {
                    still_rejected.extend(refused);
                    let rejected = still_rejected.len() as u64;
                    return Ok((load.rows_rejected - rejected, rejected));
                }
                Err(error) => {
                    let rolled_back = db::execute(client, "rollback", Stage::Ledger).await;
                    retry.wait(error, rolled_back).await?;
                }
            }
        }
    }

    /// Reads the rejected rows from the object again. Returns the COPY lines of those that the
    /// contract accepts by now, and the reasons for the others.
    async fn read_rejected_rows(
        &self,
        dataset: &Dataset,
        enrichers: &[Arc<Enricher>],
        (object, part): (&ObjectRef, &str),
        load_id: i64,
        load: &LoadWithRejects,
    ) -> Result<(Spool, Vec<Rejection>)> {
        let start = Checkpoint::default();
        let settings = &self.settings;
        let input = Input { source: &self.source, settings, spools: &self.spools, object, part };
        let (mut stream, header) = RecordStream::open(&input, dataset, start, None).await?;
        // The ledger has named the object.
        let facts = facts_of(object, input.entry(dataset), stream.sheet());
        let writer = record_stream::writer(settings, dataset, &header, &facts, enrichers)?;
        let (mut spool, mut still_rejected) = (Spool::new()?, Vec::new());
        let (mut record, mut rows_read) = (Record::new(), 0);
        let mut lines = load.lines.iter().peekable();
        while stream.next(&mut record).await? {
            rows_read += 1;
            if lines.next_if_eq(&&record.line()).is_none() {
                continue;
            }
            match writer.write(&record, spool.buffer()) {
                Ok(()) => spool.line_written(&record, &writer, start),
                Err(rejection) => still_rejected.push(rejection),
            }
            spool.send_when_full().await?;
        }
        if rows_read == load.rows_read && lines.peek().is_none() {
            return Ok((spool, still_rejected));
        }
        Err(not_possible(format!(
            "with the contract as it is now, the file has other rows than load {load_id} read \
             ({rows_read} now, {} then): load the whole file again: stardrop replay {load_id}",
            load.rows_read
        )))
    }

    /// Stages the rows and corrects the load's counts in one transaction. Returns the rows that
    /// Postgres refused.
    async fn stage(
        &self,
        dataset: &Dataset,
        files: &[Origin],
        load_id: i64,
        load: &LoadWithRejects,
        spool: &mut Spool,
        still_rejected: &[Rejection],
    ) -> Result<Vec<Rejection>> {
        let client = self.session.client()?;
        let contract = self.star.fingerprint(dataset);
        let overwrite = dataset.overwrite_mode();
        db::execute(client, "begin", Stage::Ledger).await?;
        let opened =
            ledger::begin_reject_reload(client, load_id, load, contract, overwrite).await?;
        let attempt = match opened {
            RejectsOpened::Opened { attempt } => attempt,
            RejectsOpened::Busy => {
                let message = format!("another worker holds the key of load {load_id}");
                return Err(Error::new(ErrorKind::Busy, Stage::Ledger, message));
            }
            RejectsOpened::Changed => {
                let message =
                    format!("another worker has changed load {load_id} since it was read");
                return Err(Error::new(ErrorKind::ClaimLost, Stage::Ledger, message));
            }
            RejectsOpened::Superseded => {
                return Err(not_possible(format!(
                    "a newer version of the key has replaced the rows of load {load_id}, so its \
                     rejected rows can no longer be loaded"
                )));
            }
        };
        if !files.is_empty() {
            ledger::record_enrichment(client, load_id, attempt, files).await?;
        }
        let copy = self.session.lane(dataset)?.copy;
        let staged = spool.stage(client, &copy, &NoLimits, None).await?;
        if let Some(call) = star::complete_call(dataset) {
            let called = client.execute(&call, &[&load_id]).await;
            called.map_err(|error| database_error(error, Stage::Normalise))?;
        }
        let refused: Vec<Rejection> = staged.refused.into_iter().map(|row| row.rejection).collect();
        let all_rejected = [still_rejected, &refused[..]].concat();
        let has_changed =
            ledger::finish_reject_reload(client, load_id, attempt, &all_rejected).await?;
        let end = if has_changed { "commit" } else { "rollback" };
        db::execute(client, end, Stage::Ledger).await?;
        Ok(refused)
    }
}

/// Checks that the load is finished and that all its rejected rows are still stored.
fn check_state(load_id: i64, load: &LoadWithRejects) -> Result<()> {
    let whole = format!("load the whole file again: stardrop replay {load_id}");
    let problem = match load.state.as_str() {
        "loaded" if load.lines.len() as u64 == load.rows_rejected => return Ok(()),
        "loaded" => format!(
            "only {} of the {} rejected rows of load {load_id} are still stored, the others were \
             pruned: {whole}",
            load.lines.len(),
            load.rows_rejected
        ),
        "loading" => format!("load {load_id} is not finished: replay its rejected rows afterwards"),
        "failed" => format!("load {load_id} failed, so its other rows are missing too: {whole}"),
        "undone" => format!("load {load_id} was undone: {whole}"),
        state => format!("load {load_id} is {state}, so it has no rejected rows"),
    };
    Err(not_possible(problem))
}

fn not_possible(message: String) -> Error {
    Error::new(ErrorKind::BadSetting, Stage::Ledger, message)
}
