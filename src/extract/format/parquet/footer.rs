//! Footer: keeps what a file's footer says of its row groups, encoded and compressed, so that a large file takes no more memory.
//!
//! The library keeps about 900 bytes for each column of each row group, and can only encode all groups at once. So each group
//! is encoded as the only one of a footer, and its bytes are taken out of that.
//!
//! Source: `FileMetaData` in <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>, and
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>.

use std::io::{self, Write};

use parquet::errors::ParquetError;
use parquet::file::metadata::{
    FileMetaData, ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::schema::types::SchemaDescPtr;

/// The number of rows, 0, and the list of row groups, without any: fields 3 and 4.
const NO_ROWS_AND_GROUPS: [u8; 4] = [NUM_ROWS, 0, ROW_GROUPS, STRUCTS];
/// The header of field 3, a number of 64 bits, behind field 2.
const NUM_ROWS: u8 = 0x16;
/// The header of field 4, a list, behind field 3.
const ROW_GROUPS: u8 = 0x19;
/// The type of the elements of a list of structs; the upper half of the byte is their number up to 14.
const STRUCTS: u8 = 0x0c;

/// What ends a footer: its length and the format's name.
const END_BYTES: usize = 8;

pub(super) struct Footer {
    schema: SchemaDescPtr,
    /// The bytes before and behind the number of rows and the row groups.
    before: Vec<u8>,
    behind: Vec<u8>,
    groups: zstd::stream::write::Encoder<'static, Vec<u8>>,
    group_count: u64,
    row_count: u64,
}

impl Footer {
    /// # Errors
    ///
    /// The library encodes footers in another way than it did.
    pub fn new(schema: SchemaDescPtr) -> Result<Footer, ParquetError> {
        let mut before = encode(&schema, Vec::new())?;
        // From the end: a column's name comes before, and may have any bytes.
        let at = before.windows(4).rposition(|bytes| bytes == NO_ROWS_AND_GROUPS);
        let mut behind = before.split_off(at.ok_or_else(unknown)?);
        behind.drain(..NO_ROWS_AND_GROUPS.len());
        let groups = zstd::stream::write::Encoder::new(Vec::new(), 1)?;
        Ok(Footer { schema, before, behind, groups, group_count: 0, row_count: 0 })
    }

    /// Adds a row group.
    ///
    /// # Errors
    ///
    /// As [`Footer::new`].
    pub fn push(&mut self, group: &RowGroupMetaData) -> Result<(), ParquetError> {
        let rows = u64::try_from(group.num_rows()).map_err(|_| unknown())?;
        let encoded = encode(&self.schema, vec![group.clone()])?;
        let mut start = self.before.clone();
        push_counts(rows, 1, &mut start);
        let group = encoded
            .strip_prefix(start.as_slice())
            .and_then(|rest| rest.strip_suffix(self.behind.as_slice()))
            .ok_or_else(unknown)?;
        self.groups.write_all(group)?;
        self.group_count += 1;
        self.row_count += rows;
        Ok(())
    }

    /// Writes the footer, which ends the file.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn write(self, out: &mut impl Write) -> io::Result<()> {
        let mut start = self.before;
        push_counts(self.row_count, self.group_count, &mut start);
        out.write_all(&start)?;
        let groups = self.groups.finish()?;
        let mut groups = zstd::stream::read::Decoder::new(groups.as_slice())?;
        let group_bytes = io::copy(&mut groups, out)?;
        out.write_all(&self.behind)?;
        let size = (start.len() + self.behind.len()) as u64 + group_bytes;
        let size = u32::try_from(size).map_err(|_| io::ErrorKind::FileTooLarge)?;
        out.write_all(&size.to_le_bytes())?;
        out.write_all(b"PAR1")?;
        out.flush()
    }
}

/// The footer of a file with these row groups, without its end.
fn encode(schema: &SchemaDescPtr, groups: Vec<RowGroupMetaData>) -> Result<Vec<u8>, ParquetError> {
    let creator = concat!("stardrop ", env!("CARGO_PKG_VERSION")).to_owned();
    let file = FileMetaData::new(1, 0, Some(creator), None, schema.clone(), None);
    let mut bytes = Vec::new();
    ParquetMetaDataWriter::new(&mut bytes, &ParquetMetaData::new(file, groups)).finish()?;
    bytes.truncate(bytes.len().saturating_sub(END_BYTES));
    Ok(bytes)
}

/// Appends the number of rows, and the header of the list of row groups.
fn push_counts(rows: u64, groups: u64, out: &mut Vec<u8>) {
    out.push(NUM_ROWS);
    // Signed numbers are encoded as twice themselves.
    push_varint(rows * 2, out);
    out.push(ROW_GROUPS);
    match u8::try_from(groups) {
        Ok(few) if few < 15 => out.push(few << 4 | STRUCTS),
        _ => {
            out.push(0xf0 | STRUCTS);
            push_varint(groups, out);
        }
    }
}

/// Appends a number, seven bits in each byte, the lowest first.
fn push_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn unknown() -> ParquetError {
    ParquetError::General("the footer has another form".to_owned())
}
