//! Reads the rows of a Parquet file, with its column names as the header. Memory holds one row group.
//!
//! A field of a struct is a column of its own if the contract names it by its path, such as `customer.city`.
//! Other nested values become JSON. Timestamps are in UTC, with nanoseconds if the file has them.
//!
//! Source: <https://parquet.apache.org/docs/file-format/>.

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use parquet::record::Field;
use parquet::record::reader::RowIter;
use std::io::{self, Read as _};

use super::grid::{self, Cell};
use super::options::ReaderOptions;
use super::record::Record;
use super::spooled::{SharedFile, Spooled, unless_it_panics};
use super::{RecordError, RecordReader, Step};
use crate::decode::compression_name;
use crate::error::ErrorKind;
use schema::Column;

mod cell;
mod schema;

impl Length for SharedFile {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for SharedFile {
    type T = std::io::BufReader<SharedFile>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(std::io::BufReader::new(self.at(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut bytes = Vec::new();
        self.at(start).take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF("the file is truncated".to_owned()));
        }
        Ok(bytes.into())
    }
}

/// Reads the rows of a file.
struct ParquetReader {
    rows: RowIter<'static>,
    columns: Vec<Column>,
    /// The number of rows read.
    row: u64,
    /// The number of rows to read without returning them, after a resumption.
    skip: u64,
    expects_header: bool,
    cells: Vec<Cell>,
    failed: Option<RecordError>,
}

fn bad_file(line: u64, message: impl std::fmt::Display) -> RecordError {
    let message = format!("the Parquet file cannot be read: {message}");
    RecordError { kind: ErrorKind::BadFile, line, message }
}

/// Opens a file at its first row.
///
/// # Errors
///
/// [`ErrorKind::BadFile`] if the file is not Parquet, is damaged or encrypted, or is compressed in a way
/// that is not supported.
pub(super) fn open(
    file: Box<dyn Spooled>,
    options: &ReaderOptions,
) -> Result<Box<dyn RecordReader>, RecordError> {
    unless_it_panics(|| open_whole(file, options), || damaged(1))
}

fn damaged(line: u64) -> RecordError {
    bad_file(line, "it is damaged")
}

/// The error of the library without its own text, which may hold values of cells.
fn broken(line: u64, error: &ParquetError) -> RecordError {
    if let ParquetError::External(cause) = error
        && let Some(error) = cause.downcast_ref::<io::Error>()
        && error.raw_os_error().is_some()
    {
        return bad_file(line, error);
    }
    if matches!(error, ParquetError::EOF(_) | ParquetError::NeedMoreData(_)) {
        return bad_file(line, "it is truncated");
    }
    let text = error.to_string();
    if text.contains("footer") {
        return bad_file(line, "it is truncated, or not a Parquet file");
    }
    if text.contains("encrypted") {
        return bad_file(line, "it is encrypted");
    }
    if text.contains("Disabled feature at compile time") || text.contains("codec") {
        return bad_file(
            line,
            "its compression is not supported: use zstd, snappy, brotli or gzip",
        );
    }
    damaged(line)
}

fn open_whole(
    file: Box<dyn Spooled>,
    options: &ReaderOptions,
) -> Result<Box<dyn RecordReader>, RecordError> {
    let expects_header = options.csv.header_rows > 0;
    let not_opened = |error: ParquetError| broken(1, &error);
    let file = SharedFile::new(file).map_err(|error| bad_file(1, error))?;
    if let Some(name) = compression_name(&file.get_bytes(0, 8).unwrap_or_default()) {
        return Err(bad_file(1, format!("it is compressed with {name}: upload the file itself")));
    }
    let reader = SerializedFileReader::new(file.clone()).map_err(not_opened)?;
    if is_behind_another(&file, reader.metadata()).map_err(not_opened)? {
        return Err(bad_file(1, "another one is before it: upload each as an object of its own"));
    }
    let schema = reader.metadata().file_metadata().schema();
    // Without a header, columns are taken by position, and not by paths.
    let names = if expects_header { options.names.as_slice() } else { &[] };
    let columns = schema::columns(schema, names);
    let as_bytes = schema::as_bytes(schema).map_err(not_opened)?;
    let options = ReadOptionsBuilder::new().with_parquet_schema(as_bytes).build();
    let reader = SerializedFileReader::new_with_options(file, options).map_err(not_opened)?;
    Ok(Box::new(ParquetReader {
        columns,
        rows: RowIter::from_file_into(Box::new(reader)),
        row: 0,
        skip: 0,
        expects_header,
        cells: Vec::new(),
        failed: None,
    }))
}

/// Whether the file was put behind another one, whose rows would be left out or read instead of its own: all
/// offsets in the metadata count from the start of the file.
fn is_behind_another(file: &SharedFile, metadata: &ParquetMetaData) -> Result<bool, ParquetError> {
    const MAGIC: &[u8] = b"PAR1";
    let end = file.len.saturating_sub(8);
    let footer = file.get_bytes(end, 4)?;
    let length = footer.as_ref().try_into().map_or(0, u32::from_le_bytes);
    // Where the metadata starts, by its place in the file, and by what it says of everything before it.
    let start = end.saturating_sub(u64::from(length));
    let range = |offset: Option<i64>, length: Option<i32>| {
        u64::try_from(offset?).ok()?.checked_add(u64::try_from(length?).ok()?)
    };
    let chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
    let said = chunks.flat_map(|chunk| {
        let (offset, length) = chunk.byte_range();
        [
            offset.checked_add(length),
            range(chunk.column_index_offset(), chunk.column_index_length()),
            range(chunk.offset_index_offset(), chunk.offset_index_length()),
            range(chunk.bloom_filter_offset(), chunk.bloom_filter_length()),
        ]
    });
    let said = said.flatten().max().unwrap_or(MAGIC.len() as u64);
    let before = start.saturating_sub(said);
    let starts_again = || file.get_bytes(before, MAGIC.len()).map(|bytes| bytes == MAGIC);
    Ok(before >= MAGIC.len() as u64 && starts_again()?)
}

impl ParquetReader {
    /// Reads the cells of the next row. False: there is none.
    fn read_row(&mut self, line: u64) -> Result<bool, RecordError> {
        let Some(row) = self.rows.next() else { return Ok(false) };
        let row = row.map_err(|error| broken(line, &error))?;
        self.cells.clear();
        if self.skip == 0 {
            let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
            self.cells.extend(self.columns.iter().map(|column| cell::of(&fields, column)));
        }
        Ok(true)
    }
}

impl RecordReader for ParquetReader {
    fn push(&mut self, _: &[u8]) {}

    fn end(&mut self) {}

    fn resume(mut self: Box<Self>, _: u64, offset: u64) -> Box<dyn RecordReader> {
        self.skip = offset.saturating_sub(self.row + 1);
        self.expects_header = false;
        self
    }

    fn delimiter(&self) -> Option<&[u8]> {
        Some(b",")
    }

    fn next(&mut self, record: &mut Record) -> Result<Step, RecordError> {
        if std::mem::take(&mut self.expects_header) {
            let name =
                |column: &Column| Cell { text: column.name.clone().into(), ..Cell::default() };
            let names: Vec<Cell> = self.columns.iter().map(name).collect();
            grid::fill(record, &names, 1);
            return Ok(Step::Record);
        }
        loop {
            if let Some(error) = &self.failed {
                return Err(error.clone());
            }
            // The column names count as line 1.
            let line = self.row + 2;
            match unless_it_panics(|| self.read_row(line), || damaged(line)) {
                Ok(true) => self.row += 1,
                Ok(false) => return Ok(Step::End),
                Err(error) => {
                    self.failed = Some(error);
                    continue;
                }
            }
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            grid::fill(record, &self.cells, self.row + 1);
            return Ok(Step::Record);
        }
    }
}
