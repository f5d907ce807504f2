//! Decides from the schema of a Parquet file which columns its rows have, and what their values mean.

use std::collections::HashSet;
use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor, Type};

use crate::records::name::fold;

/// What a value means, as far as the row reader of the library does not say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Plain,
    /// Nanoseconds of a local time.
    TimestampNanos,
    /// Nanoseconds of a point in time.
    TimestampNanosUtc,
    /// Milliseconds or microseconds of a point in time.
    TimestampUtc,
    TimeNanos,
    Uuid,
    /// A timestamp as nanoseconds of a Julian day.
    Int96,
    /// Months, days and milliseconds.
    Interval,
    /// Bytes of a column that no name means. They may be no text.
    Binary,
    /// The fields of a group.
    Group(Vec<Meaning>),
    List(Box<Meaning>),
    /// Keys and values.
    Map(Box<Meaning>, Box<Meaning>),
    /// A field of a group that is a column of its own.
    Taken,
}

/// A column of the rows: a field of the file, or one of a group by its path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// For a field of a group, the names of its path with dots between them.
    pub name: String,
    /// The index of the field, then that in its group, and so on.
    pub path: Vec<usize>,
    pub meaning: Meaning,
}

/// The columns of a file. A field of a group that one of `names` means by its path is a column of its own,
/// and no longer a part of its group, unless another name means the whole group: then it is both. Case does not matter.
pub(super) fn columns(schema: &Type, names: &[Vec<String>]) -> Vec<Column> {
    let wanted: HashSet<String> = names.iter().flatten().map(|name| fold(name)).collect();
    let mut columns = Vec::new();
    for (index, field) in schema.get_fields().iter().enumerate() {
        let (name, path) = (field.name().to_owned(), vec![index]);
        let mut taken = Vec::new();
        let meaning = if wanted.contains(&fold(&name)) {
            take_wanted(field, &name, &path, &wanted, &mut taken);
            meaning_of(field)
        } else if !names.is_empty() && is_binary(field) {
            Meaning::Binary
        } else {
            take_wanted(field, &name, &path, &wanted, &mut taken)
        };
        if meaning != Meaning::Taken {
            columns.push(Column { name, path, meaning });
        }
        columns.append(&mut taken);
    }
    columns
}

/// The meaning of a field without the wanted fields of it, which become columns.
fn take_wanted(
    field: &Type,
    name: &str,
    path: &[usize],
    wanted: &HashSet<String>,
    columns: &mut Vec<Column>,
) -> Meaning {
    let info = field.get_basic_info();
    let is_plain_group = field.is_group()
        && info.converted_type() == ConvertedType::NONE
        && info.logical_type_ref().is_none()
        && !is_repeated(field);
    if !is_plain_group {
        return meaning_of(field);
    }
    let mut fields = Vec::new();
    for (index, inner) in field.get_fields().iter().enumerate() {
        let name = format!("{name}.{}", inner.name());
        let path = [path, &[index]].concat();
        fields.push(if wanted.contains(&fold(&name)) {
            let mut taken = Vec::new();
            take_wanted(inner, &name, &path, wanted, &mut taken);
            columns.push(Column { name, path, meaning: meaning_of(inner) });
            columns.append(&mut taken);
            Meaning::Taken
        } else {
            take_wanted(inner, &name, &path, wanted, columns)
        });
    }
    let is_taken = !fields.is_empty() && fields.iter().all(|field| *field == Meaning::Taken);
    if is_taken { Meaning::Taken } else { Meaning::Group(fields) }
}

/// Whether a field has bytes of which the file does not say that they are a text.
fn is_binary(field: &Type) -> bool {
    let info = field.get_basic_info();
    !field.is_group()
        && !is_repeated(field)
        && matches!(
            field.get_physical_type(),
            Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY
        )
        && matches!(info.converted_type(), ConvertedType::NONE | ConvertedType::BSON)
        && info.logical_type_ref().is_none_or(|kind| matches!(kind, LogicalType::Bson))
}

fn is_timestamp(kind: ConvertedType) -> bool {
    matches!(kind, ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS)
}

fn is_repeated(field: &Type) -> bool {
    let info = field.get_basic_info();
    info.has_repetition() && info.repetition() == Repetition::REPEATED
}

fn meaning_of(field: &Type) -> Meaning {
    let meaning = value_of(field);
    if is_repeated(field) { Meaning::List(Box::new(meaning)) } else { meaning }
}

/// What one value of a field means that may be repeated.
fn value_of(field: &Type) -> Meaning {
    let info = field.get_basic_info();
    if !field.is_group() {
        return match info.logical_type_ref() {
            _ if field.get_physical_type() == Physical::INT96 => Meaning::Int96,
            _ if info.converted_type() == ConvertedType::INTERVAL => Meaning::Interval,
            Some(LogicalType::Timestamp(kind)) => match (kind.unit, kind.is_adjusted_to_u_t_c) {
                (TimeUnit::NANOS, false) => Meaning::TimestampNanos,
                (TimeUnit::NANOS, true) => Meaning::TimestampNanosUtc,
                (_, false) => Meaning::Plain,
                (_, true) => Meaning::TimestampUtc,
            },
            // Files of the first versions of the format, which knew no local times.
            None if is_timestamp(info.converted_type()) => Meaning::TimestampUtc,
            Some(LogicalType::Time(kind)) if kind.unit == TimeUnit::NANOS => Meaning::TimeNanos,
            Some(LogicalType::Uuid) => Meaning::Uuid,
            _ => Meaning::Plain,
        };
    }
    let inner = field.get_fields();
    match (info.converted_type(), inner) {
        (ConvertedType::LIST, [repeated]) => {
            let element = match repeated.is_group().then(|| repeated.get_fields()) {
                Some([element]) if !is_element(repeated) => meaning_of(element),
                _ => value_of(repeated),
            };
            Meaning::List(Box::new(element))
        }
        (ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE, [pairs]) if pairs.is_group() => {
            match pairs.get_fields() {
                [key, value] => {
                    Meaning::Map(Box::new(meaning_of(key)), Box::new(meaning_of(value)))
                }
                fields => Meaning::List(Box::new(
                    fields.first().map_or(Meaning::Plain, |key| meaning_of(key)),
                )),
            }
        }
        _ => Meaning::Group(inner.iter().map(|field| meaning_of(field)).collect()),
    }
}

/// Whether the repeated group of a list is its element, and not a group around it.
///
/// Source: <https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists>.
fn is_element(repeated: &Type) -> bool {
    let around = match repeated.get_fields() {
        [inner] => is_repeated(inner),
        _ => return true,
    };
    let is_list = repeated.get_basic_info().converted_type() == ConvertedType::LIST;
    !around && !is_list && (repeated.name() == "array" || repeated.name().ends_with("_tuple"))
}

/// The same columns with bytes instead of what the library cannot read row by row. It fails at a text that
/// is not valid UTF-8, and cannot continue at the next row; as bytes such a text rejects only its row. Of an
/// INT96 it keeps only milliseconds, and it panics at intervals.
///
/// # Errors
///
/// The library cannot build the changed schema.
pub(super) fn as_bytes(schema: &Type) -> Result<SchemaDescPtr, ParquetError> {
    Ok(Arc::new(SchemaDescriptor::new(Arc::new(with_bytes(schema)?))))
}

fn with_bytes(field: &Type) -> Result<Type, ParquetError> {
    if let Type::GroupType { basic_info, fields } = field {
        let fields =
            fields.iter().map(|field| with_bytes(field).map(Arc::new)).collect::<Result<_, _>>();
        return Ok(Type::GroupType { basic_info: basic_info.clone(), fields: fields? });
    }
    let info = field.get_basic_info();
    if field.get_physical_type() == Physical::INT96
        || info.converted_type() == ConvertedType::INTERVAL
    {
        let bytes = Type::primitive_type_builder(field.name(), Physical::FIXED_LEN_BYTE_ARRAY);
        return bytes.with_length(12).with_repetition(info.repetition()).build();
    }
    let is_text = matches!(
        info.converted_type(),
        ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON | ConvertedType::BSON
    );
    if !is_text || field.get_physical_type() != Physical::BYTE_ARRAY {
        return Ok(field.clone());
    }
    let bytes = Type::primitive_type_builder(field.name(), Physical::BYTE_ARRAY);
    bytes.with_repetition(info.repetition()).build()
}
