//! Table: what a source says of a table: its columns, their types, its primary key and its foreign keys.

use std::fmt;

/// A table of a source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// The schema; in MySQL the database.
    pub schema: String,
    /// The name within it.
    pub name: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// A table, as its source describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// The columns of its primary key; empty if it has none.
    pub key: Vec<String>,
    /// Its foreign keys.
    pub references: Vec<Reference>,
}

impl Table {
    /// The column of that name, regardless of case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// A column of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, as the source spells it.
    pub name: String,
    /// Its type in the words of a contract.
    pub data_type: DataType,
    /// Its type as the source declares it.
    pub declared: String,
    /// Whether the file may have no value in it.
    pub may_be_null: bool,
    /// A remark for the contract, such as about values that its type does not take.
    pub remark: Option<&'static str>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table that they refer to.
    pub table: TableName,
}

/// The type of a column in a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the types of a contract, docs/reference/contract.md")]
pub enum DataType {
    Text,
    Boolean,
    SmallInt,
    Integer,
    BigInt,
    Real,
    Double,
    /// Precision and scale, where they are declared.
    Numeric(Option<(u32, u32)>),
    Date,
    Time,
    /// Without a time zone.
    Timestamp,
    /// A point in time, written in UTC.
    TimestampTz,
    Uuid,
    Json,
    Inet,
}

impl DataType {
    /// The type as a contract writes it.
    pub fn in_contract(self) -> String {
        let name = match self {
            DataType::Text => "text",
            DataType::Boolean => "boolean",
            DataType::SmallInt => "smallint",
            DataType::Integer => "integer",
            DataType::BigInt => "bigint",
            DataType::Real => "real",
            DataType::Double => "double",
            DataType::Numeric(Some((precision, scale))) => {
                return format!("numeric({precision},{scale})");
            }
            DataType::Numeric(None) => "numeric",
            DataType::Date => "date",
            DataType::Time => "time",
            DataType::Timestamp => "timestamp",
            DataType::TimestampTz => "timestamptz",
            DataType::Uuid => "uuid",
            DataType::Json => "json",
            DataType::Inet => "inet",
        };
        name.to_owned()
    }

    /// Whether it can say which rows are new.
    pub fn is_time(self) -> bool {
        matches!(self, DataType::Date | DataType::Timestamp | DataType::TimestampTz)
    }

    /// Whether its values can be added up.
    pub(super) fn is_number(self) -> bool {
        use DataType::{BigInt, Double, Integer, Numeric, Real, SmallInt};
        matches!(self, SmallInt | Integer | BigInt | Real | Double | Numeric(_))
    }
}
