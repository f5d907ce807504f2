//! Rejects: a load whose rows were partly rejected in; those that today's contract takes, loaded.
//!
//! The object is read again, since only it has the header, the types of a workbook's cells and the
//! values that are protected. What was accepted is passed over. All that is written is written in
//! one transaction: a worker that dies in the middle leaves the load as it was.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::batch::Lines as _;
use super::bisect::Spool;
use super::records::{self, RecordStream};
use super::{CONFLICT_RETRIES, Loader};
use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::{self, BegunRejects, Checkpoint, LoadedBefore};
use crate::object::ObjectRef;
use crate::records::Record;
use crate::rows::Rejection;
use crate::star;

/// What became of a load's rejected rows.
#[derive(Debug, Clone, Serialize)]
pub struct RejectsReport {
    pub load_id: i64,
    pub dataset: String,
    pub object: String,
    /// Rows that were rejected, and are in the star now.
    pub rows_loaded: u64,
    /// Rows that still are rejected.
    pub rows_rejected: u64,
    pub duration_ms: u64,
}

impl Loader {
    /// Loads the rejected rows of a load that is loaded, as far as today's contract takes them, as
    /// if they had been accepted the first time. Doing it twice changes nothing.
    ///
    /// # Errors
    ///
    /// What stopped it; nothing has changed then.
    pub async fn load_rejects(
        &mut self,
        load_id: i64,
        object: &ObjectRef,
        dataset: &str,
    ) -> Result<RejectsReport> {
        let started = Instant::now();
        let result = Box::pin(self.load_rejects_of(load_id, object, dataset)).await;
        let (rows_loaded, rows_rejected) = result.map_err(|error| error.of_object(object))?;
        Ok(RejectsReport {
            load_id,
            dataset: dataset.to_owned(),
            object: object.to_string(),
            rows_loaded,
            rows_rejected,
            duration_ms: started.elapsed().as_millis() as u64,
        })
    }

    async fn load_rejects_of(
        &mut self,
        load_id: i64,
        object: &ObjectRef,
        dataset: &str,
    ) -> Result<(u64, u64)> {
        let catalog = std::sync::Arc::clone(&self.catalog);
        let dataset = super::choice::find_dataset(&catalog, object, Some(dataset))?;
        self.prepare(dataset).await?;
        let before = ledger::loaded_before(&self.session()?.database.client, load_id).await?;
        check(load_id, &before)?;
        if before.lines.is_empty() {
            return Ok((0, 0));
        }
        let (mut spool, mut still) = self.read_again(dataset, object, load_id, &before).await?;
        let mut conflicts = 0;
        loop {
            match self.stage(dataset, load_id, &before, &mut spool, &still).await {
                Ok(refused) => {
                    still.extend(refused);
                    let rejected = still.len() as u64;
                    return Ok((before.rows_rejected - rejected, rejected));
                }
                Err(error) => {
                    self.roll_back().await.ok();
                    if error.kind != ErrorKind::DatabaseConflict || conflicts == CONFLICT_RETRIES {
                        return Err(error);
                    }
                    conflicts += 1;
                    tokio::time::sleep(Duration::from_millis(20 << conflicts)).await;
                }
            }
        }
    }

    /// The lines of the rows that the contract takes now, and why it does not take the others.
    async fn read_again(
        &self,
        dataset: &Dataset,
        object: &ObjectRef,
        load_id: i64,
        before: &LoadedBefore,
    ) -> Result<(Spool, Vec<Rejection>)> {
        let start = Checkpoint::default();
        let (source, settings) = (&self.source, &self.settings);
        let (mut stream, header) =
            RecordStream::open(source, settings, dataset, object, start, None).await?;
        let writer = records::writer(settings, dataset, &header)?;
        let (mut spool, mut still) = (Spool::new()?, Vec::new());
        let (mut record, mut read) = (Record::new(), 0);
        let mut wanted = before.lines.iter().peekable();
        while stream.next(&mut record).await? {
            read += 1;
            if wanted.next_if_eq(&&record.line()).is_none() {
                continue;
            }
            match writer.write(&record, spool.buffer()) {
                Ok(()) => spool.written(&record, &writer),
                Err(rejection) => still.push(rejection),
            }
            spool.send_when_full().await?;
        }
        if read == before.rows_read && wanted.peek().is_none() {
            return Ok((spool, still));
        }
        Err(wrong(format!(
            "by today's contract the file's rows begin elsewhere than load {load_id} found them \
             ({read} rows now, {} then): load the whole of it again: stardrop replay {load_id}",
            before.rows_read
        )))
    }

    /// One transaction, which brings the rows and mends the books; those that Postgres refuses.
    async fn stage(
        &self,
        dataset: &Dataset,
        load_id: i64,
        before: &LoadedBefore,
        spool: &mut Spool,
        still: &[Rejection],
    ) -> Result<Vec<Rejection>> {
        let client = &self.session()?.database.client;
        let (contract, overwrite) = (self.contract(dataset), dataset.policy.overwrite.as_str());
        self.execute("begin").await?;
        let begun = ledger::begin_rejects(client, load_id, before, contract, overwrite).await?;
        let attempt = match begun {
            BegunRejects::Begun { attempt } => attempt,
            BegunRejects::Busy => {
                let message = format!("another worker is at the key of load {load_id}");
                return Err(Error::new(ErrorKind::Busy, Stage::Ledger, message));
            }
            BegunRejects::Moved => {
                let message = format!("load {load_id} was changed by somebody else meanwhile");
                return Err(Error::new(ErrorKind::FenceLost, Stage::Ledger, message));
            }
            BegunRejects::Superseded => {
                return Err(wrong(format!(
                    "a newer version of the key has replaced the rows of load {load_id}: its \
                     rejected rows have no place any more"
                )));
            }
        };
        let refused = spool.stage(client, &star::copy_statement(dataset), |_| false).await?;
        let refused: Vec<Rejection> = refused.into_iter().map(|row| row.rejection).collect();
        let all = [still, &refused[..]].concat();
        let changed = ledger::finish_rejects(client, load_id, attempt, &all).await?;
        self.execute(if changed { "commit" } else { "rollback" }).await?;
        Ok(refused)
    }

    async fn execute(&self, statement: &str) -> Result<()> {
        let client = &self.session()?.database.client;
        let done = client.batch_execute(statement).await;
        done.map_err(|error| crate::db::database_error(error, Stage::Ledger))
    }
}

/// Whether the load is one whose rejected rows can be loaded alone.
fn check(load_id: i64, before: &LoadedBefore) -> Result<()> {
    let whole = format!("load the whole of it again: stardrop replay {load_id}");
    match before.state.as_str() {
        "loaded" => {}
        "loading" => {
            return Err(wrong(format!(
                "load {load_id} is still under way: what it rejects is known at its end"
            )));
        }
        "failed" => {
            return Err(wrong(format!(
                "load {load_id} failed, and not only its rejected rows are missing: {whole}"
            )));
        }
        "undone" => return Err(wrong(format!("load {load_id} was undone: {whole}"))),
        state => return Err(wrong(format!("load {load_id} is {state}: it has no rejected rows"))),
    }
    if before.lines.len() as u64 == before.rows_rejected {
        return Ok(());
    }
    Err(wrong(format!(
        "only {} of the {} rejected rows of load {load_id} are still kept, the others were pruned: {whole}",
        before.lines.len(),
        before.rows_rejected
    )))
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::BadSetting, Stage::Ledger, message)
}
