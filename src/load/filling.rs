//! Filling: begins the transaction of a batch, and copies records into it until it is full.
//!
//! A batch can be filled while the one before it is still open on the other connection. Its transaction then reads and
//! writes no table until its COPY ends, which fires the triggers.

use std::time::Instant;

use super::batch::{Batch, BatchEnd, BatchLimits, Filled};
use super::commit::ObjectEnd;
use super::connection::Lane;
use super::opened::Opened;
use super::time_budget::TimeBudget;
use crate::copy::CopyIn;
use crate::db;
use crate::error::{Result, Stage};
use crate::ledger::{self, Checkpoint, Claim, Step, StepTimes};
use crate::settings::Settings;

/// How the transaction of a batch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// After the commit of the batch before it. Exclusive: no other batch may run at the same time.
    InTurn { exclusive: bool },
    /// While the batch before it, which starts at this row, is still open.
    Ahead { after_rows: u64 },
}

/// What there is after a batch.
pub(super) enum Next<'c> {
    /// Another one, which is to be closed.
    Batch(Box<FilledBatch<'c>>),
    /// The invocation's time is over.
    OutOfTime,
    /// The end of the object.
    End,
}

/// A batch that is filled, in a transaction that is open.
pub(super) struct FilledBatch<'c> {
    pub lane: Lane<'c>,
    /// The row at which it starts.
    pub from_rows: u64,
    /// Its COPY; `None` where it has ended.
    pub copy: Option<CopyIn>,
    pub filled: Filled,
    pub end: BatchEnd,
    /// What the ledger gets of the object, where the batch is its last one.
    pub object_end: Option<ObjectEnd>,
    /// The state of the object's hash at the end of the batch.
    pub hash_state: Option<Vec<u8>>,
    /// What the steps took to fill it.
    pub steps: StepTimes,
}

/// A batch that is to be filled.
pub(super) struct Filling<'c> {
    pub lane: Lane<'c>,
    pub begin: Begin,
    /// Where it starts.
    pub from: Checkpoint,
    pub settings: &'c Settings,
    pub claim: Claim,
    /// The fingerprint of the dataset's contract.
    pub contract: &'c str,
    pub budget: TimeBudget,
}

impl<'c> Filling<'c> {
    /// Reads the next record, and if there is one, begins the batch and fills it.
    ///
    /// # Errors
    ///
    /// Those of reading the object, of the COPY, and of [`ledger::begin_batch`]. The transaction may be open: roll back.
    pub async fn fill(self, opened: &mut Opened) -> Result<Next<'c>> {
        let began = Instant::now();
        if !opened.records.next(&mut opened.record).await? {
            return Ok(Next::End);
        }
        if !self.budget.has_time() {
            return Ok(Next::OutOfTime);
        }
        let mut reading = began.elapsed();
        self.begin().await?;
        let copy = CopyIn::start(self.lane.client(), &self.lane.copy).await?;
        let began = Instant::now();
        let limits = BatchLimits::of(self.settings, &self.claim, self.budget);
        let mut batch = Batch::new(limits, self.from, copy);
        let end = batch.fill(&mut opened.records, &opened.writer, &mut opened.record).await?;
        let (copy, filled) = batch.into_parts();
        let sending = copy.send_time();
        reading += began.elapsed().saturating_sub(sending);
        let mut steps = StepTimes::default();
        steps.add(Step::Read, reading);
        steps.add(Step::Copy, sending);
        Ok(Next::Batch(Box::new(FilledBatch {
            lane: self.lane,
            from_rows: self.from.rows,
            copy: Some(copy),
            end,
            object_end: (end == BatchEnd::Object).then(|| opened.end(filled.to.rows)),
            hash_state: opened.records.hash_state_at(filled.to.offset),
            steps,
            filled,
        })))
    }

    /// Begins the transaction, and the batch in it.
    ///
    /// # Errors
    ///
    /// Those of [`ledger::begin_batch`].
    pub async fn begin(&self) -> Result<()> {
        let (client, claim, contract) = (self.lane.client(), &self.claim, self.contract);
        let from_rows = self.from.rows;
        let begin = db::execute(client, "begin", Stage::Ledger);
        let (begun, batch) = match self.begin {
            Begin::InTurn { exclusive } => tokio::join!(
                biased;
                begin,
                ledger::begin_batch(client, claim, from_rows, exclusive, contract),
            ),
            Begin::Ahead { after_rows } => {
                let (rows, lease) = ((after_rows, from_rows), self.settings.lease());
                tokio::join!(
                    biased;
                    begin,
                    ledger::begin_batch_ahead(client, claim, rows, lease, contract),
                )
            }
        };
        begun.and(batch)
    }
}
