//! Reads dates and times by the `format` patterns of a contract.

use jiff::civil::{DateTime, date};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{Offset, TimeZone};

use super::column_type::Invalid;
use super::iso::Refusal;
use super::serial::Serial;

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
    fn holds(self, value: DateTime) -> bool {
        self != Kind::Date || value.time() == jiff::civil::Time::midnight()
    }
}

/// The patterns of one column. Each has read back a sample that it wrote.
#[derive(Debug)]
pub(super) struct Patterns {
    kind: Kind,
    patterns: Vec<String>,
}

impl Patterns {
    /// Checks the patterns by writing a sample with each and reading it back.
    ///
    /// # Errors
    ///
    /// The first pattern that cannot read values of this kind, and why.
    pub fn new(kind: Kind, patterns: &[String]) -> Result<Patterns, String> {
        for pattern in patterns {
            check(kind, pattern).map_err(|why| format!("format \"{pattern}\": {why}"))?;
        }
        Ok(Patterns { kind, patterns: patterns.to_vec() })
    }

    /// Whether texts are read as ISO 8601.
    pub fn is_iso(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Reads `text` by the first pattern that fits. A timestamptz is returned in UTC, a time with any
    /// date.
    pub fn read(&self, text: &str) -> Result<DateTime, Refusal> {
        let read = |pattern: &String| {
            if let Some(serial) = Serial::named(pattern) {
                return serial.read(text).filter(|value| self.kind.holds(*value));
            }
            let broken = BrokenDownTime::parse(pattern, text).ok()?;
            let value = assemble(self.kind, &broken)?;
            // jiff reads second 60 as 59, Postgres as the next minute.
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

    /// The reason why a text is refused, with the forms that were expected.
    #[cold]
    pub fn invalid(&self, refusal: Refusal, code: &'static str, iso: &str) -> Invalid {
        if self.is_iso() {
            return refusal.invalid(code, iso);
        }
        refusal.invalid(code, &format!("the form {}", self.patterns.join(" or ")))
    }
}

/// The value of the parts that a pattern has read; `None` where they do not make one of `kind`.
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

/// Whether the second was 60: then a change of a `60` in the text changes the second.
#[cold]
fn is_leap_second(pattern: &str, text: &str) -> bool {
    text.match_indices("60").any(|(at, _)| {
        let mut changed = text.to_owned();
        changed.replace_range(at..at + 2, "58");
        BrokenDownTime::parse(pattern, &changed).is_ok_and(|broken| broken.second() == Some(58))
    })
}

/// Checks a pattern by writing a sample and reading it back.
///
/// # Errors
///
/// What the pattern lacks to give a value of `kind`, or what it has that such a value cannot hold.
fn check(kind: Kind, pattern: &str) -> Result<(), String> {
    if let Some(serial) = Serial::named(pattern) {
        return match kind {
            Kind::Timestamp | Kind::Timestamptz => Ok(()),
            Kind::Date | Kind::Time if serial.counts_days() => Ok(()),
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
        return if kind == Kind::Date { Err("%s does not give a date".into()) } else { Ok(()) };
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
    Ok(())
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
    let mut unit = 100_000;
    while micros > 0 {
        out.push(b'0' + (micros / unit) as u8);
        (micros, unit) = (micros % unit, unit / 10);
    }
    if out.last() == Some(&b'.') {
        out.pop();
    }
}

fn push_pair(value: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + value / 10, b'0' + value % 10]);
}
