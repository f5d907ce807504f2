//! Run: loads a claimed object batch by batch, each in its own transaction, to its end.

use std::sync::Arc;

use super::batch::{BatchEnd, Filled};
use super::connection::Lane;
use super::input::Input;
use super::object_facts::facts_of;
use super::opened::Opened;
use super::progress::Progress;
use super::record_stream::{self, RecordStream};
use super::second::{Second, is_exclusive};
use super::staging;
use super::time_budget::TimeBudget;
use crate::dataset::Dataset;
use crate::db;
use crate::db::Client;
use crate::enrich::Enricher;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::{self, Claim, RejectCounts};
use crate::object::ObjectRef;
use crate::records::Record;
use crate::settings::Settings;
use crate::star::Star;

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
    /// The connection that holds the claim.
    pub first: Lane<'r>,
    pub second: Second<'r>,
    pub settings: &'r Settings,
    pub input: Input<'r>,
    pub dataset: &'r Dataset,
    pub enrichers: &'r [Arc<Enricher>],
    pub star: &'r Star,
    /// The object as its rows have it.
    pub known: ObjectRef,
    pub claim: Claim,
    pub progress: &'r mut Progress,
    pub budget: &'r mut TimeBudget,
}

impl<'r> Run<'r> {
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
                    self.roll_back().await?;
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
        Ok(Opened { records, writer, record: Record::new(), notes })
    }

    /// See [`is_exclusive`].
    pub(super) fn is_exclusive(&self) -> bool {
        is_exclusive(self.dataset, &self.claim)
    }

    /// The client of the connection that holds the claim.
    pub(super) fn client(&self) -> &'r Client {
        self.first.client()
    }

    pub(super) async fn execute(&self, sql: &str) -> Result<()> {
        db::execute(self.client(), sql, Stage::Ledger).await
    }

    /// Rolls back what the connections have begun.
    ///
    /// # Errors
    ///
    /// An error of a connection or of Postgres.
    pub(super) async fn roll_back(&self) -> Result<()> {
        let second = async {
            match self.second.lane() {
                Some(lane) => db::execute(lane.client(), "rollback", Stage::Ledger).await,
                None => Ok(()),
            }
        };
        // At the same time: one may wait for the other one's end.
        let (first, second) = tokio::join!(self.execute("rollback"), second);
        first.and(second)
    }

    pub(super) fn is_over_budget(&self, rows_read: u64, rejected: u64) -> bool {
        let all_read = self.progress.checkpoint.rows + rows_read;
        !self.dataset.policy.rejects.allows(self.progress.rows_rejected + rejected, all_read)
    }

    /// Checks the reject budget before the commit. Over it, the batch is rolled back, and only its
    /// rejected rows are stored.
    pub(super) async fn check_reject_budget(
        &mut self,
        client: &Client,
        filled: &Filled,
    ) -> Result<()> {
        let Filled { rejected, refused_unseen, .. } = filled;
        if !self.is_over_budget(filled.rows_read, filled.rows_rejected()) {
            return Ok(());
        }
        let rows_rejected = self.progress.rows_rejected + filled.rows_rejected();
        let rows_read = self.progress.checkpoint.rows + filled.rows_read;
        db::execute(client, "rollback", Stage::Ledger).await?;
        ledger::reject_rows(client, &self.claim, rejected).await?;
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
