//! Record stream: reads the records of an object, by joining its decoded bytes with the reader of its
//! format.

use std::sync::Arc;

use super::decoded_stream::DecodedStream;
use super::file_header;
use super::input::Input;
use super::spooled_object::SpooledObject;
use crate::dataset::{Dataset, FileOptions, Protect};
use crate::enrich::Enricher;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::Checkpoint;
use crate::records::{
    CsvOptions, Delimiter, Format, ReaderOptions, Record, RecordError, RecordReader, Step,
};
use crate::rows::{Header, LoadValues, ObjectFacts, RowWriter};
use crate::settings::{STARDROP_SALT, Settings};

/// The records of one object. Holds one record and one chunk of it in memory.
pub(super) struct RecordStream {
    /// `None` where the reader has the whole object in a temporary file.
    bytes: Option<DecodedStream>,
    reader: Box<dyn RecordReader>,
    /// The offset at which the last returned record ends.
    read_to: u64,
    /// Whether the bytes that were read have more than line ends and byte order marks.
    has_text: bool,
    /// The object, where it is in a temporary file.
    spooled: Option<SpooledObject>,
}

impl RecordStream {
    /// Opens an object, reads its header, and continues at `from`.
    ///
    /// # Errors
    ///
    /// Where the object cannot be read, or its header does not fit the contract.
    pub async fn open(
        input: &Input<'_>,
        dataset: &Dataset,
        from: Checkpoint,
        hash_state: Option<&[u8]>,
    ) -> Result<(Self, Header)> {
        let settings = input.settings;
        let format = input.format(dataset).await?;
        check_skip(dataset, format)?;
        let sheet = if input.entry(dataset).is_some() { "" } else { input.part };
        let options = reader_options(settings, dataset, sheet);
        let mut opened = Self::start(input, dataset, format, &options).await?;
        let header_rows = format.header_rows(dataset.file.header_rows);
        let mut header = opened.read_header(settings, dataset, header_rows).await?;
        header.encoding = opened.bytes.as_ref().and_then(DecodedStream::encoding);
        if from.offset > 0 {
            if header_rows == 0 && opened.bytes.is_some() {
                // The first record tells the delimiter, which holds for the whole file.
                opened.next(&mut Record::new()).await?;
            }
            opened.reader = opened.reader.resume(from.line + 1, from.offset);
            opened.read_to = from.offset;
            if let Some(bytes) = &mut opened.bytes {
                bytes.resume(input, dataset, from.offset, hash_state).await?;
            }
        }
        header.delimiter = opened.reader.delimiter().unwrap_or_default().to_vec();
        Ok((opened, header))
    }

    async fn start(
        input: &Input<'_>,
        dataset: &Dataset,
        format: Format,
        options: &ReaderOptions,
    ) -> Result<Self> {
        if let Some(reader) = format.open_stream(options) {
            let bytes = Some(DecodedStream::open(input, dataset, format).await?);
            let (read_to, has_text, spooled) = (0, false, None);
            return Ok(RecordStream { bytes, reader, read_to, has_text, spooled });
        }
        let spooled = input.spooled_content(dataset).await?;
        match format.open_spooled(Box::new(spooled.file.at(0)), options) {
            Some(reader) => {
                let reader = reader.map_err(records_error)?;
                let (read_to, has_text, spooled) = (0, true, Some(spooled));
                Ok(RecordStream { bytes: None, reader, read_to, has_text, spooled })
            }
            None => {
                let message = format!("format `{}` cannot be read", format.name());
                Err(Error::new(ErrorKind::UnsupportedFormat, Stage::Records, message))
            }
        }
    }

    /// Reads the header. A file without any text has no rows, so that it needs no header.
    async fn read_header(
        &mut self,
        settings: &Settings,
        dataset: &Dataset,
        header_rows: usize,
    ) -> Result<Header> {
        let mut records = Vec::with_capacity(header_rows);
        while records.len() < header_rows {
            let mut record = Record::new();
            if !self.next(&mut record).await? {
                if self.bytes.is_some() && !self.has_text {
                    return Ok(Header::by_position(dataset));
                }
                return Err(file_header::no_header(dataset, records.len()));
            }
            records.push(record);
        }
        if records.is_empty() {
            return Ok(Header::by_position(dataset));
        }
        let delimiter = self.reader.delimiter().filter(|_| self.bytes.is_some());
        file_header::header_of_records(settings, dataset, &records, delimiter)
    }

    /// Reads the next record; false at the end.
    ///
    /// # Errors
    ///
    /// Where the object ends early, or the end of a record cannot be found.
    pub async fn next(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            match self.reader.next(record).map_err(records_error)? {
                Step::Record => {
                    self.read_to = record.end_offset();
                    return Ok(true);
                }
                Step::End => return Ok(false),
                Step::NeedMore => {
                    let chunk = match &mut self.bytes {
                        Some(bytes) => {
                            bytes.hash_to(self.read_to);
                            bytes.next().await?
                        }
                        None => None,
                    };
                    match chunk {
                        Some(chunk) => {
                            self.has_text = self.has_text || has_text(&chunk);
                            self.reader.push(&chunk);
                        }
                        None => self.reader.end(),
                    }
                }
            }
        }
    }

    /// The state of the object's hash at an offset of the decoded text.
    pub(crate) fn hash_state_at(&mut self, offset: u64) -> Option<Vec<u8>> {
        self.bytes.as_mut()?.hash_to(offset)
    }

    /// The name of the sheet that the records are from; `None` where the file has no sheets.
    pub fn sheet(&self) -> Option<&str> {
        self.reader.sheet()
    }

    /// The SHA-256 of the object; `None` until all of it has been read.
    pub fn content_hash(&mut self) -> Option<Vec<u8>> {
        match &mut self.bytes {
            Some(bytes) => bytes.content_hash(),
            None => self.spooled.as_ref()?.content_hash.clone(),
        }
    }

    /// Whether the object's ETag is the MD5 of its content.
    pub(crate) fn etag_is_md5(&self) -> bool {
        let is_md5 = self.spooled.as_ref().is_some_and(|spooled| spooled.etag_is_md5);
        self.bytes.as_ref().map_or(is_md5, DecodedStream::etag_is_md5)
    }
}

/// The row writer of a dataset for an object with this header. `facts` is what the object says besides
/// its content.
///
/// # Errors
///
/// [`ErrorKind::BadSetting`] where the dataset hashes values and no salt is set;
/// [`ErrorKind::BadFile`] where a value that the object's key or name has does not fit its column.
pub(super) fn writer(
    settings: &Settings,
    dataset: &Dataset,
    header: &Header,
    facts: &ObjectFacts<'_>,
    enrichers: &[Arc<Enricher>],
) -> Result<RowWriter> {
    let hashes = dataset.columns.iter().any(|column| column.protect == Some(Protect::Sha256));
    if hashes && settings.salt.is_none() {
        let message = format!(
            "dataset `{}` protects values by hashing them: set {STARDROP_SALT} to a long secret",
            dataset.name
        );
        return Err(Error::new(ErrorKind::BadSetting, Stage::Settings, message));
    }
    let salt = settings.salt.as_ref().map_or("", |salt| salt.reveal());
    let values = LoadValues::new(dataset, header, facts).map_err(bad_value)?;
    let writer = RowWriter::new(dataset, header, salt).with_load_values(values);
    Ok(writer.with_enrichers(dataset, enrichers))
}

/// The error of a value of the object that does not fit its column.
pub(super) fn bad_value(message: String) -> Error {
    Error::new(ErrorKind::BadFile, Stage::Rows, message)
}

/// Refuses a file without the rows that the contract leaves out at its start or end.
fn check_skip(dataset: &Dataset, format: Format) -> Result<()> {
    let name = match (dataset.file.skip, dataset.file.skip_footer) {
        _ if format.has_other_rows() => return Ok(()),
        (0, 0) => return Ok(()),
        (0, _) => "skip_footer",
        _ => "skip",
    };
    let message = format!(
        "{name} is for CSV and workbooks, and this file is {}: remove {name}, or give these files a \
         dataset of their own",
        format.name()
    );
    Err(Error::new(ErrorKind::UnsupportedFormat, Stage::Records, message))
}

fn reader_options(settings: &Settings, dataset: &Dataset, sheet: &str) -> ReaderOptions {
    let file = &dataset.file;
    let csv = CsvOptions {
        delimiter: file.delimiter.clone().map_or(Delimiter::Detect, Delimiter::Text),
        quote: file.quote,
        escape: file.escape,
        comment: file.comment,
        trailing_comment: file.trailing_comment,
        record_end: file.record_end.clone(),
        escaped_nulls: escaped_nulls(file),
        skip: file.skip,
        trim: file.trim,
        header_rows: file.header_rows,
        skip_footer: file.skip_footer,
        trailing_delimiter: file.trailing_delimiter,
        max_record_bytes: settings.max_row_bytes,
    };
    let names = dataset.file_columns().map(|column| column.source.names().to_vec()).collect();
    let protected = dataset.file_columns().map(|column| column.protect.is_some()).collect();
    ReaderOptions {
        csv,
        names,
        protected,
        sheet: Some(sheet.to_owned()).filter(|sheet| !sheet.is_empty()),
        records: file.records.clone(),
    }
}

/// The null texts of the contract in which an escape occurs.
fn escaped_nulls(file: &FileOptions) -> Vec<Vec<u8>> {
    let has_escape = |null: &&String| file.escape.is_some_and(|at| null.as_bytes().contains(&at));
    file.null.iter().filter(has_escape).map(|null| null.clone().into_bytes()).collect()
}

/// Whether there is more than line ends, byte order marks and a Ctrl-Z.
fn has_text(chunk: &[u8]) -> bool {
    !chunk.iter().all(|byte| b"\n\r\x1a\xef\xbb\xbf".contains(byte))
}

pub(super) fn records_error(error: RecordError) -> Error {
    Error::new(error.kind, Stage::Records, error.to_string())
}
