//! Archive entry: the bytes of one entry of an archive that is in a temporary file.

use std::io::{self, Read};

use bytes::Bytes;

use super::spooled_object::{SpooledObject, write_error};
use crate::archive::read_error;
use crate::decode::{self, DecodeOptions};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::records::SharedFile;

/// How many bytes of an entry are read at once.
const CHUNK_BYTES: u64 = 256 << 10;

/// The stream of an entry's bytes.
pub(super) struct EntryStream {
    reader: Box<dyn Read + Send>,
    name: String,
    has_started: bool,
    /// What is known of the object that the archive is.
    pub content_hash: Option<Vec<u8>>,
    pub etag_is_md5: bool,
}

impl EntryStream {
    /// Opens an entry at its first byte.
    ///
    /// # Errors
    ///
    /// The object is not an archive, or does not have the entry, or it cannot be read.
    pub fn open(spooled: &SpooledObject, name: &str, limits: &DecodeOptions) -> Result<Self> {
        let archive = spooled.archive(limits)?;
        let reader = archive.open_entry(name)?;
        let (content_hash, etag_is_md5) = (spooled.content_hash.clone(), spooled.etag_is_md5);
        Ok(EntryStream {
            reader,
            name: name.to_owned(),
            has_started: false,
            content_hash,
            etag_is_md5,
        })
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// The entry is damaged, or an archive itself.
    pub fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        let mut chunk = Vec::new();
        let read = self.reader.by_ref().take(CHUNK_BYTES).read_to_end(&mut chunk);
        read.map_err(|error| read_error(&error))?;
        if !std::mem::replace(&mut self.has_started, true)
            && (decode::is_zip(&chunk) || decode::is_tar(&chunk))
        {
            let message = format!(
                "the entry `{}` is an archive itself, which is not read: put its files into the outer archive",
                self.name
            );
            return Err(Error::new(ErrorKind::BadFile, Stage::Decode, message));
        }
        Ok(Some(Bytes::from(chunk)).filter(|chunk| !chunk.is_empty()))
    }
}

/// Copies an entry into a temporary file of its own, for formats whose directory is at their end.
///
/// # Errors
///
/// Those of [`EntryStream::open`]; the entry is damaged; the temporary file cannot be written.
pub(super) fn spool(
    spooled: &SpooledObject,
    name: &str,
    limits: &DecodeOptions,
) -> Result<SpooledObject> {
    let mut reader = spooled.archive(limits)?.open_entry(name)?;
    let mut file = tempfile::tempfile().map_err(write_error)?;
    io::copy(&mut reader, &mut file).map_err(|error| match read_error(&error) {
        fault if fault.kind == ErrorKind::ObjectUnreadable => write_error(error),
        fault => fault.into(),
    })?;
    let file = SharedFile::new(Box::new(file)).map_err(write_error)?;
    Ok(spooled.with_content(file))
}
