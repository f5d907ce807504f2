//! Reads dates and times by the `format` patterns of a contract.

use jiff::civil::{DateTime, date};

use super::column_type::{Invalid, Round, TypeOptions};
use super::form::{self, Form};
use super::iso;
use super::pattern_check;
use super::reading::{Kind, Reading, assemble};
use super::refusal::Refusal;
use super::serial::Serial;
use super::zone::Zone;

/// How the texts of one column are read.
#[derive(Debug)]
pub(super) struct Patterns {
    kind: Kind,
    patterns: Vec<Pattern>,
    zone: Option<Zone>,
    /// Whether digits of a second after the sixth are cut; otherwise they are refused.
    pub truncate: bool,
}

/// One pattern as the contract spells it.
#[derive(Debug)]
enum Pattern {
    Serial(Serial, String),
    /// `forms` are the pattern itself, and with the other spellings of an offset.
    Text {
        given: String,
        forms: Vec<Form>,
        without_offset: Option<Form>,
    },
}

impl Pattern {
    fn new(pattern: &str) -> Pattern {
        match Serial::named(pattern) {
            Some(serial) => Pattern::Serial(serial, pattern.to_owned()),
            None => Pattern::Text {
                given: pattern.to_owned(),
                forms: form::with_other_offsets(pattern).iter().map(|p| Form::new(p)).collect(),
                without_offset: form::without_offset(pattern).map(Form::new),
            },
        }
    }

    fn as_str(&self) -> &str {
        let (Pattern::Serial(_, given) | Pattern::Text { given, .. }) = self;
        given
    }
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
            patterns: options.format.iter().map(|pattern| Pattern::new(pattern)).collect(),
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
        let mut read = self.read_form(text, false);
        if read == Err(Refusal::Form)
            && self.kind == Kind::Timestamptz
            && let Some(local) = before_utc(text)
        {
            read = self.read_form(local, true);
        }
        match read {
            Err(Refusal::Form) if self.has_a_day_beyond_the_calendar(text) => {
                Err(Refusal::Calendar)
            }
            read => read,
        }
    }

    fn read_form(&self, text: &str, is_utc: bool) -> Result<DateTime, Refusal> {
        let mut refusal = Refusal::Form;
        for pattern in &self.patterns {
            match self.read_pattern(pattern, text, is_utc) {
                Err(Refusal::Form) => {}
                Err(other) if other.is_of_the_form() => refusal = other,
                read => return read,
            }
        }
        Err(refusal)
    }

    fn read_pattern(
        &self,
        pattern: &Pattern,
        text: &str,
        is_utc: bool,
    ) -> Result<DateTime, Refusal> {
        let (given, forms, without_offset) = match pattern {
            Pattern::Serial(serial, _) => return self.read_serial(*serial, text, is_utc),
            Pattern::Text { given, forms, without_offset } => (given, forms, without_offset),
        };
        let mut refusal = Refusal::Form;
        for form in forms.iter().chain(without_offset.iter().filter(|_| is_utc)) {
            match form.read(text) {
                Ok(broken) if is_utc && broken.offset().is_some_and(|offset| !offset.is_zero()) => {
                }
                Ok(broken) => {
                    let (reading, second) = match assemble(self.kind, &broken)? {
                        Reading::Local(value) if is_utc || says_utc(given) => {
                            (Reading::Utc(value), value.second())
                        }
                        Reading::Local(value) => (Reading::Local(value), value.second()),
                        Reading::Utc(value) => (Reading::Utc(value), value.second()),
                    };
                    // jiff reads second 60 as 59, Postgres as the next minute.
                    if second == 59 && form.is_leap_second(text) {
                        return Err(Refusal::Form);
                    }
                    return self.value(reading);
                }
                Err(Refusal::Form) => {}
                Err(other) => refusal = other,
            }
        }
        Err(refusal)
    }

    fn read_serial(&self, serial: Serial, text: &str, is_utc: bool) -> Result<DateTime, Refusal> {
        // Days of a workbook are local times.
        if is_utc && serial.counts_days() {
            return Err(Refusal::Form);
        }
        let value = serial.read(text, self.truncate).ok_or(Refusal::Form)?;
        // Below day 1 it is a time of day: Excel shows day 0 as 1900-01-00.
        let has_no_day = serial == Serial::Excel && value.date() < date(1900, 1, 1);
        if has_no_day && self.kind != Kind::Time {
            return Err(Refusal::Form);
        }
        if !self.kind.holds(value) {
            return Err(Refusal::TimeOfDay);
        }
        self.value(match serial.counts_days() {
            true => Reading::Local(value),
            false => Reading::Utc(value),
        })
    }

    #[cold]
    fn has_a_day_beyond_the_calendar(&self, text: &str) -> bool {
        self.patterns.iter().any(|pattern| match pattern {
            Pattern::Serial(..) => false,
            Pattern::Text { forms, .. } => {
                forms.iter().any(|form| form.has_a_day_beyond_the_calendar(text))
            }
        })
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
        let patterns: Vec<&str> = self.patterns.iter().map(Pattern::as_str).collect();
        refusal.invalid(code, &format!("the form {}", patterns.join(" or ")), zone)
    }
}

/// Whether a pattern ends in a literal that means UTC.
fn says_utc(pattern: &str) -> bool {
    let literal = |name: &str| pattern.strip_suffix(name).is_some_and(|rest| !rest.ends_with('%'));
    ["Z", "UTC", "GMT"].into_iter().any(literal)
}

/// The text before `Z`, `UTC` or `GMT` at its end.
fn before_utc(text: &str) -> Option<&str> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Some(local.trim_ascii_end());
    }
    iso::before_utc(text.as_bytes()).and_then(|rest| text.get(..rest.len()))
}
