//! Reading files: formats, encodings, compression, dialects of CSV, and what each cell means.

mod column_types;
mod compressed;
pub mod csv_meaning;
mod csv_traits;
pub mod damaged;
mod dialects;
pub mod formats;
mod json_columns;
mod json_layouts;
mod mutated;
mod odd_files;
mod odd_rows;
mod parquet_cells;
mod parquet_columns;
mod parquet_types;
mod sheets;
mod workbook_rows;
mod workbook_traits;
