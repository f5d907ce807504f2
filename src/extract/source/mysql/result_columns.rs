//! Result columns: how the values of a result are written, and what is known of the columns of a query.

use mysql_async::Column as ResultColumn;
use mysql_async::consts::{ColumnFlags, ColumnType as T};

use crate::extract::csv::Shape;
use crate::extract::table::{Column, DataType};

/// The number of the character set `binary`.
const BINARY: u16 = 63;

/// How to write the values of a column.
pub(super) fn shape(column: &ResultColumn) -> Shape {
    match column.column_type() {
        T::MYSQL_TYPE_BIT => Shape::Bits,
        T::MYSQL_TYPE_DATE
        | T::MYSQL_TYPE_NEWDATE
        | T::MYSQL_TYPE_DATETIME
        | T::MYSQL_TYPE_DATETIME2
        | T::MYSQL_TYPE_TIMESTAMP
        | T::MYSQL_TYPE_TIMESTAMP2 => Shape::Date,
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_LONGLONG
        | T::MYSQL_TYPE_DECIMAL
        | T::MYSQL_TYPE_NEWDECIMAL
        | T::MYSQL_TYPE_FLOAT
        | T::MYSQL_TYPE_DOUBLE
        | T::MYSQL_TYPE_YEAR
        | T::MYSQL_TYPE_NULL => Shape::Bare,
        // Times and JSON have the character set of bytes, but are texts.
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 | T::MYSQL_TYPE_JSON => Shape::Text,
        _ if column.character_set() == BINARY
            && column.flags().contains(ColumnFlags::BINARY_FLAG) =>
        {
            Shape::Hex
        }
        _ => Shape::Text,
    }
}

/// The type that takes all values of a column of a query.
fn data_type(column: &ResultColumn) -> DataType {
    let is_unsigned = column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
    match column.column_type() {
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => DataType::Date,
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => DataType::Timestamp,
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => DataType::TimestampTz,
        T::MYSQL_TYPE_TINY | T::MYSQL_TYPE_YEAR => DataType::SmallInt,
        T::MYSQL_TYPE_SHORT if !is_unsigned => DataType::SmallInt,
        T::MYSQL_TYPE_SHORT | T::MYSQL_TYPE_INT24 => DataType::Integer,
        T::MYSQL_TYPE_LONG if !is_unsigned => DataType::Integer,
        T::MYSQL_TYPE_LONG => DataType::BigInt,
        T::MYSQL_TYPE_LONGLONG if !is_unsigned => DataType::BigInt,
        T::MYSQL_TYPE_LONGLONG | T::MYSQL_TYPE_BIT => DataType::Numeric(Some((20, 0))),
        T::MYSQL_TYPE_FLOAT => DataType::Real,
        T::MYSQL_TYPE_DOUBLE => DataType::Double,
        T::MYSQL_TYPE_NEWDECIMAL => {
            // The length has room for a point and for a sign.
            let scale = u32::from(column.decimals());
            let others = u32::from(scale > 0) + u32::from(!is_unsigned);
            let precision = column.column_length().saturating_sub(others);
            DataType::Numeric((scale <= precision).then_some((precision, scale)))
        }
        _ => DataType::Text,
    }
}

/// A column of a query.
pub(super) fn described(column: &ResultColumn) -> Column {
    Column {
        name: column.name_str().into_owned(),
        data_type: data_type(column),
        declared: String::new(),
        may_be_null: true,
        remark: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_a_query_takes_all_of_its_values() {
        let of = |kind, flags, length, decimals| {
            let column = ResultColumn::new(kind).with_flags(flags).with_column_length(length);
            data_type(&column.with_decimals(decimals)).in_contract()
        };
        let (signed, unsigned) = (ColumnFlags::empty(), ColumnFlags::UNSIGNED_FLAG);
        assert_eq!(of(T::MYSQL_TYPE_LONGLONG, unsigned, 20, 0), "numeric(20,0)");
        assert_eq!(of(T::MYSQL_TYPE_LONG, unsigned, 10, 0), "bigint");
        assert_eq!(of(T::MYSQL_TYPE_LONG, signed, 11, 0), "integer");
        // decimal(10,2), decimal(10,0) and decimal(10,2) unsigned.
        assert_eq!(of(T::MYSQL_TYPE_NEWDECIMAL, signed, 12, 2), "numeric(10,2)");
        assert_eq!(of(T::MYSQL_TYPE_NEWDECIMAL, signed, 11, 0), "numeric(10,0)");
        assert_eq!(of(T::MYSQL_TYPE_NEWDECIMAL, unsigned, 11, 2), "numeric(10,2)");
        assert_eq!(of(T::MYSQL_TYPE_BLOB, signed, 100, 0), "text");
    }
}
