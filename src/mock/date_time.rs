//! Writes mock dates and times as a contract's `format` says, else as ISO 8601.

use std::fmt::Write as _;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use super::random::{MockRng, below};
use crate::types::{Serial, SqlType, TypeOptions};

const DAY_SECONDS: u64 = 86_400;
/// Values start at 2000-01-01 and start again after this number of days, within which the two
/// digits of `%y` tell all years apart.
const DAYS: u64 = 24_000;
/// The first day of random values: 2020-01-01.
const RECENT_DAY: u64 = 7_305;
/// How many days random values span: six years.
const RECENT_DAYS: u64 = 2_192;

/// How the dates or times of a column are written.
#[derive(Debug, Clone)]
pub(super) struct DateTimes {
    has_date: bool,
    /// The first `format` of the contract.
    format: String,
    /// The seconds between two values that the format can tell apart.
    step_seconds: u64,
}

impl DateTimes {
    /// The values of a type that holds a date, a time or both.
    pub fn new(sql_type: SqlType, options: &TypeOptions) -> DateTimes {
        let iso = match sql_type {
            SqlType::Date => "%Y-%m-%d",
            SqlType::Time => "%H:%M:%S",
            SqlType::Timestamptz => "%Y-%m-%dT%H:%M:%SZ",
            _ => "%Y-%m-%d %H:%M:%S",
        };
        let format = options.format.first().map_or(iso, String::as_str);
        let at = |seconds| {
            let mut text = String::new();
            write(second(seconds), format, &mut text);
            text
        };
        let tells_apart = |seconds: &u64| at(0) != at(*seconds);
        let step_seconds = match sql_type {
            SqlType::Date => DAY_SECONDS,
            _ => [1, 60, 3_600].into_iter().find(tells_apart).unwrap_or(DAY_SECONDS),
        };
        DateTimes { has_date: sql_type.has_date(), format: format.to_owned(), step_seconds }
    }

    /// Appends a random value: a recent one, where it has a date.
    pub fn random(&self, random: &mut MockRng, out: &mut String) {
        let n = if self.has_date {
            (RECENT_DAY * DAY_SECONDS + below(random, RECENT_DAYS * DAY_SECONDS))
                / self.step_seconds
        } else {
            below(random, DAY_SECONDS)
        };
        self.nth(n, out);
    }

    /// Appends value `n` in the order of time.
    pub fn nth(&self, n: u64, out: &mut String) {
        write(second(n % self.count() * self.step_seconds), &self.format, out);
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        let days = if self.has_date { DAYS } else { 1 };
        days * DAY_SECONDS / self.step_seconds
    }

    /// How many values thirty days have; `None` where values have no date.
    pub(crate) fn near_count(&self) -> Option<u64> {
        self.has_date.then_some(30 * DAY_SECONDS / self.step_seconds)
    }

    /// The first value on a day, and how many the day has; `None` where values have no date.
    pub fn on_day(&self, day: u64) -> Option<(u64, u64)> {
        let count = DAY_SECONDS / self.step_seconds;
        self.has_date.then_some((day * count, count))
    }
}

/// The point in time `seconds` after the start of 2000.
fn second(seconds: u64) -> DateTime {
    let start = date(2000, 1, 1).at(0, 0, 0, 0);
    start.saturating_add(SignedDuration::from_secs(seconds as i64))
}

/// Appends `value`, which is after 1970, in a form that the column type reads back.
fn write(value: DateTime, format: &str, out: &mut String) {
    let since = |day: Date| value.duration_since(day.at(0, 0, 0, 0));
    let days_since = |day: Date| since(day).as_millis() as f64 / (DAY_SECONDS * 1_000) as f64;
    // Writing to a String cannot fail.
    let _ = match Serial::named(format) {
        Some(Serial::Epoch) => write!(out, "{}", since(date(1970, 1, 1)).as_secs()),
        Some(Serial::EpochMs) => write!(out, "{}", since(date(1970, 1, 1)).as_millis()),
        Some(Serial::Excel) => write!(out, "{}", days_since(date(1899, 12, 30))),
        Some(Serial::Excel1904) => write!(out, "{}", days_since(date(1904, 1, 1))),
        None => {
            if let Ok(zoned) = value.to_zoned(TimeZone::UTC) {
                // The contract's check has written a sample in this format.
                let _ = BrokenDownTime::from(&zoned).format(format, out);
            }
            Ok(())
        }
    };
}
