//! Row size: finds tables whose rows Postgres could not store, before anything is migrated.

use super::Star;
use super::table::{Column, Table};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::types::SqlType;

/// The most columns of a table.
const MAX_COLUMNS: usize = 1_600;

/// The most bytes of a row: a page of 8 KiB without its header and the pointer to the row. Only values of
/// types without a fixed size can be stored elsewhere.
const MAX_ROW_BYTES: usize = 8_160;

/// The header of a row, before the bitmap of its nulls.
const ROW_HEADER_BYTES: usize = 23;

impl Star {
    /// Checks that Postgres can store a row of each table in which every column has a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadContract`] with a line for each table whose rows cannot be stored.
    pub fn check(&self) -> Result<()> {
        let stagings = self.datasets.iter().map(|dataset| &dataset.staging);
        let mut lines = Vec::new();
        for table in self.tables.iter().chain(stagings) {
            let Some(reason) = reason(table) else { continue };
            let name = table.qualified_name();
            let owners = self.datasets.iter().filter(|dataset| {
                dataset.tables.contains(&name) || dataset.staging.qualified_name() == name
            });
            let owners: Vec<String> = owners.map(|owner| format!("`{}`", owner.name)).collect();
            lines.push(format!("dataset {}: {name} {reason}", owners.join(", ")));
        }
        if lines.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::BadContract, Stage::Dataset, lines.join("\n  ")))
    }
}

/// Why Postgres cannot store the table's rows, if it cannot.
fn reason(table: &Table) -> Option<String> {
    let columns = table.columns.len();
    if columns > MAX_COLUMNS {
        return Some(format!(
            "would have {columns} columns, and Postgres allows {MAX_COLUMNS}: leave columns out of the contract"
        ));
    }
    let bytes = row_bytes(&table.columns);
    (bytes > MAX_ROW_BYTES).then(|| {
        format!(
            "cannot store its rows: with a value in every column a row takes at least {bytes} bytes, and \
             Postgres allows {MAX_ROW_BYTES}: use smaller types (integer or smallint for bigint, real for \
             double, date for timestamp), or leave columns out of the contract"
        )
    })
}

/// The bytes of a row in which every column of the contract has its shortest value.
fn row_bytes(columns: &[Column]) -> usize {
    let has_nulls = columns.iter().any(|column| !column.not_null);
    let bitmap = if has_nulls { columns.len().div_ceil(8) } else { 0 };
    let mut bytes = (ROW_HEADER_BYTES + bitmap).next_multiple_of(8);
    for column in columns.iter().filter(|column| !is_usually_null(column)) {
        let name = column.sql_type.split(" collate").next().unwrap_or_default();
        let (size, alignment) = SqlType::parse(name).map_or((1, 1), storage);
        bytes = bytes.next_multiple_of(alignment) + size;
    }
    bytes
}

/// Whether stardrop adds the column and mostly leaves it null.
fn is_usually_null(column: &Column) -> bool {
    !column.not_null && matches!(column.name.as_str(), "extra" | "load_id")
}

/// The bytes of the shortest value of a type, and the multiple of bytes at which it must start. Source:
/// `pg_type`, `typlen` and `typalign`.
fn storage(sql_type: SqlType) -> (usize, usize) {
    match sql_type {
        SqlType::Boolean => (1, 1),
        SqlType::Smallint => (2, 2),
        SqlType::Integer | SqlType::Real | SqlType::Date => (4, 4),
        SqlType::Bigint
        | SqlType::Double
        | SqlType::Time
        | SqlType::Timestamp
        | SqlType::Timestamptz => (8, 8),
        SqlType::Uuid => (16, 1),
        // One byte for the length, which is not aligned.
        SqlType::Text => (1, 1),
        SqlType::Numeric(_) => (3, 1),
        SqlType::Jsonb => (5, 1),
        SqlType::Inet => (7, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(count: usize, sql_type: &str) -> Vec<Column> {
        (0..count).map(|index| Column::new(format!("c{index}"), sql_type)).collect()
    }

    #[test]
    fn a_row_has_a_header_and_aligned_values() {
        assert_eq!(row_bytes(&columns(1, "bigint")), 32);
        assert_eq!(row_bytes(&columns(9, "bigint")), 32 + 72);
        let mut mixed = columns(1, "boolean");
        mixed.extend(columns(1, "double precision"));
        mixed.extend(columns(3, "text collate \"C\""));
        mixed.extend(columns(1, "integer"));
        assert_eq!(row_bytes(&mixed), 24 + 8 + 8 + 3 + 1 + 4);
        let required = Column::new("id", "bigint").not_null(true);
        assert_eq!(row_bytes(&[required]), 32);
    }
}
