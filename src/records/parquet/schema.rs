//! Schema: the columns of a Parquet file in, how their values are read out.

use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor, Type};

/// What the row reader does not say of a column's integers and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Plain,
    TimestampNanos,
    TimeNanos,
    Uuid,
}

/// What a column holds, or why it cannot be read.
pub(super) fn unit(field: &Type) -> Result<Unit, String> {
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

/// The same columns with bytes in the place of texts. The library fails at a text that is no UTF-8,
/// with no way on to the next row; bytes are judged by who knows the column.
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
