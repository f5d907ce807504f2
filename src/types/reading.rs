//! What the parts of a date or time, as a pattern has read them, say together.

use jiff::civil::{Date, DateTime, Time, date};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;

use super::refusal::Refusal;

/// Which parts of a point in time a type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Date,
    Time,
    Timestamp,
    Timestamptz,
}

impl Kind {
    /// Whether a value of this kind can hold `value` and lose nothing.
    pub fn holds(self, value: DateTime) -> bool {
        self != Kind::Date || value.time() == Time::midnight()
    }
}

/// What a text says: a time of the clock on the wall, or a point in time, given in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Local(DateTime),
    Utc(DateTime),
}

/// What the parts say that a pattern has read.
///
/// # Errors
///
/// They do not make a value of `kind`.
pub(super) fn assemble(kind: Kind, broken: &BrokenDownTime) -> Result<Reading, Refusal> {
    if let Some(timestamp) = broken.timestamp() {
        return Ok(Reading::Utc(Offset::UTC.to_datetime(timestamp)));
    }
    if kind == Kind::Time {
        let time = broken.to_time().map_err(|_| Refusal::Form)?;
        return Ok(Reading::Local(date(2000, 1, 1).to_datetime(time)));
    }
    let civil = broken.to_datetime().map_err(|_| match is_in_calendar(broken) {
        true if broken.weekday().is_some() && broken.day().is_some() => Refusal::Weekday,
        true => Refusal::Form,
        false => Refusal::Calendar,
    })?;
    if !kind.holds(civil) {
        return Err(Refusal::TimeOfDay);
    }
    match broken.offset() {
        Some(offset) if kind == Kind::Timestamptz => {
            let timestamp = offset.to_timestamp(civil).map_err(|_| Refusal::Form)?;
            Ok(Reading::Utc(Offset::UTC.to_datetime(timestamp)))
        }
        _ => Ok(Reading::Local(civil)),
    }
}

/// Whether year, month and day, as far as a pattern has read them, are a date.
#[cold]
fn is_in_calendar(broken: &BrokenDownTime) -> bool {
    match (broken.year(), broken.month(), broken.day()) {
        (Some(year), Some(month), Some(day)) => Date::new(year, month, day).is_ok(),
        _ => true,
    }
}
