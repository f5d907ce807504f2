//! Parquet: writes rows in groups, so that memory holds one group of values whatever the size of the table.

mod column;
mod footer;
mod kind;
mod value;

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression as Codec, GzipLevel, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor, Type};

use self::column::Column;
use self::footer::Footer;
use self::kind::Kind;
use super::super::compress::Compression;
use super::{FileWriter, Format, Start, extract_error, fields, unwritten};
use crate::error::{Error, ErrorKind, Result};

pub(super) const FORMAT: Format = Format {
    name: "parquet",
    is_compressed_whole: false,
    about_nulls: "The files say which values are null, so that the word NULL and an empty text are no nulls.",
    begin: |start| Ok(Box::new(ParquetFile::new(start).map_err(unwritten)?)),
};

/// The memory of values from which a row group is written. Larger ones compress little better.
const GROUP_BYTES: usize = 3 << 20;

/// The size of a dictionary from which values are written plainly, and that of a page.
const PAGE_BYTES: usize = 256 << 10;

struct ParquetFile {
    out: TrackedWrite<Box<dyn Write + Send>>,
    schema: SchemaDescPtr,
    properties: WriterPropertiesPtr,
    footer: Footer,
    columns: Vec<Column>,
    /// The table's name, and the columns' with their declared types, for messages.
    table: String,
    names: Vec<(String, String)>,
    /// The memory of the values of the row group.
    held_bytes: usize,
    group_count: i32,
}

impl ParquetFile {
    fn new(start: Start<'_>) -> Result<ParquetFile, ParquetError> {
        let Start { table, compression, out, .. } = start;
        let kinds: Vec<Kind> = table.columns.iter().map(Kind::of).collect();
        let fields = table.columns.iter().zip(&kinds);
        let fields = fields.map(|(column, kind)| kind.field(&column.name).map(Arc::new));
        let schema =
            Type::group_type_builder("schema").with_fields(fields.collect::<Result<_, _>>()?);
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(schema.build()?)));
        let mut out = TrackedWrite::new(out);
        out.write_all(b"PAR1")?;
        let named = table.columns.iter().map(|c| (c.name.clone(), c.declared.clone()));
        Ok(ParquetFile {
            out,
            footer: Footer::new(schema.clone())?,
            schema,
            properties: Arc::new(properties(compression)?),
            columns: kinds.into_iter().map(Column::new).collect(),
            table: table.name.to_string(),
            names: named.collect(),
            held_bytes: 0,
            group_count: 0,
        })
    }

    fn push_row(&mut self, rows: &mut &[u8]) -> Result<()> {
        for (index, column) in self.columns.iter_mut().enumerate() {
            let value = fields::take(rows);
            let Some(size) = column.push(value.as_deref()) else {
                let (name, declared) = self.names.get(index).cloned().unwrap_or_default();
                return Err(not_held(&self.table, &name, &declared, column.kind));
            };
            self.held_bytes += size;
        }
        Ok(())
    }

    /// Writes the values as a row group.
    fn write_group(&mut self) -> Result<(), ParquetError> {
        if std::mem::take(&mut self.held_bytes) == 0 {
            return Ok(());
        }
        let (schema, properties) = (self.schema.clone(), self.properties.clone());
        let out = &mut self.out;
        let mut group =
            SerializedRowGroupWriter::new(schema, properties, out, self.group_count, None);
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            column.write(writer.untyped())?;
            writer.close()?;
        }
        self.group_count += 1;
        self.footer.push(&*group.close()?)
    }
}

impl FileWriter for ParquetFile {
    fn push(&mut self, rows: &[u8]) -> Result<()> {
        let mut rest = rows;
        while !rest.is_empty() {
            self.push_row(&mut rest)?;
            if self.held_bytes >= GROUP_BYTES {
                self.write_group().map_err(unwritten)?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.write_group().map_err(unwritten)?;
        let ParquetFile { footer, mut out, .. } = *self;
        footer.write(&mut out).map_err(unwritten)
    }
}

fn properties(compression: Compression) -> Result<WriterProperties, ParquetError> {
    let codec = match compression {
        Compression::Zstd => Codec::ZSTD(ZstdLevel::try_new(1)?),
        Compression::Gzip => Codec::GZIP(GzipLevel::try_new(1)?),
        Compression::None => Codec::UNCOMPRESSED,
    };
    Ok(WriterProperties::builder()
        .set_compression(codec)
        .set_dictionary_page_size_limit(PAGE_BYTES)
        .set_data_page_size_limit(PAGE_BYTES)
        // Of each page they would have to be kept until the end of the file.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .build())
}

/// The error for a value that the column's type does not hold, such as a month without a day. Without the value.
fn not_held(table: &str, name: &str, declared: &str, kind: Kind) -> Error {
    let declared = if declared.is_empty() { String::new() } else { format!(" ({declared})") };
    let message = format!(
        "{table}: column {name}{declared} has a value that is not a {} of Parquet",
        kind.name()
    );
    extract_error(ErrorKind::SourceValue, message)
        .with_hint("fix the value in the source, or write another format: --format csv")
}

#[cfg(test)]
mod tests;
