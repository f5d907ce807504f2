//! Reads dates and times by the `format` patterns of a contract.

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;

use super::column_type::{Invalid, Round, TypeOptions};
use super::iso::{self, Refusal};
use super::pattern_check;
use super::reading::{Kind, Reading, assemble};
use super::serial::Serial;
use super::zone::Zone;

/// How the texts of one column are read.
#[derive(Debug)]
pub(super) struct Patterns {
    kind: Kind,
    patterns: Vec<String>,
    zone: Option<Zone>,
    /// Whether digits of a second after the sixth are cut; otherwise they are refused.
    pub truncate: bool,
}

impl Patterns {
    /// Checks the options, and each pattern by writing a sample and reading it back.
    ///
    /// # Errors
    ///
    /// The first pattern that cannot read values of this kind, and why; a time zone that is not known.
    pub fn new(kind: Kind, options: &TypeOptions) -> Result<Patterns, String> {
        for pattern in &options.format {
            pattern_check::check(kind, pattern)
                .map_err(|why| format!("format \"{pattern}\": {why}"))?;
        }
        Ok(Patterns {
            kind,
            patterns: options.format.clone(),
            zone: Zone::of(options)?,
            truncate: options.round == Some(Round::Truncate),
        })
    }

    /// Whether texts are read as ISO 8601.
    pub(crate) fn is_iso(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Reads `text` by the first pattern that fits. A timestamptz is returned in UTC, a time with any
    /// date.
    pub fn read(&self, text: &str) -> Result<DateTime, Refusal> {
        match self.read_form(text, false) {
            Err(Refusal::Form) if self.kind == Kind::Timestamptz => {
                let named =
                    iso::before_utc(text.as_bytes()).and_then(|rest| text.get(..rest.len()));
                self.read_form(named.ok_or(Refusal::Form)?, true)
            }
            read => read,
        }
    }

    fn read_form(&self, text: &str, is_utc: bool) -> Result<DateTime, Refusal> {
        let mut refusal = Refusal::Form;
        for pattern in &self.patterns {
            match self.read_pattern(pattern, text, is_utc) {
                Err(Refusal::Form) => {}
                Err(Refusal::Calendar) => refusal = Refusal::Calendar,
                read => return read,
            }
        }
        Err(refusal)
    }

    fn read_pattern(&self, pattern: &str, text: &str, is_utc: bool) -> Result<DateTime, Refusal> {
        if let Some(serial) = Serial::named(pattern) {
            let value = serial.read(text, self.truncate).filter(|value| self.kind.holds(*value));
            let value = value.ok_or(Refusal::Form)?;
            return self.value(match serial.counts_days() {
                true => Reading::Local(value),
                false => Reading::Utc(value),
            });
        }
        let broken = BrokenDownTime::parse(pattern, text).map_err(|_| Refusal::Form)?;
        if is_utc && broken.offset().is_some_and(|offset| !offset.is_zero()) {
            return Err(Refusal::Form);
        }
        let (reading, second) = match assemble(self.kind, &broken)? {
            Reading::Local(value) if is_utc || says_utc(pattern) => {
                (Reading::Utc(value), value.second())
            }
            Reading::Local(value) => (Reading::Local(value), value.second()),
            Reading::Utc(value) => (Reading::Utc(value), value.second()),
        };
        // jiff reads second 60 as 59, Postgres as the next minute.
        if second == 59 && is_leap_second(pattern, text) {
            return Err(Refusal::Form);
        }
        self.value(reading)
    }

    /// The value of the column: in its zone where it has no offset itself.
    pub fn value(&self, reading: Reading) -> Result<DateTime, Refusal> {
        let value = match (self.kind, reading, &self.zone) {
            (Kind::Timestamptz, Reading::Local(local), Some(zone)) => zone.to_utc(local)?,
            (Kind::Timestamp, Reading::Utc(utc), Some(zone)) => zone.to_local(utc)?,
            (_, Reading::Local(value) | Reading::Utc(value), _) => value,
        };
        if value.subsec_nanosecond() % 1_000 != 0 && !self.truncate {
            return Err(Refusal::Precision);
        }
        if self.kind != Kind::Time && value.year() < 1 {
            return Err(Refusal::Form);
        }
        Ok(value)
    }

    /// Whether the column has a time zone of its own.
    pub(crate) fn has_zone(&self) -> bool {
        self.zone.is_some()
    }

    /// The reason why a text is refused, with the forms that were expected.
    #[cold]
    pub fn invalid(&self, refusal: Refusal, code: &'static str, iso: &str) -> Invalid {
        let zone = self.zone.as_ref().map_or("UTC", Zone::name);
        if self.is_iso() {
            return refusal.invalid(code, iso, zone);
        }
        refusal.invalid(code, &format!("the form {}", self.patterns.join(" or ")), zone)
    }
}

/// Whether a pattern ends in a literal that means UTC.
fn says_utc(pattern: &str) -> bool {
    let literal = |name: &str| pattern.strip_suffix(name).is_some_and(|rest| !rest.ends_with('%'));
    ["Z", "UTC", "GMT"].into_iter().any(literal)
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
