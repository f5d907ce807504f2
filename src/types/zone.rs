//! The time zone of a column: turns local times into points in time, and back.
//!
//! The zones are compiled into the program: Lambda has no time zone database, and the same file must
//! mean the same on every machine.

use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};

use super::column_type::{Repeated, TypeOptions};
use super::refusal::Refusal;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone with this name as the time zone database spells it.
///
/// # Errors
///
/// A sentence for the contract's author: no such zone, with the closest known one.
pub fn time_zone(name: &str) -> Result<String, String> {
    // Offsets and abbreviations are not names of places: `EST` has no summer time, and Postgres reads
    // the sign of `UTC+2` in the other way.
    if let Ok(zone) = DATABASE.get(name)
        && let Some(known) = zone.iana_name()
        && (known.contains('/') && !known.starts_with("Etc/") || known == "UTC")
    {
        return Ok(known.to_owned());
    }
    let folded = name.to_lowercase().replace(' ', "_");
    let place = |known: &str| known.rsplit('/').next().unwrap_or(known).to_lowercase();
    let names: Vec<String> = DATABASE
        .available()
        .map(|known| known.to_string())
        .filter(|known| known.contains('/') && !known.starts_with("Etc/"))
        .collect();
    let distance = |known: &&String| {
        let whole = strsim::levenshtein(&folded, &known.to_lowercase());
        whole.min(strsim::levenshtein(&folded, &place(known)))
    };
    let closest = names.iter().min_by_key(distance).filter(|known| distance(known) <= 2);
    let meant = of_abbreviation(name).or(closest.map(String::as_str));
    let hint = meant.map_or(String::new(), |known| format!(", did you mean \"{known}\"?"));
    Err(format!(
        "time_zone = \"{name}\" must be a name of the time zone database such as \"Europe/Berlin\"{hint}"
    ))
}

/// The zone that people mean most often by an abbreviation.
fn of_abbreviation(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_uppercase().as_str() {
        "CET" | "CEST" | "MET" | "MEZ" | "MESZ" => "Europe/Berlin",
        "EET" | "EEST" => "Europe/Helsinki",
        "WET" | "WEST" => "Europe/Lisbon",
        "BST" => "Europe/London",
        "GMT" | "Z" | "UCT" | "ZULU" => "UTC",
        "EST" | "EDT" | "EST5EDT" => "America/New_York",
        "CST" | "CDT" | "CST6CDT" => "America/Chicago",
        "MST" | "MDT" | "MST7MDT" => "America/Denver",
        "PST" | "PDT" | "PST8PDT" => "America/Los_Angeles",
        "JST" => "Asia/Tokyo",
        _ => return None,
    })
}

/// A column's time zone.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    zone: TimeZone,
    name: String,
    /// Which of the two is meant where the clocks go back and an hour occurs twice.
    repeated: Option<Repeated>,
}

impl Zone {
    /// The zone of a column; `None` where its contract names none.
    ///
    /// # Errors
    ///
    /// As [`time_zone`].
    pub fn of(options: &TypeOptions) -> Result<Option<Zone>, String> {
        let Some(name) = &options.time_zone else { return Ok(None) };
        let name = time_zone(name)?;
        let zone = DATABASE.get(&name).map_err(|error| error.to_string())?;
        Ok(Some(Zone { zone, name, repeated: options.repeated_hour }))
    }

    /// The name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The local time as a point in time, in UTC.
    ///
    /// # Errors
    ///
    /// The clocks skip this time, or it occurs twice and the contract does not say which is meant.
    pub(crate) fn to_utc(&self, local: DateTime) -> Result<DateTime, Refusal> {
        let offset = match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { .. } => return Err(Refusal::Skipped),
            AmbiguousOffset::Fold { before, after } => match self.repeated {
                Some(Repeated::First) => before,
                Some(Repeated::Second) => after,
                None => return Err(Refusal::Repeated),
            },
        };
        let timestamp = offset.to_timestamp(local).map_err(|_| Refusal::Form)?;
        Ok(Offset::UTC.to_datetime(timestamp))
    }

    /// The local time of a point in time, which is in UTC.
    pub(crate) fn to_local(&self, utc: DateTime) -> Result<DateTime, Refusal> {
        let timestamp = Offset::UTC.to_timestamp(utc).map_err(|_| Refusal::Form)?;
        Ok(self.zone.to_datetime(timestamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::column_type;
    use crate::types::tests::{accepts_with, formats, refuses_with};

    fn berlin(options: TypeOptions) -> TypeOptions {
        TypeOptions { time_zone: Some("Europe/Berlin".to_owned()), ..options }
    }

    #[test]
    fn a_zone_is_named_as_the_database_spells_it() {
        assert_eq!(time_zone("europe/berlin").as_deref(), Ok("Europe/Berlin"));
        assert_eq!(time_zone("UTC").as_deref(), Ok("UTC"));
        for (bad, hint) in [
            ("Europe/Berln", "did you mean \"Europe/Berlin\"?"),
            ("Berlin", "did you mean \"Europe/Berlin\"?"),
            ("New York", "did you mean \"America/New_York\"?"),
            ("CET+1", "such as"),
            ("+02:00", "such as"),
            ("EST", "did you mean \"America/New_York\"?"),
            ("CET", "did you mean \"Europe/Berlin\"?"),
            ("GMT", "did you mean \"UTC\"?"),
            ("Etc/GMT+2", "such as"),
            ("", "such as"),
        ] {
            let error = time_zone(bad).expect_err(bad);
            assert!(error.contains(hint), "{error}");
        }
    }

    #[test]
    fn a_text_without_offset_is_a_local_time_of_the_columns_zone() {
        let iso = berlin(TypeOptions::default());
        accepts_with(
            &iso,
            "timestamptz",
            &[
                ("2024-07-01 00:30", "2024-06-30 22:30:00+00:00"),
                ("2024-01-01 00:30:05.25", "2023-12-31 23:30:05.25+00:00"),
                ("2024-07-01 00:30Z", "2024-07-01 00:30:00+00:00"),
                ("2024-07-01 00:30 UTC", "2024-07-01 00:30:00+00:00"),
                ("2024-07-01 00:30+05:00", "2024-07-01 00:30:00+05:00"),
            ],
        );
        // The clocks of Berlin showed local mean time, 53 minutes and 28 seconds ahead of UTC.
        accepts_with(&iso, "timestamptz", &[("1850-01-01 00:53:28", "1850-01-01 00:00:00+00:00")]);
        accepts_with(&iso, "timestamp", &[("2024-07-01 00:30", "2024-07-01 00:30:00")]);
        refuses_with(&iso, "timestamp", "invalid_timestamp", &["2024-07-01 00:30Z"]);
        refuses_with(&iso, "timestamptz", "invalid_timestamp", &["0001-01-01 00:30"]);
    }

    #[test]
    fn formats_know_the_columns_zone() {
        let own = berlin(formats(&["%d.%m.%Y %H:%M %z", "%d.%m.%Y %H:%M", "excel", "epoch"]));
        for (text, value) in [
            ("01.07.2024 00:30", "2024-06-30 22:30:00+00:00"),
            ("01.07.2024 00:30 +0500", "2024-06-30 19:30:00+00:00"),
            ("01.07.2024 00:30 GMT", "2024-07-01 00:30:00+00:00"),
            ("45474.0", "2024-06-30 22:00:00+00:00"),
        ] {
            accepts_with(&own, "timestamptz", &[(text, value)]);
        }
        // A literal says UTC, whatever the column's zone.
        let literal = berlin(formats(&["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M UTC"]));
        accepts_with(
            &literal,
            "timestamptz",
            &[
                ("2024-07-01T00:30:00Z", "2024-07-01 00:30:00+00:00"),
                ("2024-07-01 00:30 UTC", "2024-07-01 00:30:00+00:00"),
            ],
        );
        for form in ["epoch", "%s"] {
            let epoch = berlin(formats(&[form]));
            accepts_with(&epoch, "timestamp", &[("1719786600", "2024-07-01 00:30:00")]);
            accepts_with(&epoch, "timestamptz", &[("1719786600", "2024-06-30 22:30:00+00:00")]);
        }
    }

    #[test]
    fn a_time_that_the_clocks_skip_or_repeat_is_refused_unless_the_contract_says_which() {
        let reason = |options: &TypeOptions, text: &str| {
            let column_type = column_type("timestamptz", options).expect("a known type");
            column_type.encode(text, &mut Vec::new()).map_err(|invalid| invalid.message)
        };
        let iso = berlin(TypeOptions::default());
        let skipped = reason(&iso, "2024-03-31 02:30").expect_err("a gap");
        assert!(skipped.contains("does not exist in Europe/Berlin"), "{skipped}");
        let repeated = reason(&iso, "2024-10-27 02:30").expect_err("a fold");
        assert!(repeated.contains("twice in Europe/Berlin"), "{repeated}");
        assert!(repeated.contains("repeated_hour"), "{repeated}");
        for (which, value) in [
            (Repeated::First, "2024-10-27 00:30:00+00:00"),
            (Repeated::Second, "2024-10-27 01:30:00+00:00"),
        ] {
            let options = TypeOptions { repeated_hour: Some(which), ..iso.clone() };
            accepts_with(&options, "timestamptz", &[("2024-10-27 02:30", value)]);
            assert!(reason(&options, "2024-03-31 02:30").is_err());
        }
        let own = berlin(formats(&["%d.%m.%Y %H:%M"]));
        assert!(reason(&own, "31.03.2024 02:30").expect_err("a gap").contains("does not exist"));
        assert!(reason(&own, "27.10.2024 02:30").expect_err("a fold").contains("twice"));
    }
}
