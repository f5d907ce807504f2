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

/// A column of a query. Its type says no more than whether it is a time.
pub(super) fn described(column: &ResultColumn) -> Column {
    let data_type = match column.column_type() {
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => DataType::Date,
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => DataType::Timestamp,
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => DataType::TimestampTz,
        _ => DataType::Text,
    };
    Column {
        name: column.name_str().into_owned(),
        data_type,
        declared: String::new(),
        may_be_null: true,
        remark: None,
    }
}
