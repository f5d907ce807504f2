//! TimeBudget: how long batches took to close in; how much more fits before the deadline out.

use std::time::{Duration, Instant};

/// Reserved at the end of an invocation, to release the load and to queue its continuation.
const RESERVE: Duration = Duration::from_secs(2);

/// The assumed time for a row from the end of its COPY to its commit, until it has been measured:
/// 20,000 rows a second, for a small server. Larger ones do 60,000 to 130,000.
const DEFAULT_CLOSE_TIME: Duration = Duration::from_micros(50);

/// The factor by which a batch may take longer to close than the last one.
const SAFETY_FACTOR: u32 = 2;

/// A new batch is begun only while at least this much time is left to fill it.
const MIN_FILL_TIME: Duration = Duration::from_secs(1);

/// The deadline of an invocation, and the measured time to close a batch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TimeBudget {
    /// When Lambda ends the invocation. `None` where nothing limits the time.
    pub deadline: Option<Instant>,
    close_time_per_row: Option<Duration>,
}

impl TimeBudget {
    /// Until when records may be read into a batch that has this many rows. `None` without a deadline.
    pub(crate) fn fill_until(&self, rows: u64) -> Option<Instant> {
        let per_row = self.close_time_per_row.unwrap_or(DEFAULT_CLOSE_TIME);
        let closing = per_row.saturating_mul(SAFETY_FACTOR * rows.min(1 << 30) as u32);
        let deadline = self.deadline?;
        Some(deadline.checked_sub(RESERVE.saturating_add(closing)).unwrap_or_else(Instant::now))
    }

    /// Whether there is time to copy and commit this many rows that are read already.
    pub(crate) fn has_time_to_close(&self, rows: u64) -> bool {
        self.fill_until(rows).is_none_or(|until| until > Instant::now())
    }

    /// Whether there is time for another batch.
    pub(crate) fn has_time(&self) -> bool {
        self.fill_until(0).is_none_or(|until| until > Instant::now() + MIN_FILL_TIME)
    }

    /// The maximum of rows in a batch: `batch_rows`, halved for each attempt that ended before its
    /// first commit, so that a batch too large for an invocation becomes small enough.
    pub(crate) fn max_rows(&self, batch_rows: u64, attempts_without_progress: u32) -> u64 {
        match self.deadline {
            Some(_) => (batch_rows >> attempts_without_progress.min(32)).max(batch_rows.min(1_000)),
            None => batch_rows,
        }
    }

    /// The maximum time to wait for another worker: `default`, but at most a third of what is left.
    pub(crate) fn max_wait(&self, default: Duration) -> Duration {
        self.deadline.map_or(default, |deadline| {
            default.min(deadline.saturating_duration_since(Instant::now()) / 3)
        })
    }

    /// Records how long a batch took from the end of its COPY to its commit.
    pub(crate) fn record_close(&mut self, rows: u64, took: Duration) {
        // With fewer rows, only the round trips would be measured.
        if rows >= 1_000 {
            self.close_time_per_row = Some(took.div_f64(rows as f64));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_closed_early_enough_for_the_time_its_rows_take() {
        let now = Instant::now();
        let mut budget =
            TimeBudget { deadline: Some(now + Duration::from_secs(30)), close_time_per_row: None };
        assert_eq!(budget.fill_until(0), Some(now + Duration::from_secs(28)));
        // 2 x 50 microseconds a row.
        assert_eq!(budget.fill_until(100_000), Some(now + Duration::from_secs(18)));
        budget.record_close(100_000, Duration::from_secs(1));
        assert_eq!(budget.fill_until(100_000), Some(now + Duration::from_secs(26)));
        // More rows than there is time for: close at once.
        assert!(budget.fill_until(u64::MAX).unwrap() <= Instant::now());
        budget.record_close(10, Duration::from_secs(1));
        assert_eq!(budget.fill_until(100_000), Some(now + Duration::from_secs(26)));
        assert!(budget.has_time());
        budget.deadline = Some(now + Duration::from_millis(2_900));
        assert!(!budget.has_time());
    }

    #[test]
    fn without_a_deadline_nothing_is_limited() {
        let budget = TimeBudget::default();
        assert_eq!(budget.fill_until(1 << 40), None);
        assert!(budget.has_time());
        assert_eq!(budget.max_rows(500_000, 9), 500_000);
        assert_eq!(budget.max_wait(Duration::from_secs(10)), Duration::from_secs(10));
    }

    #[test]
    fn attempts_without_progress_halve_the_batch_down_to_a_thousand_rows() {
        let budget = TimeBudget { deadline: Some(Instant::now()), close_time_per_row: None };
        let max = [0, 1, 2, 9, 40].map(|attempts| budget.max_rows(500_000, attempts));
        assert_eq!(max, [500_000, 250_000, 125_000, 1_000, 1_000]);
        assert_eq!(budget.max_rows(10, 3), 10);
    }
}
