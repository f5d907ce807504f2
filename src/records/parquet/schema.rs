//! Decides from the schema of a Parquet file how the values of each column are read.

use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor, Type};

/// What the integers or bytes of a column mean, as far as the row reader of the library does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Plain,
    TimestampNanos,
    TimeNanos,
    Uuid,
}

/// What the values of a column mean.
///
/// # Errors
///
/// The type of the column is not supported: which, as half a sentence.
pub(super) fn unit(field: &Type) -> Result<Unit, String> {
    if field.is_group() {
        for inner in field.get_fields() {
            if unit(inner)? != Unit::Plain {
                let name = inner.name();
                return Err(format!(
                    "column {name} has nanoseconds or a uuid inside a nested column, which is not supported"
                ));
            }
        }
        return Ok(Unit::Plain);
    }
    let name = field.name();
    if field.get_physical_type() == Physical::INT96 {
        return Err(format!(
            "column {name} is of type INT96: write timestamps as TIMESTAMP_MICROS"
        ));
    }
    let info = field.get_basic_info();
    if matches!(info.converted_type(), ConvertedType::INTERVAL | ConvertedType::BSON) {
        return Err(format!(
            "column {name} is of type {}, which is not supported",
            info.converted_type()
        ));
    }
    Ok(match info.logical_type_ref() {
        Some(LogicalType::Timestamp(kind)) if kind.unit == TimeUnit::NANOS => Unit::TimestampNanos,
        Some(LogicalType::Time(kind)) if kind.unit == TimeUnit::NANOS => Unit::TimeNanos,
        Some(LogicalType::Uuid) => Unit::Uuid,
        _ => Unit::Plain,
    })
}

/// The same columns with bytes instead of texts. The library fails at a text that is not valid UTF-8,
/// and cannot continue at the next row; as bytes such a text rejects only its row.
///
/// # Errors
///
/// The library cannot build the changed schema.
pub(super) fn texts_as_bytes(schema: &Type) -> Result<SchemaDescPtr, ParquetError> {
    Ok(Arc::new(SchemaDescriptor::new(Arc::new(with_bytes(schema)?))))
}

fn with_bytes(field: &Type) -> Result<Type, ParquetError> {
    if let Type::GroupType { basic_info, fields } = field {
        let fields =
            fields.iter().map(|field| with_bytes(field).map(Arc::new)).collect::<Result<_, _>>();
        return Ok(Type::GroupType { basic_info: basic_info.clone(), fields: fields? });
    }
    let info = field.get_basic_info();
    let is_text = matches!(
        info.converted_type(),
        ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON
    );
    if !is_text || field.get_physical_type() != Physical::BYTE_ARRAY {
        return Ok(field.clone());
    }
    let bytes = Type::primitive_type_builder(field.name(), Physical::BYTE_ARRAY);
    bytes.with_repetition(info.repetition()).build()
}
