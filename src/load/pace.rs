//! Pace: how long batches took to close in; how much more fits before the deadline out.

use std::time::{Duration, Instant};

/// Kept free at the end of an invocation's time, to let go of the load and to hand it on.
const RESERVE: Duration = Duration::from_secs(2);

/// What a row costs from the end of its COPY to its commit, until that has been measured: a small
/// server's share of the 60,000 to 130,000 rows a second that larger ones do.
const FIRST_GUESS: Duration = Duration::from_micros(50);

/// A batch may well take longer to close than the last one did.
const CAUTION: u32 = 2;

/// A new batch is begun only where so much time is left for it.
const LEAST: Duration = Duration::from_secs(1);

/// The time that a loader has, and how fast it has been.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    /// When the invocation is ended from outside. Without one there is all the time in the world.
    pub deadline: Option<Instant>,
    per_row: Option<Duration>,
}

impl Pace {
    /// Until when records may be read into a batch that has so many rows.
    pub fn fill_until(&self, rows: u64) -> Option<Instant> {
        let per_row = self.per_row.unwrap_or(FIRST_GUESS);
        let closing = per_row.saturating_mul(CAUTION * rows.min(1 << 30) as u32);
        let deadline = self.deadline?;
        Some(deadline.checked_sub(RESERVE.saturating_add(closing)).unwrap_or_else(Instant::now))
    }

    /// Whether a batch may be begun now.
    pub fn has_time(&self) -> bool {
        self.fill_until(0).is_none_or(|until| until > Instant::now() + LEAST)
    }

    /// At most so many rows in a batch, where each of `in_vain` attempts ended before its first
    /// commit: what is too much for an invocation is halved until it fits.
    pub fn most_rows(&self, batch_rows: u64, in_vain: u32) -> u64 {
        match self.deadline {
            Some(_) => (batch_rows >> in_vain.min(32)).max(batch_rows.min(1_000)),
            None => batch_rows,
        }
    }

    /// How long to wait for another worker at most.
    pub fn patience(&self, most: Duration) -> Duration {
        self.deadline.map_or(most, |deadline| {
            most.min(deadline.saturating_duration_since(Instant::now()) / 3)
        })
    }

    /// A batch of so many rows took so long from the end of its COPY to its commit.
    pub fn closed(&mut self, rows: u64, took: Duration) {
        // Of a few rows, the round trips are all there is to measure.
        if rows >= 1_000 {
            self.per_row = Some(took.div_f64(rows as f64));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_closed_in_time_for_what_its_rows_cost() {
        let now = Instant::now();
        let mut pace = Pace { deadline: Some(now + Duration::from_secs(30)), per_row: None };
        assert_eq!(pace.fill_until(0), Some(now + Duration::from_secs(28)));
        // 2 x 50 microseconds a row.
        assert_eq!(pace.fill_until(100_000), Some(now + Duration::from_secs(18)));
        pace.closed(100_000, Duration::from_secs(1));
        assert_eq!(pace.fill_until(100_000), Some(now + Duration::from_secs(26)));
        // More than there is time for: at once.
        assert!(pace.fill_until(u64::MAX).unwrap() <= Instant::now());
        pace.closed(10, Duration::from_secs(1));
        assert_eq!(pace.fill_until(100_000), Some(now + Duration::from_secs(26)));
        assert!(pace.has_time());
        pace.deadline = Some(now + Duration::from_millis(2_900));
        assert!(!pace.has_time());
    }

    #[test]
    fn without_a_deadline_nothing_is_cut() {
        let pace = Pace::default();
        assert_eq!(pace.fill_until(1 << 40), None);
        assert!(pace.has_time());
        assert_eq!(pace.most_rows(500_000, 9), 500_000);
        assert_eq!(pace.patience(Duration::from_secs(10)), Duration::from_secs(10));
    }

    #[test]
    fn attempts_in_vain_halve_the_batch_down_to_a_thousand_rows() {
        let pace = Pace { deadline: Some(Instant::now()), per_row: None };
        let most = [0, 1, 2, 9, 40].map(|in_vain| pace.most_rows(500_000, in_vain));
        assert_eq!(most, [500_000, 250_000, 125_000, 1_000, 1_000]);
        assert_eq!(pace.most_rows(10, 3), 10);
    }
}
