//! Turns a value of a Parquet file into the text of a cell.

use jiff::{SignedDuration, Timestamp};
use parquet::record::Field;
use serde::de::IgnoredAny;

use super::schema::Unit;
use crate::records::grid::Cell;
use crate::records::record::Kind;

/// The cell of a value. A text that is not valid UTF-8 keeps its bytes, so that its row is rejected.
pub(super) fn of(field: &Field, unit: Unit) -> Cell {
    let native = |text: String| Cell { text: text.into(), kind: Kind::Native, is_text: false };
    let text = |text: Vec<u8>| Cell { text, kind: Kind::Text, is_text: true };
    match (field, unit) {
        (Field::Null, _) => Cell { kind: Kind::Null, ..Cell::default() },
        (Field::Str(value), _) => text(value.clone().into_bytes()),
        (Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_), _) => {
            let mut json = Vec::new();
            push_json(field, &mut json);
            Cell { text: json, kind: Kind::Native, is_text: false }
        }
        (Field::Bytes(bytes), Unit::Uuid) => {
            let digits = bytes.data().iter().map(|byte| format!("{byte:02x}"));
            native(digits.collect())
        }
        (Field::Bytes(bytes), _) => text(bytes.data().to_vec()),
        (Field::Long(nanos), Unit::TimestampNanos) => native(timestamp(i128::from(*nanos))),
        (Field::Long(nanos), Unit::TimeNanos) => native(time(*nanos)),
        (field, _) => native(plain(field)),
    }
}

/// The text of a value whose type alone says what it means.
fn plain(field: &Field) -> String {
    match field {
        Field::Float(value) => value.to_string(),
        Field::Double(value) => value.to_string(),
        Field::Float16(value) => value.to_f32().to_string(),
        Field::Date(days) => day(*days),
        Field::TimeMillis(millis) => time(i64::from(*millis) * 1_000_000),
        Field::TimeMicros(micros) => time(micros.saturating_mul(1_000)),
        Field::TimestampMillis(millis) => timestamp(i128::from(*millis) * 1_000_000),
        Field::TimestampMicros(micros) => timestamp(i128::from(*micros) * 1_000),
        other => other.to_string(),
    }
}

/// The date that is `days` days after 1970-01-01. A file may hold a date beyond the range of `jiff`,
/// whose text then rejects the row in a date column.
///
/// Source: `civil_from_days`, <https://howardhinnant.github.io/date_algorithms.html>.
fn day(days: i32) -> String {
    // Years that start in March have their leap day at the end; 400 of them are an era.
    let days = i64::from(days) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + next;
    format!("{year:04}-{month:02}-{day:02}")
}

/// The time that is `nanos` nanoseconds after 1970, or that number if it is beyond the range of `jiff`.
fn timestamp(nanos: i128) -> String {
    match Timestamp::from_nanosecond(nanos) {
        Ok(at) => jiff::tz::Offset::UTC.to_datetime(at).to_string().replace('T', " "),
        Err(_) => nanos.to_string(),
    }
}

fn time(nanos: i64) -> String {
    let midnight = jiff::civil::Time::midnight();
    let time = midnight.checked_add(SignedDuration::from_nanos(nanos));
    time.map_or_else(|_| nanos.to_string(), |time| time.to_string())
}

/// Appends a nested value as JSON. The bytes of its texts are not changed, valid UTF-8 or not.
fn push_json(field: &Field, json: &mut Vec<u8>) {
    match field {
        Field::Null => json.extend_from_slice(b"null"),
        Field::Str(text) => push_string(text.as_bytes(), json),
        Field::Bytes(bytes) => push_string(bytes.data(), json),
        Field::Group(row) => {
            let fields = row.get_column_iter();
            push_object(fields.map(|(name, field)| (name.as_bytes().to_vec(), field)), json);
        }
        Field::ListInternal(list) => {
            for (index, element) in list.elements().iter().enumerate() {
                json.push(if index == 0 { b'[' } else { b',' });
                push_json(element, json);
            }
            json.extend_from_slice(if list.elements().is_empty() { b"[]" } else { b"]" });
        }
        Field::MapInternal(map) => {
            let name = |key: &Field| of(key, Unit::Plain).text;
            push_object(map.entries().iter().map(|(key, value)| (name(key), value)), json);
        }
        other => {
            let text = plain(other);
            match serde_json::from_str::<IgnoredAny>(&text) {
                Ok(_) => json.extend_from_slice(text.as_bytes()),
                Err(_) => push_string(text.as_bytes(), json),
            }
        }
    }
}

fn push_object<'f>(pairs: impl Iterator<Item = (Vec<u8>, &'f Field)>, json: &mut Vec<u8>) {
    json.push(b'{');
    for (index, (name, value)) in pairs.enumerate() {
        if index > 0 {
            json.push(b',');
        }
        push_string(&name, json);
        json.push(b':');
        push_json(value, json);
    }
    json.push(b'}');
}

fn push_string(text: &[u8], json: &mut Vec<u8>) {
    json.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => json.extend_from_slice(&[b'\\', *byte]),
            0..b' ' => json.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => json.push(*byte),
        }
    }
    json.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_days_has_a_date() {
        let epoch = jiff::civil::date(1970, 1, 1);
        for days in (-700_000..2_932_896).step_by(97).chain([-1, 0, 2_932_896]) {
            let known = epoch.checked_add(jiff::Span::new().days(days)).unwrap();
            assert_eq!(day(days), known.to_string());
        }
        assert_eq!(day(2_932_897), "10000-01-01");
        assert_eq!(
            (day(i32::MAX), day(i32::MIN)),
            ("5881580-07-11".into(), "-5877641-06-23".into())
        );
    }
}
