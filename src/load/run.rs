//! Run: a claimed load in, batch after batch, to its end.

use std::time::{Duration, Instant};

use tracing::{Instrument, info_span};

use super::batch::{Batch, End, Filled};
use super::bisect;
use super::pace::Pace;
use super::records::{self, RecordStream};
use crate::copy::CopyIn;
use crate::dataset::Dataset;
use crate::db::database_error;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::{self, Claimed, Judged, RejectedRow};
use crate::object::{ObjectRef, Source};
use crate::records::Record;
use crate::rows::RowWriter;
use crate::settings::Settings;
use crate::star;

/// How far a load has come, in this call and in all.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    /// The claim, with the checkpoint of the last commit.
    pub claimed: Claimed,
    /// The state of the object's hash there.
    pub hash_state: Option<Vec<u8>>,
    pub pace: Pace,
    /// What the load came to where its rows were too many of them rejected.
    pub judged: Option<Judged>,
}

/// How a run ended, if not by an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ran {
    /// The load is finished.
    ToTheEnd,
    /// It stands at a checkpoint, to be gone on with in another invocation.
    OutOfTime,
    /// The same, where a part of the object was hashed and nothing is loaded yet.
    HashedSoFar,
    /// There is nothing to be done: its state, such as `duplicate`.
    Settled(String),
}

/// What a run needs.
pub(super) struct Run<'r> {
    pub client: &'r tokio_postgres::Client,
    pub settings: &'r Settings,
    pub source: &'r Source,
    pub dataset: &'r Dataset,
    /// The fingerprint of the dataset's contract.
    pub contract: &'r str,
    pub object: &'r ObjectRef,
}

impl Run<'_> {
    /// Loads from the checkpoint to the end of the object. A batch that Postgres refuses for what
    /// is in it is read once more, and its offending rows are found.
    ///
    /// # Errors
    ///
    /// What stopped it. The transaction may still be open then: roll back.
    pub async fn to_the_end(&self, progress: &mut Progress) -> Result<Ran> {
        loop {
            match self.batches(progress).await {
                Err(refusal) if bisect::can_find(&refusal) => {
                    tracing::info!(object = %self.object, "{refusal}; looking for the rows");
                    self.execute("rollback").await?;
                    match self.bisected_batch(progress).await? {
                        End::Object => return Ok(Ran::ToTheEnd),
                        End::OutOfTime => return Ok(Ran::OutOfTime),
                        End::Full => {}
                    }
                }
                result => return result,
            }
        }
    }

    async fn open(&self, progress: &Progress) -> Result<(RecordStream, RowWriter, Option<String>)> {
        let (from, hash) = (progress.claimed.checkpoint, progress.hash_state.as_deref());
        let (records, header) =
            RecordStream::open(self.source, self.settings, self.dataset, self.object, from, hash)
                .await?;
        let writer = records::writer(self.settings, self.dataset, &header)?;
        let notes = header.notes();
        if let Some(notes) = &notes {
            tracing::info!(object = %self.object, dataset = self.dataset.name, "{notes}");
        }
        Ok((records, writer, notes))
    }

    async fn batches(&self, progress: &mut Progress) -> Result<Ran> {
        let opened = self.open(progress).instrument(info_span!("read")).await?;
        let (mut records, writer, notes) = opened;
        let mut record = Record::new();
        let mut more = records.next(&mut record).await?;
        while more {
            if !progress.pace.has_time() {
                return Ok(Ran::OutOfTime);
            }
            self.execute("begin").await?;
            ledger::begin_batch(
                self.client,
                &progress.claimed,
                progress.claimed.replaces,
                self.contract,
            )
            .await?;
            let copy = CopyIn::start(self.client, &star::copy_statement(self.dataset)).await?;
            let mut batch = Batch::new(self.settings, progress, copy);
            let filling = batch.fill(&mut records, &writer, &mut record);
            let end = filling.instrument(info_span!("read")).await?;
            let (copy, filled) = batch.into_parts();
            let (rows, full) = (filled.rows_read, Instant::now());
            copy.finish().instrument(info_span!("copy")).await?;
            let closing = self.close(progress, &mut records, filled, end, notes.as_deref());
            closing.instrument(info_span!("settle")).await?;
            progress.pace.closed(rows, full.elapsed());
            match end {
                End::Object => return Ok(Ran::ToTheEnd),
                End::OutOfTime => return Ok(Ran::OutOfTime),
                End::Full => {}
            }
            more = records.next(&mut record).await?;
        }
        let finishing = self.finish_without_rows(progress, &mut records, notes.as_deref());
        finishing.instrument(info_span!("settle")).await?;
        Ok(Ran::ToTheEnd)
    }

    /// The next batch, in parts: what Postgres refuses is rejected, the rest is staged.
    async fn bisected_batch(&self, progress: &mut Progress) -> Result<End> {
        let (mut records, writer, notes) = self.open(progress).await?;
        let mut record = Record::new();
        if !records.next(&mut record).await? {
            self.finish_without_rows(progress, &mut records, notes.as_deref()).await?;
            return Ok(End::Object);
        }
        let mut batch = Batch::new(self.settings, progress, bisect::Spool::new()?);
        let filling = batch.fill(&mut records, &writer, &mut record);
        let end = filling.instrument(info_span!("read")).await?;
        let (mut spool, mut filled) = batch.into_parts();
        self.execute("begin").await?;
        // Several COPYs in one transaction: nobody else may write to the star meanwhile.
        ledger::begin_batch(self.client, &progress.claimed, true, self.contract).await?;
        let statement = star::copy_statement(self.dataset);
        let refused = spool.stage(self.client, &statement, |refused| {
            self.over_budget(progress, filled.rows_read, filled.rejected.len() as u64 + refused)
        });
        filled.rejected.extend(refused.instrument(info_span!("copy")).await?);
        filled.rejected.sort_by_key(|row| row.rejection.line);
        let closing = self.close(progress, &mut records, filled, end, notes.as_deref());
        closing.instrument(info_span!("settle")).await?;
        Ok(end)
    }

    /// Judges the batch and commits it.
    async fn close(
        &self,
        progress: &mut Progress,
        records: &mut RecordStream,
        filled: Filled,
        end: End,
        notes: Option<&str>,
    ) -> Result<()> {
        let Filled { rows_read, rejected, to, .. } = filled;
        self.judge(progress, rows_read, &rejected).await?;
        let claimed = progress.claimed;
        if claimed.replaces {
            self.replace_older(&claimed).await?;
        }
        let lease = Duration::from_secs(self.settings.lease_seconds);
        let rows_rejected = rejected.len() as u64;
        ledger::reject_rows(self.client, &claimed, &rejected).await?;
        let hash_state = records.hash_state_at(to.offset);
        let state = hash_state.as_deref();
        ledger::checkpoint(self.client, &claimed, to, rows_rejected, lease, state).await?;
        if end == End::Object {
            self.finish(&claimed, to.rows, records, notes).await?;
        }
        self.execute("commit").await?;
        progress.claimed.checkpoint = to;
        progress.hash_state = hash_state;
        progress.claimed.rows_rejected += rows_rejected;
        Ok(())
    }

    async fn finish(
        &self,
        claimed: &Claimed,
        rows: u64,
        records: &mut RecordStream,
        notes: Option<&str>,
    ) -> Result<()> {
        let (hash, is_md5) = (records.content_hash(), records.etag_is_md5());
        ledger::finish(self.client, claimed, rows, notes, hash.as_deref(), is_md5).await
    }

    /// The object has no more records. A new version without a row takes those of the older ones
    /// away, too.
    async fn finish_without_rows(
        &self,
        progress: &Progress,
        records: &mut RecordStream,
        notes: Option<&str>,
    ) -> Result<()> {
        let claimed = &progress.claimed;
        self.execute("begin").await?;
        ledger::begin_batch(self.client, claimed, claimed.replaces, self.contract).await?;
        if claimed.replaces {
            self.replace_older(claimed).await?;
        }
        self.finish(claimed, claimed.checkpoint.rows, records, notes).await?;
        self.execute("commit").await
    }

    /// Takes the rows of older versions of the key out of the star.
    async fn replace_older(&self, claimed: &Claimed) -> Result<()> {
        let call = star::replace_call(self.dataset);
        let called = self.client.execute(&call, &[&claimed.load_id]).await;
        called.map(drop).map_err(|error| database_error(error, Stage::Normalise))
    }

    async fn execute(&self, statement: &str) -> Result<()> {
        self.client
            .batch_execute(statement)
            .await
            .map_err(|error| database_error(error, Stage::Ledger))
    }

    fn over_budget(&self, progress: &Progress, rows_read: u64, rejected: u64) -> bool {
        let claimed = &progress.claimed;
        let all_read = claimed.checkpoint.rows + rows_read;
        !self.dataset.policy.rejects.allows(claimed.rows_rejected + rejected, all_read)
    }

    /// Judges the reject budget before the commit: over it, the batch leaves nothing but the
    /// rejected rows themselves.
    async fn judge(
        &self,
        progress: &mut Progress,
        rows_read: u64,
        rejected: &[RejectedRow],
    ) -> Result<()> {
        if !self.over_budget(progress, rows_read, rejected.len() as u64) {
            return Ok(());
        }
        let claimed = progress.claimed;
        let all_rejected = claimed.rows_rejected + rejected.len() as u64;
        let all_read = claimed.checkpoint.rows + rows_read;
        self.execute("rollback").await?;
        ledger::reject_rows(self.client, &claimed, rejected).await?;
        progress.judged = Some(Judged { rows_read: all_read, rows_rejected: all_rejected });
        let first = rejected.first().map_or_else(String::new, |row| {
            let column = row.rejection.column.as_deref();
            let column = column.map_or_else(String::new, |column| format!(", column {column}"));
            format!("; first: line {}{column}: {}", row.rejection.line, row.rejection.reason)
        });
        let message = format!(
            "{all_rejected} of {all_read} rows were rejected, more than {} (policy rejects){first}",
            self.dataset.policy.rejects
        );
        Err(Error::new(ErrorKind::OverRejectBudget, Stage::Rows, message))
    }
}
