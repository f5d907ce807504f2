//! Refused rows: finds the rows of a batch that Postgres' error names, and those like them.

use std::ops::Range;

use super::staging::{Part, StageLimits, Staging};
use crate::error::{Error, RefusedRows, Result};

/// Rows are searched for unreadable ones in at least this number, and in twice as many each time that
/// there is none.
const MIN_WINDOW: usize = 64;

impl<L: StageLimits> Staging<'_, L> {
    /// Refuses the rows that the error names, and returns the parts that are left of `rows`, last
    /// first; `None` where it names none.
    pub(super) async fn find_known(
        &mut self,
        rows: &Range<usize>,
        refusal: &Error,
    ) -> Result<Option<Vec<Part>>> {
        let known = self.refused.len();
        let searched = match refusal.rows.as_deref() {
            Some(RefusedRows::SourceLines(lines)) => {
                for line in lines {
                    if let Some(row) = self.spool.row_of_line(*line).filter(|r| rows.contains(r)) {
                        self.refuse(row, refusal)?;
                    }
                }
                rows.end
            }
            Some(RefusedRows::CopyLine(line)) => self.find_unreadable(rows, *line, refusal).await?,
            None => return Ok(None),
        };
        if self.refused.len() == known {
            return Ok(None);
        }
        let parts = [searched..rows.end, rows.start..searched];
        Ok(Some(parts.into_iter().filter(|rows| !rows.is_empty()).map(Part::new).collect()))
    }

    /// Refuses the rows that Postgres cannot read, from the one at `line` of a COPY of `rows` on.
    /// Returns the end of the rows that were searched.
    async fn find_unreadable(
        &mut self,
        rows: &Range<usize>,
        line: u64,
        refusal: &Error,
    ) -> Result<usize> {
        let nth = |line: u64| usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(row) = self.nth_live(rows, nth(line)) else { return Ok(rows.start) };
        self.refuse(row, refusal)?;
        let (mut from, mut window) = (row + 1, MIN_WINDOW.max(2 * (row - rows.start)));
        while from < rows.end {
            let to = from.saturating_add(window).min(rows.end);
            if self.limits.is_too_many(self.refused.len()) || !self.limits.has_time_for(to - from) {
                return Ok(from);
            }
            let refusal = self.copy(&(from..to), true).await?;
            let line = refusal.as_ref().and_then(|refusal| match refusal.rows.as_deref() {
                Some(RefusedRows::CopyLine(line)) => Some(*line),
                _ => None,
            });
            let (Some(refusal), Some(line)) = (refusal, line) else { return Ok(from) };
            match self.nth_live(&(from..to), nth(line)) {
                Some(row) => {
                    self.refuse(row, &refusal)?;
                    window = MIN_WINDOW.max(2 * (row - from));
                    from = row + 1;
                }
                // The line after the rows: all of them can be read.
                None => (from, window) = (to, window.saturating_mul(2)),
            }
        }
        Ok(rows.end)
    }
}
