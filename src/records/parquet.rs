//! Parquet: a Parquet file in, its rows out, column names first. One row group is read at a time.
//!
//! Nested columns come as JSON. Timestamps are in UTC, to the nanosecond where they are written so.

use bytes::Bytes;
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use serde_json::Value;
use std::io::Read as _;

use super::format::ReaderOptions;
use super::grid::{self, Cell};
use super::record::{Kind, Record};
use super::spooled::{SharedFile, Spooled, unless_it_panics};
use super::{RecordError, RecordReader, Step};
use crate::error::ErrorKind;

impl Length for SharedFile {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for SharedFile {
    type T = std::io::BufReader<SharedFile>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(std::io::BufReader::new(self.at(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut bytes = Vec::new();
        self.at(start).take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF("the file is cut off".to_owned()));
        }
        Ok(bytes.into())
    }
}

/// Gives the rows of a file.
struct ParquetReader {
    rows: RowIter<'static>,
    names: Vec<String>,
    units: Vec<Unit>,
    /// How many rows have been given.
    row: u64,
    skip: u64,
    expects_header: bool,
    cells: Vec<Cell>,
}

/// What the row reader does not say of a column's integers and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Plain,
    TimestampNanos,
    TimeNanos,
    Uuid,
}

fn bad_file(line: u64, message: impl std::fmt::Display) -> RecordError {
    let message = format!("the Parquet file cannot be read: {message}");
    RecordError { kind: ErrorKind::BadFile, line, message }
}

/// Opens a file at its first row.
///
/// # Errors
///
/// Where it is no Parquet, or has columns of a kind that is not read.
pub(super) fn open(
    file: Box<dyn Spooled>,
    options: &ReaderOptions,
) -> Result<Box<dyn RecordReader>, RecordError> {
    unless_it_panics(|| open_whole(file, options), || damaged(1))
}

fn damaged(line: u64) -> RecordError {
    bad_file(line, "it is damaged")
}

fn open_whole(
    file: Box<dyn Spooled>,
    options: &ReaderOptions,
) -> Result<Box<dyn RecordReader>, RecordError> {
    let file = SharedFile::new(file).map_err(|error| bad_file(1, error))?;
    let reader = SerializedFileReader::new(file).map_err(|error| bad_file(1, error))?;
    let schema = reader.metadata().file_metadata().schema();
    let names = schema.get_fields().iter().map(|field| field.name().to_owned()).collect();
    let units = schema.get_fields().iter().map(|f| unit(f)).collect::<Result<_, _>>();
    let units = units.map_err(|why| bad_file(1, why))?;
    Ok(Box::new(ParquetReader {
        names,
        units,
        rows: RowIter::from_file_into(Box::new(reader)),
        row: 0,
        skip: 0,
        expects_header: options.csv.has_header,
        cells: Vec::new(),
    }))
}

/// What a column holds, or why it cannot be read.
fn unit(field: &Type) -> Result<Unit, String> {
    if field.is_group() {
        for inner in field.get_fields() {
            if unit(inner)? != Unit::Plain {
                let name = inner.name();
                return Err(format!("column {name} is nested, and of nanoseconds or a uuid"));
            }
        }
        return Ok(Unit::Plain);
    }
    let name = field.name();
    if field.get_physical_type() == Physical::INT96 {
        return Err(format!("column {name} is an INT96: write timestamps as TIMESTAMP_MICROS"));
    }
    let info = field.get_basic_info();
    if matches!(info.converted_type(), ConvertedType::INTERVAL | ConvertedType::BSON) {
        return Err(format!("column {name} is of type {}", info.converted_type()));
    }
    Ok(match info.logical_type_ref() {
        Some(LogicalType::Timestamp(kind)) if kind.unit == TimeUnit::NANOS => Unit::TimestampNanos,
        Some(LogicalType::Time(kind)) if kind.unit == TimeUnit::NANOS => Unit::TimeNanos,
        Some(LogicalType::Uuid) => Unit::Uuid,
        _ => Unit::Plain,
    })
}

impl RecordReader for ParquetReader {
    fn push(&mut self, _: &[u8]) {}

    fn end(&mut self) {}

    fn resume(mut self: Box<Self>, _: u64, offset: u64) -> Box<dyn RecordReader> {
        self.skip = offset.saturating_sub(self.row + 1);
        self.expects_header = false;
        self
    }

    fn delimiter(&self) -> Option<&[u8]> {
        Some(b",")
    }

    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        if std::mem::take(&mut self.expects_header) {
            let name = |name: &String| Cell { text: name.clone().into(), ..Cell::default() };
            let names: Vec<Cell> = self.names.iter().map(name).collect();
            grid::fill(record, &names, 1, true);
            return Ok(Step::Record);
        }
        loop {
            // The names count as the first line.
            let line = self.row + 2;
            let rows = &mut self.rows;
            let row = unless_it_panics(
                || rows.next().transpose().map_err(|error| bad_file(line, error)),
                || damaged(line),
            );
            let Some(row) = row? else { return Ok(Step::End) };
            self.row += 1;
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            self.cells.clear();
            for ((_, field), unit) in row.get_column_iter().zip(&self.units) {
                self.cells.push(cell_of(field, *unit));
            }
            grid::fill(record, &self.cells, self.row + 1, false);
            return Ok(Step::Record);
        }
    }
}

fn cell_of(field: &Field, unit: Unit) -> Cell {
    let native = |text: String| Cell { text: text.into(), kind: Kind::Native, is_text: false };
    let text = |text: Vec<u8>| Cell { text, kind: Kind::Text, is_text: true };
    match (field, unit) {
        (Field::Null, _) => Cell { kind: Kind::Null, ..Cell::default() },
        (Field::Str(value), _) => text(value.clone().into_bytes()),
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

/// The text of a value that needs no more to be understood.
fn plain(field: &Field) -> String {
    match field {
        Field::Float(value) => value.to_string(),
        Field::Double(value) => value.to_string(),
        Field::Float16(value) => value.to_f32().to_string(),
        Field::Date(days) => {
            let days = jiff::Span::new().try_days(*days);
            let day = days.and_then(|days| date(1970, 1, 1).checked_add(days));
            day.map_or_else(|_| field.to_string(), |day| day.to_string())
        }
        Field::TimeMillis(millis) => time(i64::from(*millis) * 1_000_000),
        Field::TimeMicros(micros) => time(micros.saturating_mul(1_000)),
        Field::TimestampMillis(millis) => timestamp(i128::from(*millis) * 1_000_000),
        Field::TimestampMicros(micros) => timestamp(i128::from(*micros) * 1_000),
        Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => json(field).to_string(),
        other => other.to_string(),
    }
}

/// A point in time since 1970, or its number where no calendar reaches.
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

fn json(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => Value::Bool(*value),
        Field::Str(value) => Value::String(value.clone()),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned().into(),
        Field::Group(row) => {
            row.get_column_iter().map(|(name, field)| (name.clone(), json(field))).collect()
        }
        Field::ListInternal(list) => list.elements().iter().map(json).collect(),
        Field::MapInternal(map) => {
            let name = |key: &Field| match key {
                Field::Str(text) => text.clone(),
                other => plain(other),
            };
            map.entries().iter().map(|(key, value)| (name(key), json(value))).collect()
        }
        Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::TimestampMillis(_)
        | Field::TimestampMicros(_) => Value::String(plain(field)),
        number => {
            let text = plain(number);
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
    }
}
