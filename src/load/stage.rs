//! Stage: copies a batch that Postgres refused, without the rows that are at fault.
//!
//! Where Postgres cannot read a row, its error has the row's number: such rows are found one after
//! the other, each by a COPY that runs no trigger. An error of the star (a check or a trigger that a
//! user added) says no row, so parts are halved until the rows are found. What that costs is bounded
//! by the reject budget and by the time: halving first counts parts that are refused, since each
//! holds a row to reject; and what is staged when the time is over is committed.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::db::Client;
use tokio_postgres::Statement;

use super::spool::Spool;
use super::staging::{Part, StageLimits, Staging, halves};
use crate::error::{Error, Result};
use crate::ledger::{Checkpoint, RejectedRow};

/// The result of staging a batch.
pub(super) struct Staged {
    /// The refused rows that were found.
    pub refused: Vec<RejectedRow>,
    pub end: StageEnd,
}

/// How far a batch was staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StageEnd {
    /// All rows are staged or refused.
    All,
    /// At least this many rows are refused, which is too many: roll back.
    TooMany(usize),
    /// The rows before this checkpoint are staged or refused; there was no time for the others.
    OutOfTime(Checkpoint),
}

impl Spool {
    /// Stages the rows except those that Postgres refuses. `refusal` is the error by which it refused
    /// all of them before, if it did.
    ///
    /// # Errors
    ///
    /// Every error that is not the fault of single rows.
    pub async fn stage(
        &mut self,
        client: &Client,
        statement: &Statement,
        limits: &impl StageLimits,
        refusal: Option<&Error>,
    ) -> Result<Staged> {
        self.flush()?;
        let refused = BTreeMap::new();
        let mut staging = Staging { spool: self, client, statement, limits, refused };
        let end = staging.run(refusal).await?;
        Ok(Staged { refused: staging.refused.into_values().collect(), end })
    }
}

impl<L: StageLimits> Staging<'_, L> {
    async fn run(&mut self, refusal: Option<&Error>) -> Result<StageEnd> {
        let all = 0..self.spool.len();
        let mut waiting = match refusal {
            None => vec![Part::new(all.clone())],
            Some(refusal) => match self.find_known(&all, refusal).await? {
                Some(parts) => parts,
                None => vec![Part { is_refused: true, ..Part::new(all.clone()) }],
            },
        };
        let mut is_counted = false;
        while let Some(part) = waiting.pop() {
            if self.limits.is_too_many(self.refused.len()) {
                return Ok(StageEnd::TooMany(self.refused.len()));
            }
            let (live, mut is_refused) = (self.live(&part.rows), part.is_refused);
            if !is_refused || live <= 1 {
                if live > 0 && !self.limits.has_time_for(live) {
                    if live < 2 || !self.limits.has_time_for(1) {
                        return Ok(StageEnd::OutOfTime(self.spool.start_of(part.rows.start)));
                    }
                    // There may be time for its first rows.
                } else if live > 0
                    && let Some(refusal) = self.copy(&part.rows, false).await?
                {
                    if let Some(parts) = self.find_known(&part.rows, &refusal).await? {
                        waiting.extend(parts);
                        continue;
                    }
                    if live == 1 {
                        self.refuse_first(&part.rows, &refusal)?;
                        continue;
                    }
                    is_refused = true;
                } else {
                    if part.is_first_half
                        && let Some(second) = waiting.last_mut()
                    {
                        second.is_refused = true;
                    }
                    continue;
                }
            }
            if is_refused && part.rows == all && !std::mem::replace(&mut is_counted, true) {
                match self.count_refused_parts(&all).await? {
                    Ok(parts) => waiting = parts,
                    Err(known) => return Ok(StageEnd::TooMany(known)),
                }
                continue;
            }
            let [first, second] = halves(&part.rows);
            waiting.push(Part::new(second));
            waiting.push(Part { is_first_half: is_refused, ..Part::new(first) });
        }
        if self.limits.is_too_many(self.refused.len()) {
            return Ok(StageEnd::TooMany(self.refused.len()));
        }
        Ok(StageEnd::All)
    }

    /// Halves a refused part level by level while that may show that too many rows are refused.
    /// Returns all parts, last first, with what is known of them; or the number of refused rows that
    /// there are at least, where it is too many. Then one of them is found, to show the reason.
    async fn count_refused_parts(
        &mut self,
        all: &Range<usize>,
    ) -> Result<std::result::Result<Vec<Part>, usize>> {
        let mut refused = vec![all.clone()];
        let mut parts = 1;
        let may_be_too_many = self.limits.is_too_many(self.refused.len() + self.live(all));
        'levels: while may_be_too_many && !self.limits.is_too_many(parts / 2) && parts < all.len() {
            let mut next = Vec::new();
            for (at, part) in refused.iter().enumerate() {
                let [first, second] = halves(part);
                if first.is_empty() {
                    next.push(second);
                } else if !self.limits.has_time_for(part.len()) {
                    break 'levels;
                } else if self.is_refused(&first).await? {
                    next.push(first);
                    if self.is_refused(&second).await? {
                        next.push(second);
                    }
                } else {
                    next.push(second);
                }
                let known = self.refused.len() + next.len() + (refused.len() - at - 1);
                if self.limits.is_too_many(known) {
                    if let Some(part) = next.first().cloned() {
                        self.find_one(part).await?;
                    }
                    return Ok(Err(known));
                }
            }
            refused = next;
            parts *= 2;
        }
        let mut waiting = Vec::new();
        let mut end = all.end;
        for part in refused.into_iter().rev() {
            waiting.push(Part::new(part.end..end));
            end = part.start;
            waiting.push(Part { is_refused: true, ..Part::new(part) });
        }
        waiting.push(Part::new(all.start..end));
        waiting.retain(|part| !part.rows.is_empty());
        Ok(Ok(waiting))
    }

    /// Finds a refused row of a refused part.
    async fn find_one(&mut self, part: Range<usize>) -> Result<()> {
        let mut part = part;
        while part.len() > 1 && self.limits.has_time_for(part.len()) {
            let [first, second] = halves(&part);
            part = if self.is_refused(&first).await? { first } else { second };
        }
        match self.copy(&part, false).await? {
            Some(refusal) if part.len() == 1 => self.refuse_first(&part, &refusal),
            _ => Ok(()),
        }
    }
}
