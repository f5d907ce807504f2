//! Checks the `format` patterns of a contract, and suggests one for those in the spelling of other
//! programs.

use jiff::civil::{DateTime, date};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{Offset, TimeZone};

use super::reading::{Kind, Reading, assemble};
use super::refusal::Refusal;
use super::serial::Serial;

/// Checks a pattern by writing a sample and reading it back.
///
/// # Errors
///
/// What the pattern lacks to give a value of `kind`, or what it has that such a value cannot hold; the
/// pattern that is probably meant.
pub(super) fn check(kind: Kind, pattern: &str) -> Result<(), String> {
    let meant = match sample(kind, pattern) {
        Ok(()) => return Ok(()),
        Err(why) if pattern.contains('%') => return Err(why),
        Err(why) => (why, translated(pattern)),
    };
    let (why, meant) = meant;
    match sample(kind, &meant) {
        Ok(()) => Err(format!("write it as \"{meant}\"")),
        // The rest of the pattern is understood, so the type is wrong.
        Err(other) if other.starts_with("has ") => {
            Err(format!("written as \"{meant}\", it {other}"))
        }
        Err(_) => Err(why),
    }
}

fn sample(kind: Kind, pattern: &str) -> Result<(), String> {
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
    let value = |broken: &BrokenDownTime| -> Result<DateTime, Refusal> {
        let (Reading::Local(value) | Reading::Utc(value)) = assemble(kind, broken)?;
        Ok(value)
    };
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
        Kind::Date => value(&read(&write(midnight)?)?).map_err(|_| "does not give a date")?,
        _ => value(&broken).map_err(|_| "does not give a date and time")?,
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

/// Whether a pattern holds `%Q`, which is a time zone by name.
fn names_a_zone(pattern: &str) -> bool {
    pattern.replace("%%", "").split('%').skip(1).any(|directive| {
        directive
            .trim_start_matches(|c: char| c.is_ascii_digit() || "_-^#:.".contains(c))
            .starts_with('Q')
    })
}

/// A pattern such as `DD.MM.YYYY HH:mm`, in the spelling of Excel, Java, .NET or moment.js, as strftime
/// spells it.
fn translated(pattern: &str) -> String {
    // Postgres and Oracle.
    let pattern = &pattern.replace("HH24", "HH").replace("MI", "mm");
    let has_half_days = ["a", "A", "tt", "AM/PM"].iter().any(|mark| pattern.ends_with(mark));
    let mut out = String::new();
    let mut rest = pattern.as_str();
    let (mut after_hour, mut literal) = (false, false);
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| c != first).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        // Java puts literals in quotes, moment.js in brackets.
        if matches!(first, '\'' | '[' | ']') {
            literal = !literal;
            continue;
        }
        let before_seconds =
            after.strip_prefix(':').is_some_and(|after| after.starts_with(['s', 'S']));
        let directive = match (first, end) {
            _ if literal => run,
            ('y' | 'Y' | 'u' | 'j' | 'J', 2) => "%y",
            ('y' | 'Y' | 'u' | 'j' | 'J', _) => "%Y",
            ('m' | 'M', 4) => "%B",
            ('m' | 'M', 3) => "%b",
            ('m' | 'M', _) if after_hour || before_seconds => "%M",
            ('m' | 'M', _) => "%m",
            ('d' | 'D' | 'E', 4) => "%A",
            ('d' | 'D' | 'E', 3) => "%a",
            ('a' | 'A', 1) | ('t', 2) if has_half_days => "%p",
            // ISO 8601 separates the time from the date so, without quotes.
            ('T', 1) if rest.starts_with(['h', 'H']) => run,
            ('d' | 'D' | 'T', _) => "%d",
            ('h' | 'H', _) if has_half_days => "%I",
            ('h' | 'H', _) => "%H",
            ('s' | 'S', 1..=2) => "%S",
            ('S' | 'f' | 'F', _) => "%f",
            ('X' | 'x', 3) => "%:z",
            ('X' | 'x' | 'Z' | 'z', _) => "%z",
            _ => run,
        };
        after_hour = matches!(directive, "%H" | "%I") || after_hour && !directive.starts_with('%');
        if directive == "%p" {
            rest = rest.strip_prefix("M/PM").unwrap_or(rest);
        }
        // `%.f` includes the point before a fraction.
        if directive == "%f" && out.ends_with('.') {
            out.pop();
            out.push_str("%.f");
        } else {
            out.push_str(directive);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::types::column_type;
    use crate::types::tests::formats;

    #[test]
    fn a_pattern_in_the_spelling_of_another_program_is_answered_with_the_right_one() {
        for (kind, given, meant) in [
            ("date", "DD.MM.YYYY", "%d.%m.%Y"),
            ("date", "dd/MM/yyyy", "%d/%m/%Y"),
            ("date", "d.m.yy", "%d.%m.%y"),
            ("date", "TT.MM.JJJJ", "%d.%m.%Y"),
            ("date", "yyyyMMdd", "%Y%m%d"),
            ("date", "dd-MMM-yyyy", "%d-%b-%Y"),
            ("timestamp", "yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S"),
            ("timestamp", "yyyy-MM-dd'T'HH:mm:ss.SSS", "%Y-%m-%dT%H:%M:%S%.f"),
            ("timestamp", "MM/DD/YYYY hh:mm A", "%m/%d/%Y %I:%M %p"),
            ("timestamp", "M/d/yyyy h:mm:ss tt", "%m/%d/%Y %I:%M:%S %p"),
            ("timestamp", "m/d/yyyy h:mm AM/PM", "%m/%d/%Y %I:%M %p"),
            ("timestamp", "DD.MM.YYYY HH:MM", "%d.%m.%Y %H:%M"),
            ("timestamptz", "yyyy-MM-dd HH:mm:ssXXX", "%Y-%m-%d %H:%M:%S%:z"),
            ("timestamptz", "YYYY-MM-DD[T]HH:mm:ssZ", "%Y-%m-%dT%H:%M:%S%z"),
            ("timestamptz", "yyyy-MM-dd'T'HH:mm:ss'Z'", "%Y-%m-%dT%H:%M:%SZ"),
            ("timestamptz", "YYYY-MM-DDTHH:mm:ssZ", "%Y-%m-%dT%H:%M:%S%z"),
            ("timestamp", "yyyy-MM-ddTHH:mm:ss", "%Y-%m-%dT%H:%M:%S"),
            ("timestamp", "DD.MM.YYYY HH24:MI:SS", "%d.%m.%Y %H:%M:%S"),
            ("timestamp", "YYYY-MM-DD HH24:MI", "%Y-%m-%d %H:%M"),
            ("time", "HH:mm", "%H:%M"),
        ] {
            let error = column_type(kind, &formats(&[given])).expect_err(given);
            assert_eq!(error, format!("format \"{given}\": write it as \"{meant}\""));
            assert!(column_type(kind, &formats(&[meant])).is_ok(), "{meant}");
        }
        let zoned =
            column_type("date", &formats(&["YYYY-MM-DDTHH:mm:ssZ"])).expect_err("an offset");
        assert!(zoned.contains("%S%z\", it has an offset, which only"), "{zoned}");
        for bad in ["DD.MM", "iso", "", "HH:mm"] {
            let error = column_type("date", &formats(&[bad])).expect_err(bad);
            assert!(!error.contains("write it"), "{error}");
        }
    }
}
