//! Pattern: the `format` of a contract in, a reader and writer of dates and times out.

use jiff::civil::{DateTime, date};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{Offset, TimeZone};

use super::iso::Refusal;
use super::serial::Serial;
use super::{Invalid, MockRng, below};

/// Which parts of a point in time a type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Date,
    Time,
    Timestamp,
    Timestamptz,
}

impl Kind {
    /// Whether a value of this kind can be that, and nothing is lost.
    fn holds(self, value: DateTime) -> bool {
        self != Kind::Date || value.time() == jiff::civil::Time::midnight()
    }
}

/// The patterns of one column, each known to read back what it writes.
#[derive(Debug)]
pub(super) struct Patterns {
    kind: Kind,
    patterns: Vec<String>,
    /// The seconds between two values that the first pattern can tell apart.
    pub step_seconds: u64,
}

impl Patterns {
    /// Checks the patterns by writing a sample with each and reading it back.
    pub fn new(kind: Kind, patterns: &[String]) -> Result<Patterns, String> {
        let mut step_seconds = None;
        for pattern in patterns {
            let step =
                try_out(kind, pattern).map_err(|why| format!("format \"{pattern}\": {why}"))?;
            step_seconds.get_or_insert(step);
        }
        let step_seconds = step_seconds.unwrap_or(1);
        Ok(Patterns { kind, patterns: patterns.to_vec(), step_seconds })
    }

    /// Whether texts are read as ISO 8601.
    pub fn is_iso(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Reads `text` by the first pattern that fits; a timestamptz comes out in UTC, a time on any
    /// day.
    pub fn read(&self, text: &str) -> Result<DateTime, Refusal> {
        let read = |pattern: &String| {
            if let Some(serial) = Serial::named(pattern) {
                return serial.read(text).filter(|value| self.kind.holds(*value));
            }
            let broken = BrokenDownTime::parse(pattern, text).ok()?;
            let value = assemble(self.kind, &broken)?;
            // jiff takes second 60 for 59, which Postgres does not.
            (value.second() != 59 || !is_leap_second(pattern, text)).then_some(value)
        };
        let value = self.patterns.iter().find_map(read).ok_or(Refusal::Form)?;
        if value.subsec_nanosecond() % 1_000 != 0 {
            return Err(Refusal::Precision);
        }
        if self.kind != Kind::Time && value.year() < 1 {
            return Err(Refusal::Form);
        }
        Ok(value)
    }

    /// The words for a refusal.
    #[cold]
    pub fn invalid(&self, refusal: Refusal, code: &'static str, iso: &str) -> Invalid {
        if self.is_iso() {
            return refusal.invalid(code, iso);
        }
        refusal.invalid(code, &format!("the form {}", self.patterns.join(" or ")))
    }

    /// Appends the `n`-th value of mock data that counts up, as the first pattern writes it, else
    /// as `iso` does.
    pub fn mock_nth(&self, n: u64, iso: &str, out: &mut String) {
        self.write(nth_second(n.wrapping_mul(self.step_seconds)), iso, out);
    }

    /// The place of a random recent value among those that count up.
    pub fn mock_recent(&self, random: &mut MockRng) -> u64 {
        (RECENT + below(random, RECENT_SPAN)) / self.step_seconds
    }

    /// How many values that hold a date and a time there are.
    pub fn mock_places(&self) -> u64 {
        24_000 * 86_400 / self.step_seconds
    }

    /// How many of them thirty days have.
    pub fn mock_span(&self) -> u64 {
        30 * 86_400 / self.step_seconds
    }

    /// The first of them on a day, and how many it has.
    pub fn mock_day(&self, day: u64) -> (u64, u64) {
        (day * 86_400 / self.step_seconds, (86_400 / self.step_seconds).max(1))
    }

    /// Appends `value` as the first pattern writes it, else as `iso` does.
    pub fn write(&self, value: DateTime, iso: &str, out: &mut String) {
        let pattern = self.patterns.first().map_or(iso, String::as_str);
        if let Some(serial) = Serial::named(pattern) {
            return serial.write(value, out);
        }
        if let Ok(zoned) = value.to_zoned(TimeZone::UTC) {
            // Cannot fail: the pattern was tried out, and a String takes all.
            let _ = BrokenDownTime::from(&zoned).format(pattern, out);
        }
    }
}

/// Puts the parts together, or nothing where they do not make a value of `kind`.
fn assemble(kind: Kind, broken: &BrokenDownTime) -> Option<DateTime> {
    let civil = match (broken.timestamp(), kind) {
        (Some(timestamp), _) => Offset::UTC.to_datetime(timestamp),
        (None, Kind::Time) => date(2000, 1, 1).to_datetime(broken.to_time().ok()?),
        (None, _) => broken.to_datetime().ok()?,
    };
    match kind {
        Kind::Date if !kind.holds(civil) => None,
        Kind::Timestamptz if broken.timestamp().is_none() => {
            let offset = broken.offset().unwrap_or(Offset::UTC);
            Some(Offset::UTC.to_datetime(offset.to_timestamp(civil).ok()?))
        }
        _ => Some(civil),
    }
}

/// Whether changing a `60` in the text changes the second, which therefore was 60.
#[cold]
fn is_leap_second(pattern: &str, text: &str) -> bool {
    text.match_indices("60").any(|(at, _)| {
        let mut changed = text.to_owned();
        changed.replace_range(at..at + 2, "58");
        BrokenDownTime::parse(pattern, &changed).is_ok_and(|broken| broken.second() == Some(58))
    })
}

/// Writes a sample and reads it back: the seconds of the pattern's finest part, or what is wrong.
fn try_out(kind: Kind, pattern: &str) -> Result<u64, String> {
    if let Some(serial) = Serial::named(pattern) {
        return match kind {
            Kind::Date if serial.counts_days() => Ok(86_400),
            Kind::Time if serial.counts_days() => Ok(1),
            Kind::Timestamp | Kind::Timestamptz => Ok(1),
            Kind::Date | Kind::Time => Err("gives a date and time".into()),
        };
    }
    let sample = date(2024, 11, 23).at(14, 35, 56, 0);
    let midnight = date(2024, 11, 23).at(0, 0, 0, 0);
    let zone = TimeZone::fixed(Offset::constant(2));
    let write = |value: DateTime| {
        let zoned = value.to_zoned(zone.clone()).map_err(|error| error.to_string())?;
        BrokenDownTime::from(&zoned).to_string(pattern).map_err(|error| error.to_string())
    };
    let read = |text: &str| BrokenDownTime::parse(pattern, text).map_err(|error| error.to_string());
    let broken = read(&write(sample)?)?;
    if names_a_zone(pattern) {
        return Err("time zones by name are not supported, only offsets: %z, %:z".into());
    }
    let has_date = broken.year().is_some() || broken.month().is_some() || broken.day().is_some();
    if kind == Kind::Time && (has_date || broken.timestamp().is_some()) {
        return Err("has a date, which a time cannot hold".into());
    }
    if kind != Kind::Timestamptz && broken.offset().is_some() {
        return Err("has an offset, which only a timestamptz can hold".into());
    }
    if kind == Kind::Time && broken.hour().is_none() {
        return Err("has no hour".into());
    }
    if broken.timestamp().is_some() {
        return if kind == Kind::Date { Err("%s does not give a date".into()) } else { Ok(1) };
    }
    let value = match kind {
        Kind::Date => assemble(kind, &read(&write(midnight)?)?).ok_or("does not give a date")?,
        _ => assemble(kind, &broken).ok_or("does not give a date and time")?,
    };
    let shift = if broken.offset().is_some() { 2 } else { 0 };
    let whole_day = kind == Kind::Date || broken.hour().is_none();
    if kind != Kind::Time && value.date() != sample.date() {
        return Err("does not give year, month and day".into());
    }
    if !whole_day && value.hour() + shift != sample.hour() {
        return Err("does not tell morning from afternoon: add %p, or use %H".into());
    }
    Ok(match (broken.minute(), broken.second()) {
        _ if whole_day => 86_400,
        (None, _) => 3_600,
        (_, None) => 60,
        _ => 1,
    })
}

/// Whether a pattern holds `%Q`, which needs a time zone database.
fn names_a_zone(pattern: &str) -> bool {
    pattern.replace("%%", "").split('%').skip(1).any(|directive| {
        directive
            .trim_start_matches(|c: char| c.is_ascii_digit() || "_-^#:.".contains(c))
            .starts_with('Q')
    })
}

/// Appends `YYYY-MM-DD`.
pub(super) fn push_date(value: DateTime, out: &mut Vec<u8>) {
    let (year, month, day) = (value.year().unsigned_abs(), value.month(), value.day());
    push_pair((year / 100) as u8, out);
    push_pair((year % 100) as u8, out);
    out.push(b'-');
    push_pair(month.unsigned_abs(), out);
    out.push(b'-');
    push_pair(day.unsigned_abs(), out);
}

/// Appends `HH:MM:SS[.ffffff]` without trailing zeros.
pub(super) fn push_time(value: DateTime, out: &mut Vec<u8>) {
    for (part, mark) in [(value.hour(), b':'), (value.minute(), b':'), (value.second(), b'.')] {
        push_pair(part.unsigned_abs(), out);
        out.push(mark);
    }
    let mut micros = value.subsec_nanosecond().unsigned_abs() / 1_000;
    let mut place = 100_000;
    while micros > 0 {
        out.push(b'0' + (micros / place) as u8);
        (micros, place) = (micros % place, place / 10);
    }
    if out.last() == Some(&b'.') {
        out.pop();
    }
}

fn push_pair(value: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + value / 10, b'0' + value % 10]);
}

/// The point in time `seconds` after 2000-01-01, the first one of mock data that counts up; starts
/// again after sixty-five years, so that `%y` tells all of them apart.
pub(super) fn nth_second(seconds: u64) -> DateTime {
    let base = date(2000, 1, 1).at(0, 0, 0, 0);
    let seconds = seconds % (24_000 * 86_400);
    base.saturating_add(jiff::SignedDuration::from_secs(seconds as i64))
}

/// The first day of random mock dates, 2020-01-01, in seconds for [`nth_second`].
pub(super) const RECENT: u64 = 7_305 * 86_400;
/// How many seconds random mock dates span: six years.
pub(super) const RECENT_SPAN: u64 = 2_192 * 86_400;
