//! Run: loads a claimed object batch by batch, each in its own transaction, to its end.

use std::sync::Arc;
use std::time::Instant;

use tokio_postgres::Statement;

use crate::db::Client;

use super::batch::{Batch, BatchEnd, BatchLimits, Filled};
use super::input::Input;
use super::line_sink::LineSink;
use super::object_facts::facts_of;
use super::progress::Progress;
use super::record_stream::{self, RecordStream};
use super::staging;
use super::time_budget::TimeBudget;
use crate::copy::CopyIn;
use crate::dataset::Dataset;
use crate::db;
use crate::enrich::Enricher;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::{self, Claim, RejectCounts, Step};
use crate::object::ObjectRef;
use crate::records::Record;
use crate::rows::RowWriter;
use crate::settings::Settings;

/// How a run ended, if not with an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RunEnd {
    /// The load is finished.
    Finished,
    /// The load continues at its checkpoint in another invocation.
    OutOfTime,
    /// The same, but only a part of the object was hashed, and nothing is loaded yet.
    PartiallyHashed,
    /// The load was ended without loading: its state in the ledger, such as `duplicate`.
    Skipped(String),
}

/// A claimed load, and what is needed to run it.
pub(super) struct Run<'r> {
    pub client: &'r Client,
    pub settings: &'r Settings,
    pub input: Input<'r>,
    pub dataset: &'r Dataset,
    pub enrichers: &'r [Arc<Enricher>],
    /// The COPY into the dataset's staging table.
    pub copy: &'r Statement,
    /// The fingerprint of the dataset's contract.
    pub contract: &'r str,
    /// The object as its rows have it.
    pub known: ObjectRef,
    pub claim: Claim,
    pub progress: &'r mut Progress,
    pub budget: &'r mut TimeBudget,
}

/// The object, opened at the checkpoint.
pub(super) struct Opened {
    pub records: RecordStream,
    writer: RowWriter,
    /// What the header says that the contract does not, for the ledger.
    pub(super) notes: Option<String>,
}

impl Run<'_> {
    /// Loads from the checkpoint to the end of the object or of the invocation's time. A batch with
    /// rows that Postgres refuses is read again, and those rows are rejected.
    ///
    /// # Errors
    ///
    /// What stopped it. A transaction may still be open: roll back.
    pub(crate) async fn load_to_end(&mut self) -> Result<RunEnd> {
        loop {
            match self.load_batches().await {
                Err(refusal) if staging::is_fault_of_rows(&refusal) => {
                    tracing::info!(object = %self.known, "{refusal}; looking for the rows");
                    self.execute("rollback").await?;
                    match self.load_refused_batch(&refusal).await? {
                        BatchEnd::Object => return Ok(RunEnd::Finished),
                        BatchEnd::OutOfTime => return Ok(RunEnd::OutOfTime),
                        BatchEnd::Full => {}
                    }
                }
                result => return result,
            }
        }
    }

    async fn load_batches(&mut self) -> Result<RunEnd> {
        let began = Instant::now();
        let mut opened = self.open().await?;
        let mut record = Record::new();
        let mut has_record = opened.records.next(&mut record).await?;
        self.progress.steps.add(Step::Open, began.elapsed());
        while has_record {
            if !self.budget.has_time() {
                return Ok(RunEnd::OutOfTime);
            }
            self.begin_batch(self.is_exclusive()).await?;
            let copy = CopyIn::start(self.client, self.copy).await?;
            let began = Instant::now();
            let (end, copy, filled) = self.fill(copy, &mut opened, &mut record).await?;
            let (rows, filled_at) = (filled.rows_read, Instant::now());
            let (filling, sending) = (filled_at - began, copy.send_time());
            self.progress.steps.add(Step::Read, filling.saturating_sub(sending));
            self.progress.steps.add(Step::Copy, sending);
            self.close_batch(Some(copy), &mut opened, filled, end).await?;
            self.budget.record_close(rows, filled_at.elapsed());
            match end {
                BatchEnd::Object => return Ok(RunEnd::Finished),
                BatchEnd::OutOfTime => return Ok(RunEnd::OutOfTime),
                BatchEnd::Full => has_record = opened.records.next(&mut record).await?,
            }
        }
        self.finish_without_rows(&mut opened).await?;
        Ok(RunEnd::Finished)
    }

    pub(super) async fn open(&self) -> Result<Opened> {
        let (from, hash) = (self.progress.checkpoint, self.progress.hash_state.as_deref());
        let (records, header) = RecordStream::open(&self.input, self.dataset, from, hash).await?;
        let facts = facts_of(&self.known, self.input.entry(self.dataset), records.sheet());
        let writer =
            record_stream::writer(self.settings, self.dataset, &header, &facts, self.enrichers)?;
        let notes = header.notes();
        if let Some(notes) = &notes {
            tracing::info!(object = %self.known, dataset = self.dataset.name, "{notes}");
        }
        Ok(Opened { records, writer, notes })
    }

    pub(super) async fn fill<S: LineSink>(
        &self,
        sink: S,
        opened: &mut Opened,
        record: &mut Record,
    ) -> Result<(BatchEnd, S, Filled)> {
        let limits = BatchLimits::of(self.settings, &self.claim, *self.budget);
        let mut batch = Batch::new(limits, self.progress.checkpoint, sink);
        let end = batch.fill(&mut opened.records, &opened.writer, record).await?;
        let (sink, filled) = batch.into_parts();
        Ok((end, sink, filled))
    }

    /// Begins a transaction, and the batch in it.
    ///
    /// # Errors
    ///
    /// Those of [`ledger::begin_batch`].
    pub(super) async fn begin_batch(&self, exclusive: bool) -> Result<()> {
        let from_rows = self.progress.checkpoint.rows;
        let (client, claim) = (self.client, &self.claim);
        let (begun, batch) = tokio::join!(
            biased;
            self.execute("begin"),
            ledger::begin_batch(client, claim, from_rows, exclusive, self.contract),
        );
        begun.and(batch)
    }

    /// Whether no other batch may run at the same time: the transaction deletes or changes rows that are not in
    /// the file, and only its end tells whether it is the load's last one.
    pub(super) fn is_exclusive(&self) -> bool {
        self.claim.replaces || self.dataset.has_full_extracts()
    }

    pub(super) async fn execute(&self, sql: &str) -> Result<()> {
        db::execute(self.client, sql, Stage::Ledger).await
    }

    pub(super) fn is_over_budget(&self, rows_read: u64, rejected: u64) -> bool {
        let all_read = self.progress.checkpoint.rows + rows_read;
        !self.dataset.policy.rejects.allows(self.progress.rows_rejected + rejected, all_read)
    }

    /// Checks the reject budget before the commit. Over it, the batch is rolled back, and only its
    /// rejected rows are stored.
    pub(super) async fn check_reject_budget(&mut self, filled: &Filled) -> Result<()> {
        let Filled { rejected, refused_unseen, .. } = filled;
        if !self.is_over_budget(filled.rows_read, filled.rows_rejected()) {
            return Ok(());
        }
        let rows_rejected = self.progress.rows_rejected + filled.rows_rejected();
        let rows_read = self.progress.checkpoint.rows + filled.rows_read;
        self.execute("rollback").await?;
        ledger::reject_rows(self.client, &self.claim, rejected).await?;
        self.progress.reject_counts = Some(RejectCounts { rows_read, rows_rejected });
        let first = rejected.first().map_or_else(String::new, |row| {
            let column = row.rejection.column.as_deref();
            let column = column.map_or_else(String::new, |column| format!(", column {column}"));
            format!("; first: line {}{column}: {}", row.rejection.line, row.rejection.reason)
        });
        let at_least = if *refused_unseen > 0 { "at least " } else { "" };
        let message = format!(
            "{at_least}{rows_rejected} of {rows_read} rows were rejected, more than {} (policy rejects){first}",
            self.dataset.policy.rejects
        );
        Err(Error::new(ErrorKind::OverRejectBudget, Stage::Rows, message))
    }
}
