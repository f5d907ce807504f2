//! Reading files: formats, encodings, compression, dialects of CSV, and what each cell means.

mod column_types;
mod compressed;
mod dialects;
mod formats;
mod odd_files;
mod parquet_cells;
