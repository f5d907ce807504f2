//! Records: the bytes of an object and the reader of its format, joined into a stream of records.

use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::Checkpoint;
use crate::object::{ContentHash, ObjectRef, ObjectStream, Source};
use crate::records::{
    CsvOptions, CsvReader, Delimiter, Format, Record, RecordError, RecordReader, Step, Unsupported,
};
use crate::rows::Header;
use crate::settings::Settings;

/// Pulls records out of an object, holding no more of it than a record and a chunk.
pub(super) struct RecordStream {
    stream: ObjectStream,
    reader: CsvReader,
    /// Where the record ends that was returned last.
    read_to: u64,
}

impl RecordStream {
    /// Opens an object at `from` and reads its header, which stands at its start in any case.
    ///
    /// # Errors
    ///
    /// Where the object cannot be read, or its header breaks the contract.
    pub async fn open(
        source: &Source,
        settings: &Settings,
        dataset: &Dataset,
        object: &ObjectRef,
        from: Checkpoint,
        hash_state: Option<&[u8]>,
    ) -> Result<(Self, Header)> {
        check_format(dataset, object)?;
        let options = csv_options(settings, dataset);
        let reader = CsvReader::new(options.clone());
        let mut stream = source.open(object, 0).await?;
        if from.offset == 0 && !object.is_local_file() {
            stream.hash_with(ContentHash::default());
        }
        let mut opened = RecordStream { stream, reader, read_to: 0 };
        let mut record = Record::new();
        let header = if dataset.file.header {
            if !opened.next(&mut record).await? {
                return Err(bad_file("the file is empty: expected a header".to_owned()));
            }
            read_header(settings, dataset, &record)?
        } else {
            if from.offset > 0 {
                // The delimiter is the first record's, wherever a load goes on.
                opened.next(&mut record).await?;
            }
            Header::by_position(dataset)
        };
        if from.offset > 0 {
            let delimiter = match opened.reader.delimiter() {
                Some(byte) => Delimiter::Byte(byte),
                None => options.delimiter,
            };
            let options = CsvOptions { delimiter, ..options };
            opened.reader = CsvReader::resume_at(options, from.line + 1, from.offset);
            opened.stream = source.open(object, from.offset).await?;
            opened.read_to = from.offset;
            if let Some(hash) = hash_state.and_then(|h| ContentHash::resume(h, from.offset)) {
                opened.stream.hash_with(hash);
            }
        }
        Ok((opened, header))
    }

    /// The next record; false at the end.
    ///
    /// # Errors
    ///
    /// Where the object breaks off, or a record cannot be told from the next.
    pub async fn next(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            match self.reader.next(record).map_err(records_error)? {
                Step::Record => {
                    self.read_to = record.end_offset();
                    return Ok(true);
                }
                Step::End => return Ok(false),
                Step::NeedMore => {
                    self.stream.hash_to(self.read_to);
                    match self.stream.next_chunk().await? {
                        Some(chunk) => self.reader.push(&chunk),
                        None => self.reader.end(),
                    }
                }
            }
        }
    }
}

impl RecordStream {
    /// The state of the object's hash at a checkpoint.
    pub fn hash_state_at(&mut self, offset: u64) -> Option<Vec<u8>> {
        self.stream.hash_to(offset)
    }

    /// The object's hash, once all of it has been read.
    pub fn content_hash(&mut self) -> Option<Vec<u8>> {
        self.stream.content_hash()
    }

    /// Whether the object's etag is a hash of its bytes.
    pub fn etag_is_md5(&self) -> bool {
        self.stream.etag_is_md5()
    }
}

fn check_format(dataset: &Dataset, object: &ObjectRef) -> Result<()> {
    let format = match &dataset.file.format {
        Some(name) => Format::from_name(name),
        None => Format::from_key(&object.key),
    };
    format.map(drop).map_err(|Unsupported(message)| {
        Error::new(ErrorKind::UnsupportedFormat, Stage::Decode, message)
    })
}

fn csv_options(settings: &Settings, dataset: &Dataset) -> CsvOptions {
    CsvOptions {
        delimiter: dataset.file.delimiter.map_or(Delimiter::Detect, Delimiter::Byte),
        max_record_bytes: settings.max_row_bytes,
        has_header: dataset.file.header,
    }
}

fn read_header(settings: &Settings, dataset: &Dataset, record: &Record) -> Result<Header> {
    if record.len() > settings.max_columns {
        let message = format!(
            "the header has {} columns, more than {} (STARDROP_MAX_COLUMNS)",
            record.len(),
            settings.max_columns
        );
        return Err(Error::new(ErrorKind::OverLimit, Stage::Rows, message));
    }
    if record.iter().any(|name| name.contains(&0)) {
        return Err(bad_file("a name in the header holds a NUL".to_owned()));
    }
    let names: Vec<&str> = record
        .iter()
        .map(std::str::from_utf8)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| bad_file("the header is not UTF-8".to_owned()).caused_by(error))?;
    Header::by_name(dataset, &names).map_err(|error| bad_file(error.to_string()))
}

fn bad_file(message: String) -> Error {
    Error::new(ErrorKind::BadFile, Stage::Rows, message)
}

fn records_error(error: RecordError) -> Error {
    Error::new(error.kind, Stage::Records, error.to_string())
}
