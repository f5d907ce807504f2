//! Records: the bytes of an object, decoded, and the reader of its format, joined into a stream of
//! records.

use super::feed::{self, Feed};
use crate::dataset::{Dataset, Protect};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::ledger::Checkpoint;
use crate::object::{ObjectRef, Source};
use crate::records::{
    CsvOptions, Delimiter, Format, ReaderOptions, Record, RecordError, RecordReader, Step,
    Unsupported,
};
use crate::rows::{Header, RowWriter};
use crate::settings::{STARDROP_SALT, Settings};

/// Pulls records out of an object, holding no more of it than a record and a chunk.
pub(super) struct RecordStream {
    /// `None` where the reader has the whole file.
    feed: Option<Feed>,
    reader: Box<dyn RecordReader>,
    /// Where the record ends that was returned last.
    read_to: u64,
    /// The hash of a file that the reader has whole.
    spooled: feed::Spooled,
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
        let format = format_of(dataset, object)?;
        let options = reader_options(settings, dataset);
        let mut opened = Self::start(source, settings, dataset, object, format, &options).await?;
        let mut record = Record::new();
        let has_header = dataset.file.header && !format.is_named();
        let mut header = if has_header {
            if !opened.next(&mut record).await? {
                return Err(bad_file("the file is empty: expected a header".to_owned()));
            }
            read_header(settings, dataset, &record)?
        } else {
            Header::by_position(dataset)
        };
        if from.offset > 0 {
            if !has_header && opened.feed.is_some() {
                // What the first record tells of the file holds wherever a load goes on.
                opened.next(&mut record).await?;
            }
            opened.reader = opened.reader.resume(from.line + 1, from.offset);
            opened.read_to = from.offset;
            if let Some(feed) = &mut opened.feed {
                feed.go_on(source, object, from.offset, hash_state).await?;
            }
        }
        header.delimiter = opened.reader.delimiter().unwrap_or_default().to_vec();
        Ok((opened, header))
    }

    async fn start(
        source: &Source,
        settings: &Settings,
        dataset: &Dataset,
        object: &ObjectRef,
        format: Format,
        options: &ReaderOptions,
    ) -> Result<Self> {
        if let Some(reader) = format.open_stream(options) {
            let feed = Feed::open(source, settings, dataset, object).await?;
            let spooled = feed::Spooled::default();
            return Ok(RecordStream { feed: Some(feed), reader, read_to: 0, spooled });
        }
        let (file, spooled) = feed::spool(source, settings, object).await?;
        match format.open_spooled(Box::new(file), options) {
            Some(reader) => {
                let reader = reader.map_err(records_error)?;
                Ok(RecordStream { feed: None, reader, read_to: 0, spooled })
            }
            None => {
                let message = format!("format `{}` cannot be read", format.name());
                Err(Error::new(ErrorKind::UnsupportedFormat, Stage::Records, message))
            }
        }
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
                    let chunk = match &mut self.feed {
                        Some(feed) => {
                            feed.hash_to(self.read_to);
                            feed.next().await?
                        }
                        None => None,
                    };
                    match chunk {
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
        self.feed.as_mut()?.hash_to(offset)
    }

    /// The object's hash, once all of it has been read.
    pub fn content_hash(&mut self) -> Option<Vec<u8>> {
        match &mut self.feed {
            Some(feed) => feed.content_hash(),
            None => self.spooled.content_hash.clone(),
        }
    }

    /// Whether the object's etag is a hash of its bytes.
    pub fn etag_is_md5(&self) -> bool {
        self.feed.as_ref().map_or(self.spooled.etag_is_md5, Feed::etag_is_md5)
    }
}

/// The header of an object, as its load has read it.
///
/// # Errors
///
/// As those of opening it for a load.
pub async fn header_of(
    source: &Source,
    settings: &Settings,
    dataset: &Dataset,
    object: &ObjectRef,
) -> Result<Header> {
    let object = source.identify(object).await?;
    let start = Checkpoint::default();
    let (_, header) = RecordStream::open(source, settings, dataset, &object, start, None).await?;
    Ok(header)
}

/// The writer of a dataset's rows.
///
/// # Errors
///
/// Where the dataset hashes values and no salt is set.
pub(super) fn writer(settings: &Settings, dataset: &Dataset, header: &Header) -> Result<RowWriter> {
    let hashes = dataset.columns.iter().any(|column| column.protect == Some(Protect::Sha256));
    if hashes && settings.salt.is_none() {
        let message = format!(
            "dataset `{}` protects values by hashing them: set {STARDROP_SALT} to a long secret",
            dataset.name
        );
        return Err(Error::new(ErrorKind::BadSetting, Stage::Settings, message));
    }
    let salt = settings.salt.as_ref().map_or("", |salt| salt.reveal());
    Ok(RowWriter::new(dataset, header, salt))
}

fn format_of(dataset: &Dataset, object: &ObjectRef) -> Result<Format> {
    let format = match &dataset.file.format {
        Some(name) => Format::from_name(name),
        None => Format::from_key(&object.key),
    };
    format.map_err(|Unsupported(message)| {
        Error::new(ErrorKind::UnsupportedFormat, Stage::Decode, message)
    })
}

fn reader_options(settings: &Settings, dataset: &Dataset) -> ReaderOptions {
    let file = &dataset.file;
    let csv = CsvOptions {
        delimiter: file.delimiter.clone().map_or(Delimiter::Detect, Delimiter::Text),
        quote: file.quote,
        escape: file.escape,
        comment: file.comment,
        skip: file.skip,
        trim: file.trim,
        max_record_bytes: settings.max_row_bytes,
        has_header: file.header,
    };
    let names = dataset.columns.iter().map(|column| column.sources.clone()).collect();
    ReaderOptions { csv, names, sheet: file.sheet.clone() }
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
        let message =
            "a name in the header holds a NUL: if the file is UTF-16, set [file] encoding";
        return Err(bad_file(message.to_owned()));
    }
    let names: Vec<String> = if dataset.file.replace_invalid {
        record.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    } else {
        record
            .iter()
            .map(|name| std::str::from_utf8(name).map(str::to_owned))
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| {
                let message = "the header is not UTF-8: set [file] encoding";
                bad_file(message.to_owned()).caused_by(error)
            })?
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let header = Header::by_name(dataset, &names).map_err(|error| bad_file(error.to_string()))?;
    Ok(Header { raw: record.raw().to_vec(), ..header })
}

fn bad_file(message: String) -> Error {
    Error::new(ErrorKind::BadFile, Stage::Rows, message)
}

fn records_error(error: RecordError) -> Error {
    Error::new(error.kind, Stage::Records, error.to_string())
}
