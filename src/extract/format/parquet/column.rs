//! Column: holds the values of a column until its row group is written.

use bytes::Bytes;
use parquet::column::writer::{ColumnWriter, ColumnWriterImpl};
use parquet::data_type::{ByteArray, DataType as Stored};
use parquet::errors::{ParquetError, Result as ParquetResult};

use super::kind::{Kind, Storage};
use super::value;

/// How many values of bytes are handed over at a time: each has a handle of forty bytes.
const BATCH: usize = 1_024;

/// The size from which a batch ends.
const BATCH_BYTES: usize = 64 << 10;

/// The values of a column that are not null, and for each row whether it has one.
pub(super) struct Column {
    pub kind: Kind,
    values: Values,
    /// 1 for a value, 0 for null: the definition levels of a column that is not nested.
    levels: Vec<i16>,
}

enum Values {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    /// All bytes, and where each value ends.
    Bytes(Vec<u8>, Vec<usize>),
    Fixed(Vec<u8>, usize),
}

impl Column {
    pub fn new(kind: Kind) -> Column {
        let values = match kind.storage() {
            Storage::Boolean => Values::Boolean(Vec::new()),
            Storage::Int32 => Values::Int32(Vec::new()),
            Storage::Int64 => Values::Int64(Vec::new()),
            Storage::Float => Values::Float(Vec::new()),
            Storage::Double => Values::Double(Vec::new()),
            Storage::Bytes => Values::Bytes(Vec::new(), Vec::new()),
            Storage::Fixed(bytes) => Values::Fixed(Vec::new(), bytes),
        };
        Column { kind, values, levels: Vec::new() }
    }

    /// Appends a value, or null; `None` if the column's type does not hold it. Returns how much memory it takes.
    pub fn push(&mut self, value: Option<&[u8]>) -> Option<usize> {
        self.levels.push(i16::from(value.is_some()));
        let Some(bytes) = value else { return Some(size_of::<i16>()) };
        let size = match &mut self.values {
            // A text may have any bytes: the reader decides about them.
            Values::Bytes(all, ends) => {
                all.extend_from_slice(bytes);
                ends.push(all.len());
                bytes.len() + size_of::<usize>()
            }
            values => push_parsed(values, self.kind, std::str::from_utf8(bytes).ok()?)?,
        };
        Some(size + size_of::<i16>())
    }

    /// Writes all values, and forgets them. Their memory is kept for the next row group.
    pub fn write(&mut self, writer: &mut ColumnWriter<'_>) -> ParquetResult<()> {
        let levels = self.levels.as_slice();
        let written = match (&self.values, writer) {
            (Values::Boolean(all), ColumnWriter::BoolColumnWriter(to)) => whole(to, all, levels),
            (Values::Int32(all), ColumnWriter::Int32ColumnWriter(to)) => whole(to, all, levels),
            (Values::Int64(all), ColumnWriter::Int64ColumnWriter(to)) => whole(to, all, levels),
            (Values::Float(all), ColumnWriter::FloatColumnWriter(to)) => whole(to, all, levels),
            (Values::Double(all), ColumnWriter::DoubleColumnWriter(to)) => whole(to, all, levels),
            (Values::Bytes(all, ends), ColumnWriter::ByteArrayColumnWriter(to)) => {
                in_batches(to, all, ends.iter().copied(), levels)
            }
            (Values::Fixed(all, size), ColumnWriter::FixedLenByteArrayColumnWriter(to)) => {
                let ends = (1..).map(|count| count * size);
                in_batches(to, all, ends, levels)
            }
            _ => Err(ParquetError::General("the column has another type".to_owned())),
        };
        self.levels.clear();
        match &mut self.values {
            Values::Boolean(all) => all.clear(),
            Values::Int32(all) => all.clear(),
            Values::Int64(all) => all.clear(),
            Values::Float(all) => all.clear(),
            Values::Double(all) => all.clear(),
            Values::Fixed(all, _) => all.clear(),
            Values::Bytes(all, ends) => {
                all.clear();
                ends.clear();
            }
        }
        written
    }
}

fn whole<T: Stored>(
    writer: &mut ColumnWriterImpl<'_, T>,
    values: &[T::T],
    levels: &[i16],
) -> ParquetResult<()> {
    writer.write_batch(values, Some(levels), None).map(drop)
}

/// Writes values of bytes in batches, each with a copy of its bytes: the library keeps some of them for a dictionary, and
/// would keep all bytes with them.
fn in_batches<T: Stored>(
    writer: &mut ColumnWriterImpl<'_, T>,
    all: &[u8],
    mut ends: impl Iterator<Item = usize>,
    levels: &[i16],
) -> ParquetResult<()>
where
    T::T: From<ByteArray>,
{
    let (mut rest, mut from) = (levels, 0);
    while !rest.is_empty() {
        let (mut count, mut until, mut batch) = (0, from, Vec::new());
        for level in rest.iter().take(BATCH) {
            if until - from >= BATCH_BYTES {
                break;
            }
            if *level == 1 {
                let end = ends.next().unwrap_or(until);
                batch.push(until - from..end - from);
                until = end;
            }
            count += 1;
        }
        let copy = Bytes::copy_from_slice(all.get(from..until).unwrap_or_default());
        let values: Vec<T::T> =
            batch.into_iter().map(|range| ByteArray::from(copy.slice(range)).into()).collect();
        let (levels, later) = rest.split_at(count);
        writer.write_batch(&values, Some(levels), None)?;
        (rest, from) = (later, until);
    }
    Ok(())
}

fn push_parsed(values: &mut Values, kind: Kind, text: &str) -> Option<usize> {
    match values {
        Values::Boolean(all) => all.push(value::boolean(text)?),
        Values::Int32(all) => all.push(match kind {
            Kind::Date => value::date(text)?,
            Kind::Decimal { precision, scale } => {
                value::unscaled(text, precision, scale)?.try_into().ok()?
            }
            Kind::Int16 => text.parse::<i16>().ok()?.into(),
            _ => text.parse().ok()?,
        }),
        Values::Int64(all) => all.push(match kind {
            Kind::Time => value::time(text)?,
            Kind::Timestamp | Kind::TimestampUtc => value::timestamp(text)?,
            Kind::Decimal { precision, scale } => {
                value::unscaled(text, precision, scale)?.try_into().ok()?
            }
            _ => text.parse().ok()?,
        }),
        Values::Float(all) => all.push(text.parse().ok()?),
        Values::Double(all) => all.push(text.parse().ok()?),
        Values::Fixed(all, size) => match kind {
            Kind::Decimal { precision, scale } => {
                value::push_big_endian(value::unscaled(text, precision, scale)?, *size, all);
            }
            _ => value::push_uuid(text, all)?,
        },
        Values::Bytes(..) => return None,
    }
    Some(match values {
        Values::Boolean(_) => 1,
        Values::Int32(_) | Values::Float(_) => 4,
        Values::Int64(_) | Values::Double(_) => 8,
        Values::Fixed(_, size) => *size,
        Values::Bytes(..) => 0,
    })
}
