//! Turns a value of a Parquet file into the text of a cell.

use jiff::SignedDuration;
use parquet::data_type::ByteArray;
use parquet::record::Field;
use serde::de::IgnoredAny;

use super::schema::{Column, Meaning};
use crate::records::grid::Cell;
use crate::records::record::Kind;

/// The cell of a column of a row. A text that is not valid UTF-8 keeps its bytes, so that its row is
/// rejected.
pub(super) fn of(row: &[&Field], column: &Column) -> Cell {
    let mut path = column.path.iter();
    let mut field = path.next().and_then(|index| row.get(*index).copied());
    for index in path {
        field = match field {
            Some(Field::Group(group)) => {
                group.get_column_iter().nth(*index).map(|(_, field)| field)
            }
            _ => None,
        };
    }
    field.map_or_else(Cell::null, |field| of_field(field, &column.meaning))
}

fn of_field(field: &Field, meaning: &Meaning) -> Cell {
    let native = |text: Vec<u8>| Cell { text, kind: Kind::Native, is_text: false };
    let text = |text: Vec<u8>| Cell { text, kind: Kind::Text, is_text: true };
    match field {
        Field::Null => Cell::null(),
        Field::Str(value) => text(value.clone().into_bytes()),
        Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => {
            let mut json = Vec::new();
            push_json(field, meaning, &mut json);
            native(json)
        }
        field => match (special(field, meaning), field) {
            (Some(value), _) => native(value.into_bytes()),
            (None, Field::Bytes(bytes)) => text(bytes.data().to_vec()),
            (None, field) => native(plain(field).into_bytes()),
        },
    }
}

/// The text of a value whose type does not say what it means.
fn special(field: &Field, meaning: &Meaning) -> Option<String> {
    let number = |bytes: &ByteArray, at: usize| {
        let bytes = bytes.data().get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    };
    Some(match (field, meaning) {
        (Field::Bytes(bytes), Meaning::Uuid) => hex(bytes.data()),
        // As Postgres writes bytea.
        (Field::Bytes(bytes), Meaning::Binary) if bytes.as_utf8().is_err() => {
            format!("\\x{}", hex(bytes.data()))
        }
        (Field::Bytes(bytes), Meaning::Int96) => {
            let (low, high) = (number(bytes, 0)?, number(bytes, 4)?);
            let nanos = (u64::from(high) << 32 | u64::from(low)).cast_signed();
            let days = i128::from(number(bytes, 8)?.cast_signed()) - JULIAN_DAY_OF_1970;
            timestamp(days * 86_400_000_000_000 + i128::from(nanos))
        }
        (Field::Bytes(bytes), Meaning::Interval) => {
            let (months, days) = (number(bytes, 0)?, number(bytes, 4)?);
            let millis = number(bytes, 8)?;
            format!("P{months}M{days}DT{}.{:03}S", millis / 1_000, millis % 1_000)
        }
        (Field::Long(nanos), Meaning::TimestampNanos) => timestamp(i128::from(*nanos)),
        (Field::Long(nanos), Meaning::TimestampNanosUtc) => utc(i128::from(*nanos)),
        (Field::TimestampMillis(millis), Meaning::TimestampUtc) => {
            utc(i128::from(*millis) * 1_000_000)
        }
        (Field::TimestampMicros(micros), Meaning::TimestampUtc) => utc(i128::from(*micros) * 1_000),
        (Field::Long(nanos), Meaning::TimeNanos) => time(*nanos),
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The Julian day that started on 1970-01-01.
const JULIAN_DAY_OF_1970: i128 = 2_440_588;

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

/// The time that is `nanos` nanoseconds after 1970, or that number if it is beyond the range of `jiff`. That of local
/// times, which ends with the year 9999: points in time end a day earlier.
fn timestamp(nanos: i128) -> String {
    let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
    let (seconds, rest) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
    let since = i64::try_from(seconds).ok().zip(i32::try_from(rest).ok());
    let at = since.and_then(|(s, n)| epoch.checked_add(SignedDuration::new(s, n)).ok());
    at.map_or_else(|| nanos.to_string(), |at| at.to_string().replace('T', " "))
}

/// A point in time, which a column with a `time_zone` must not read as a local time.
fn utc(nanos: i128) -> String {
    format!("{}Z", timestamp(nanos))
}

fn time(nanos: i64) -> String {
    let midnight = jiff::civil::Time::midnight();
    let time = midnight.checked_add(SignedDuration::from_nanos(nanos));
    time.map_or_else(|_| nanos.to_string(), |time| time.to_string())
}

/// Appends a nested value as JSON. The bytes of its texts are not changed, valid UTF-8 or not.
fn push_json(field: &Field, meaning: &Meaning, json: &mut Vec<u8>) {
    match field {
        Field::Null => json.extend_from_slice(b"null"),
        Field::Str(text) => push_string(text.as_bytes(), json),
        Field::Group(row) => {
            let meanings = match meaning {
                Meaning::Group(meanings) => meanings.as_slice(),
                _ => &[],
            };
            let fields = row.get_column_iter().enumerate().filter_map(|(index, (name, field))| {
                let meaning = meanings.get(index).unwrap_or(&Meaning::Plain);
                let is_taken = *meaning == Meaning::Taken;
                (!is_taken).then(|| (name.as_bytes().to_vec(), field, meaning))
            });
            push_object(fields, json);
        }
        Field::ListInternal(list) => {
            // Old lists may be lists of lists to the library.
            let meaning = match meaning {
                Meaning::List(element) => element,
                meaning => meaning,
            };
            for (index, element) in list.elements().iter().enumerate() {
                json.push(if index == 0 { b'[' } else { b',' });
                push_json(element, meaning, json);
            }
            json.extend_from_slice(if list.elements().is_empty() { b"[]" } else { b"]" });
        }
        Field::MapInternal(map) => {
            let (key_meaning, meaning) = match meaning {
                Meaning::Map(key, value) => (&**key, &**value),
                _ => (&Meaning::Plain, &Meaning::Plain),
            };
            let pairs = map.entries().iter();
            push_object(
                pairs.map(|(key, value)| (of_field(key, key_meaning).text, value, meaning)),
                json,
            );
        }
        other => match (special(other, meaning), other) {
            (Some(text), _) => push_string(text.as_bytes(), json),
            (None, Field::Bytes(bytes)) => push_string(bytes.data(), json),
            (None, other) => {
                let text = plain(other);
                match serde_json::from_str::<IgnoredAny>(&text) {
                    Ok(_) => json.extend_from_slice(text.as_bytes()),
                    Err(_) => push_string(text.as_bytes(), json),
                }
            }
        },
    }
}

fn push_object<'f>(
    pairs: impl Iterator<Item = (Vec<u8>, &'f Field, &'f Meaning)>,
    json: &mut Vec<u8>,
) {
    json.push(b'{');
    for (index, (name, value, meaning)) in pairs.enumerate() {
        if index > 0 {
            json.push(b',');
        }
        push_string(&name, json);
        json.push(b':');
        push_json(value, meaning, json);
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
    fn times_reach_to_the_end_of_the_year_9999() {
        let micros = |micros: i128| timestamp(micros * 1_000);
        assert_eq!(micros(253_402_300_799_999_999), "9999-12-31 23:59:59.999999");
        assert_eq!(
            (micros(-1), micros(0)),
            ("1969-12-31 23:59:59.999999".into(), "1970-01-01 00:00:00".into())
        );
        assert_eq!(utc(-62_135_596_800_000_000_000), "0001-01-01 00:00:00Z");
        assert_eq!(timestamp(253_402_300_800_000_000_000), "253402300800000000000");
    }

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
