//! Kind: which type of Parquet holds the values of a column, so that they come back equal.
//!
//! Source: <https://github.com/apache/parquet-format/blob/master/LogicalTypes.md>.

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::Type;

use crate::extract::table::{Column, DataType};

/// The most digits of a decimal that other readers take, and that 128 bits hold.
const MOST_DIGITS: u32 = 38;

/// The type of a column of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Int16,
    Int32,
    Int64,
    Float,
    Double,
    /// At most 9, 18 or 38 digits, in 4, 8 or as many bytes as they need.
    Decimal {
        precision: u32,
        scale: u32,
    },
    Date,
    Time,
    /// Microseconds of a local time.
    Timestamp,
    /// Microseconds of a point in time.
    TimestampUtc,
    Uuid,
    Json,
    Text,
}

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    Boolean,
    Int32,
    Int64,
    Float,
    Double,
    /// Of any length.
    Bytes,
    /// Each of this length.
    Fixed(usize),
}

impl Kind {
    pub fn of(column: &Column) -> Kind {
        match column.data_type {
            // It may have other values than 0 and 1.
            DataType::Boolean if column.declared.starts_with("tinyint") => Kind::Int16,
            DataType::Boolean => Kind::Boolean,
            DataType::SmallInt => Kind::Int16,
            DataType::Integer => Kind::Int32,
            DataType::BigInt => Kind::Int64,
            DataType::Real => Kind::Float,
            DataType::Double => Kind::Double,
            DataType::Numeric(Some((precision, scale)))
                if (1..=MOST_DIGITS).contains(&precision) =>
            {
                Kind::Decimal { precision, scale }
            }
            DataType::Date => Kind::Date,
            DataType::Time => Kind::Time,
            DataType::Timestamp => Kind::Timestamp,
            DataType::TimestampTz => Kind::TimestampUtc,
            DataType::Uuid => Kind::Uuid,
            DataType::Json => Kind::Json,
            DataType::Numeric(_) | DataType::Inet | DataType::Text => Kind::Text,
        }
    }

    pub fn storage(self) -> Storage {
        match self {
            Kind::Boolean => Storage::Boolean,
            Kind::Int16 | Kind::Int32 | Kind::Date => Storage::Int32,
            Kind::Int64 | Kind::Time | Kind::Timestamp | Kind::TimestampUtc => Storage::Int64,
            Kind::Float => Storage::Float,
            Kind::Double => Storage::Double,
            Kind::Decimal { precision: ..=9, .. } => Storage::Int32,
            Kind::Decimal { precision: 10..=18, .. } => Storage::Int64,
            Kind::Decimal { precision, .. } => Storage::Fixed(decimal_bytes(precision)),
            Kind::Uuid => Storage::Fixed(16),
            Kind::Json | Kind::Text => Storage::Bytes,
        }
    }

    /// What the type is called in a message.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Boolean => "boolean",
            Kind::Int16 | Kind::Int32 | Kind::Int64 => "integer",
            Kind::Float | Kind::Double => "floating-point number",
            Kind::Decimal { .. } => "decimal",
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::Timestamp | Kind::TimestampUtc => "timestamp",
            Kind::Uuid => "UUID",
            Kind::Json | Kind::Text => "text",
        }
    }

    /// The column in the schema of a file. Each may be null: a zero date becomes null in any column.
    pub fn field(self, name: &str) -> Result<Type, ParquetError> {
        let logical = match self {
            Kind::Boolean | Kind::Float | Kind::Double => None,
            Kind::Int16 => Some(LogicalType::integer(16, true)),
            Kind::Int32 => Some(LogicalType::integer(32, true)),
            Kind::Int64 => Some(LogicalType::integer(64, true)),
            Kind::Decimal { precision, scale } => {
                Some(LogicalType::decimal(scale.cast_signed(), precision.cast_signed()))
            }
            Kind::Date => Some(LogicalType::Date),
            Kind::Time => Some(LogicalType::time(false, TimeUnit::MICROS)),
            Kind::Timestamp => Some(LogicalType::timestamp(false, TimeUnit::MICROS)),
            Kind::TimestampUtc => Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
            Kind::Uuid => Some(LogicalType::Uuid),
            Kind::Json => Some(LogicalType::Json),
            Kind::Text => Some(LogicalType::String),
        };
        let (physical, length) = match self.storage() {
            Storage::Boolean => (Physical::BOOLEAN, None),
            Storage::Int32 => (Physical::INT32, None),
            Storage::Int64 => (Physical::INT64, None),
            Storage::Float => (Physical::FLOAT, None),
            Storage::Double => (Physical::DOUBLE, None),
            Storage::Bytes => (Physical::BYTE_ARRAY, None),
            Storage::Fixed(bytes) => (Physical::FIXED_LEN_BYTE_ARRAY, i32::try_from(bytes).ok()),
        };
        let mut field = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical);
        if let Some(length) = length {
            field = field.with_length(length);
        }
        if let Kind::Decimal { precision, scale } = self {
            field = field.with_precision(precision.cast_signed()).with_scale(scale.cast_signed());
        }
        field.build()
    }
}

/// The fewest bytes that hold all numbers of that many digits, with their sign.
fn decimal_bytes(precision: u32) -> usize {
    let most = 10_i128.saturating_pow(precision);
    (1..16).find(|bytes| most < 1_i128 << (8 * bytes - 1)).unwrap_or(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(data_type: DataType, declared: &str) -> Kind {
        let declared = declared.to_owned();
        Kind::of(&Column {
            name: "c".to_owned(),
            data_type,
            declared,
            may_be_null: true,
            remark: None,
        })
    }

    #[test]
    fn decimals_are_as_small_as_their_digits_allow() {
        let storage =
            |precision, scale| of(DataType::Numeric(Some((precision, scale))), "").storage();
        assert_eq!((storage(9, 2), storage(18, 2)), (Storage::Int32, Storage::Int64));
        // The sizes of the table in the format's documentation.
        assert_eq!((storage(19, 0), storage(20, 0)), (Storage::Fixed(9), Storage::Fixed(9)));
        assert_eq!((storage(28, 0), storage(38, 10)), (Storage::Fixed(12), Storage::Fixed(16)));
        assert_eq!(storage(65, 30), Storage::Bytes);
        assert_eq!(of(DataType::Numeric(None), "numeric"), Kind::Text);
    }

    #[test]
    fn a_tinyint_may_be_more_than_a_boolean() {
        assert_eq!(of(DataType::Boolean, "tinyint(1)"), Kind::Int16);
        assert_eq!(of(DataType::Boolean, "bit(1)"), Kind::Boolean);
    }

    #[test]
    fn every_kind_is_a_column_of_a_schema() {
        for precision in 1..=38 {
            let kind = Kind::Decimal { precision, scale: precision / 2 };
            assert!(kind.field("c").is_ok(), "{precision}");
        }
        for kind in [Kind::Boolean, Kind::Int16, Kind::Date, Kind::Time, Kind::Uuid, Kind::Json] {
            assert!(kind.field("a.b").is_ok(), "{kind:?}");
        }
    }
}
