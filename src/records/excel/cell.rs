//! Turns the value of a cell of a workbook into text.

use calamine::{CellErrorType, Data, ExcelDateTime};

use crate::records::grid::Cell;
use crate::records::record::{Kind, Unusable};

/// What stands for a formula without a stored value, which the library returns as an empty cell. Excel
/// writes this error where the data of a formula have not arrived.
pub(super) const NOT_CALCULATED: Data = Data::Error(CellErrorType::GettingData);

/// Whether the cell holds nothing, as a formula that gives `""`.
pub(super) fn is_empty(data: &Data, trim: bool) -> bool {
    match data {
        Data::Empty => true,
        Data::String(text) if trim => text.trim().is_empty(),
        Data::String(text) => text.is_empty(),
        _ => false,
    }
}

/// The cell of a value.
pub(super) fn of(data: &Data) -> Cell {
    let native =
        |text: String| Cell { text: text.into_bytes(), kind: Kind::Native, is_text: false };
    let text = |text: &str| Cell { text: text.into(), kind: Kind::Text, is_text: false };
    match data {
        Data::Empty => Cell::null(),
        Data::String(value) => text(value),
        Data::Int(value) => native(value.to_string()),
        Data::Float(value) => {
            let (text, kind) = number(*value);
            Cell { kind, ..native(text) }
        }
        Data::Bool(value) => native(value.to_string()),
        Data::DateTime(value) => date_time(value).map_or_else(
            || Cell {
                kind: Kind::Unusable(Unusable::NoDate),
                ..native(value.as_f64().to_string())
            },
            native,
        ),
        Data::DateTimeIso(value) => native(iso(value)),
        Data::DurationIso(value) => duration(value).map_or_else(|| text(value), native),
        _ if *data == NOT_CALCULATED => {
            Cell { kind: Kind::Unusable(Unusable::NotCalculated), ..Cell::null() }
        }
        Data::Error(error) => text(&error.to_string()),
    }
}

/// A number without the noise of its last binary digits: it means its first 15 significant digits, as
/// spreadsheets show and compare it. A whole number that a double holds exactly keeps all its digits. A
/// larger one with more than 15 digits has lost some before it was saved: only columns of floating-point
/// numbers take it.
fn number(value: f64) -> (String, Kind) {
    if !value.is_finite() {
        return (String::new(), Kind::Unusable(Unusable::TooLarge));
    }
    if value.fract() == 0.0 && value.abs() < EXACT {
        return (value.to_string(), Kind::Native);
    }
    let rounded = format!("{value:.14e}").parse::<f64>().ok().filter(|number| number.is_finite());
    match rounded {
        Some(rounded) if rounded == value || value.abs() < EXACT => {
            (rounded.to_string(), Kind::Native)
        }
        _ => (format!("{value:e}"), Kind::Rounded),
    }
}

/// 2^53: below it a double holds every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// 9999-12-31 in each of the two epochs.
const LAST_DAYS: [f64; 2] = [2_958_465.0, 2_957_003.0];

/// A date, a time of day, both, or the hours, minutes and seconds of a duration; `None` if the number is
/// outside the range of dates.
fn date_time(value: &ExcelDateTime) -> Option<String> {
    let serial = value.as_f64();
    if value.is_duration() {
        let millis = (serial.abs() * 86_400_000.0).round() as u64;
        let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
        let sign = if serial < 0.0 { "-" } else { "" };
        return Some(format!("{sign}{hours:02}:{minutes:02}:{}", seconds(millis % 60_000)));
    }
    let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
    // The library returns the first or the last day for numbers beyond them.
    let is_last = (year, month, day) == (9999, 12, 31);
    if serial < 0.0 || is_last && !LAST_DAYS.contains(&serial.floor()) {
        return None;
    }
    let seconds = seconds(u64::from(second) * 1_000 + u64::from(milli));
    let time = format!("{hour:02}:{minute:02}:{seconds}");
    let date = format!("{year:04}-{month:02}-{day:02}");
    Some(match (serial < 1.0, time.as_str()) {
        (true, _) => time,
        (false, "00:00:00") => date,
        (false, _) => format!("{date} {time}"),
    })
}

fn seconds(millis: u64) -> String {
    match (millis / 1_000, millis % 1_000) {
        (whole, 0) => format!("{whole:02}"),
        (whole, rest) => format!("{whole:02}.{rest:03}"),
    }
}

/// A time of OpenDocument, such as `PT11H12M12S`, as `11:12:12`. Hours may be more than 24; `None` if it
/// is not of that form (XML Schema part 2, 3.2.6).
fn duration(text: &str) -> Option<String> {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |text| ("-", text));
    let mut rest = text.strip_prefix("PT").filter(|rest| !rest.is_empty())?;
    let mut whole = |unit: char| -> Option<u64> {
        let Some((digits, after)) = rest.split_once(unit) else { return Some(0) };
        let number = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
        rest = after;
        Some(number)
    };
    let (hours, minutes) = (whole('H')?, whole('M')?);
    let (seconds, fraction) = match rest.strip_suffix('S') {
        None if rest.is_empty() => ("0", ""),
        None => return None,
        Some(seconds) => seconds.split_once(['.', ',']).unwrap_or((seconds, "")),
    };
    if !fraction.bytes().chain(seconds.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let total = hours.checked_mul(3_600)?.checked_add(minutes.checked_mul(60)?)?;
    let total = total.checked_add(seconds.parse().ok()?)?;
    let time = format!("{sign}{:02}:{:02}:{:02}", total / 3_600, total / 60 % 60, total % 60);
    Some(match fraction.trim_end_matches('0') {
        "" => time,
        fraction => format!("{time}.{fraction}"),
    })
}

/// `2024-02-29T00:00:00` without its time.
fn iso(value: &str) -> String {
    value.strip_suffix("T00:00:00").unwrap_or(value).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(data: &Data) -> String {
        String::from_utf8(of(data).text).unwrap()
    }

    #[test]
    fn a_number_means_its_fifteen_significant_digits() {
        for (value, meant) in [
            (57.699999999999996, "57.7"),
            (37.019999999999996, "37.02"),
            (0.1 + 0.2, "0.3"),
            (-1.1500000000000001, "-1.15"),
            (1.0 / 3.0, "0.333333333333333"),
            (1e-7, "0.0000001"),
            (0.0, "0"),
            (42.0, "42"),
            (123456789012345.67, "123456789012346"),
            // Exact in a double, though of 16 digits.
            (1234567890123457.0, "1234567890123457"),
            (9007199254740991.0, "9007199254740991"),
            (1234567890123460000.0, "1234567890123460000"),
            (-1e21, "-1000000000000000000000"),
            (12345678901234567890.0, "1.2345678901234567e19"),
            (f64::MAX, "1.7976931348623157e308"),
        ] {
            assert_eq!(text(&Data::Float(value)), meant, "{value:?}");
        }
    }

    #[test]
    fn a_number_that_a_workbook_has_rounded_and_a_cell_without_a_value_are_marked() {
        let kind = |data: &Data| of(data).kind;
        for value in [9007199254740992.0, 12345678901234567.0, -12345678901234567890.0, f64::MAX] {
            assert_eq!(kind(&Data::Float(value)), Kind::Rounded, "{value}");
        }
        for value in [9007199254740991.0, 1234567890123460000.0, 0.1 + 0.2, 1e300] {
            assert_eq!(kind(&Data::Float(value)), Kind::Native, "{value}");
        }
        let date = |serial| {
            let shown = calamine::ExcelDateTimeType::DateTime;
            kind(&Data::DateTime(ExcelDateTime::new(serial, shown, false)))
        };
        for serial in [-1.0, -0.5, 2_958_466.0, 1e12] {
            assert_eq!(date(serial), Kind::Unusable(Unusable::NoDate), "{serial}");
        }
        for serial in [0.5, 1.0, 2_958_465.0, 2_958_465.5] {
            assert_eq!(date(serial), Kind::Native, "{serial}");
        }
        assert_eq!(kind(&Data::Float(f64::INFINITY)), Kind::Unusable(Unusable::TooLarge));
        assert_eq!(kind(&NOT_CALCULATED), Kind::Unusable(Unusable::NotCalculated));
    }

    #[test]
    fn a_time_of_open_document_is_a_time_of_day() {
        for (value, meant) in [
            ("PT11H12M12S", "11:12:12"),
            ("PT00H00M00S", "00:00:00"),
            ("PT11H12M12.500000000S", "11:12:12.5"),
            ("PT11H12M12,25S", "11:12:12.25"),
            ("PT7H", "07:00:00"),
            ("PT90M", "01:30:00"),
            ("PT27H30M00S", "27:30:00"),
            ("-PT1H0M0S", "-01:00:00"),
            ("P1DT1H", "P1DT1H"),
            ("PT", "PT"),
            ("PT1H2", "PT1H2"),
            ("PT+1H", "PT+1H"),
            ("PT1M2H", "PT1M2H"),
            ("11:12:12", "11:12:12"),
        ] {
            assert_eq!(text(&Data::DurationIso(value.to_owned())), meant, "{value}");
        }
    }
}
