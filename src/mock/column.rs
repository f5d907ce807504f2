//! The description of one column of a mock file.

use std::sync::Arc;

use super::value::MockValues;
use crate::types::ColumnType;

/// One column of a mock file.
#[derive(Debug, Clone)]
pub struct MockColumn {
    /// The name in the header.
    pub header: String,
    /// The type that good values are accepted by, and wrong ones refused.
    pub column_type: Arc<dyn ColumnType>,
    /// The values that the type accepts, written as the contract's options say.
    pub values: MockValues,
    /// Whether a row without a value is a bad row.
    pub required: bool,
    /// Whether a value is always known, required or not. Others are missing now and then.
    pub known: bool,
    /// How values are spread.
    pub cardinality: Cardinality,
}

/// How the values of a column are spread over the rows. Columns are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// Another value in each row, strictly growing: a grain. If other columns are `Line`s of it,
    /// another value for each of their groups.
    Unique,
    /// Counts 1 to 5 within one value of the `Unique` column `of`: order lines.
    Line {
        /// The index of the other column.
        of: usize,
    },
    /// One of this number of values: a dimension's key.
    Pool(u64),
    /// A function of another column's value: an attribute, which is the same for the same key.
    DependsOn {
        /// The index of the other column.
        column: usize,
    },
    /// Anything.
    Free,
    /// Values near each other: dates within thirty days.
    Near,
}
