//! Feed: an object's stream in, decoded bytes out, from any place of the decoded text.

use std::fs::File;
use std::io::Write as _;

use bytes::Bytes;

use crate::dataset::Dataset;
use crate::decode::{DecodeError, DecodeOptions, Decoded, Decoder};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::object::{ContentHash, ObjectRef, ObjectStream, Source};
use crate::settings::Settings;

/// The decoded bytes of one object.
pub(super) struct Feed {
    stream: ObjectStream,
    decoder: Decoder,
    options: DecodeOptions,
    /// So many decoded bytes are still to be passed over.
    skip: u64,
}

impl Feed {
    /// Opens an object at its first byte.
    ///
    /// # Errors
    ///
    /// Where the object cannot be opened.
    pub async fn open(
        source: &Source,
        settings: &Settings,
        dataset: &Dataset,
        object: &ObjectRef,
    ) -> Result<Feed> {
        let options = DecodeOptions {
            encoding: dataset.file.encoding,
            replace_invalid: dataset.file.replace_invalid,
            max_bytes: settings.max_unpacked_bytes,
            max_ratio: settings.max_ratio,
        };
        let stream = open_hashed(source, object).await?;
        Ok(Feed { stream, decoder: Decoder::new(options.clone()), options, skip: 0 })
    }

    /// Goes on at `offset` of the decoded text, after some of it was read: a plain object is read
    /// from there, all others from their start, since nothing tells where that byte is in them.
    ///
    /// # Errors
    ///
    /// Where the object cannot be opened once more.
    pub async fn go_on(
        &mut self,
        source: &Source,
        object: &ObjectRef,
        offset: u64,
        hash_state: Option<&[u8]>,
    ) -> Result<()> {
        if self.decoder.is_plain() {
            self.decoder = Decoder::plain();
            self.stream = source.open(object, offset).await?;
            if let Some(hash) = hash_state.and_then(|h| ContentHash::resume(h, offset)) {
                self.stream.hash_with(hash);
            }
        } else {
            self.decoder = Decoder::new(self.options.clone());
            self.stream = open_hashed(source, object).await?;
            self.skip = offset;
        }
        Ok(())
    }

    /// Hashes the object up to `offset` of the decoded text; the state of the hash there, where a
    /// place of the text is one of the object.
    pub fn hash_to(&mut self, offset: u64) -> Option<Vec<u8>> {
        if self.decoder.is_plain() {
            return self.stream.hash_to(offset);
        }
        self.stream.hash_to(self.stream.offset());
        None
    }

    /// The object's hash, once all of it has been read.
    pub fn content_hash(&mut self) -> Option<Vec<u8>> {
        self.stream.content_hash()
    }

    /// Whether the object's etag is a hash of its bytes.
    pub fn etag_is_md5(&self) -> bool {
        self.stream.etag_is_md5()
    }

    /// The next bytes, never none; `None` at the end.
    ///
    /// # Errors
    ///
    /// Where the object breaks off, or what it holds cannot be decoded.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            match self.decoder.next().map_err(decode_error)? {
                Decoded::Bytes(mut bytes) => {
                    let passed = self.skip.min(bytes.len() as u64);
                    self.skip -= passed;
                    let rest = bytes.split_off(passed as usize);
                    if !rest.is_empty() {
                        return Ok(Some(rest));
                    }
                }
                Decoded::NeedMore => match self.stream.next_chunk().await? {
                    Some(chunk) => self.decoder.push(chunk),
                    None => self.decoder.end(),
                },
                Decoded::End => return Ok(None),
            }
        }
    }
}

/// A local file needs no hash of its own: its etag holds one.
async fn open_hashed(source: &Source, object: &ObjectRef) -> Result<ObjectStream> {
    let mut stream = source.open(object, 0).await?;
    if !object.is_local_file() {
        stream.hash_with(ContentHash::default());
    }
    Ok(stream)
}

/// What is known of an object once it lies in a file.
#[derive(Debug, Default)]
pub(super) struct Spooled {
    pub content_hash: Option<Vec<u8>>,
    pub etag_is_md5: bool,
}

/// Copies an object into a file without a name, for formats that begin at their end.
///
/// # Errors
///
/// Where the object cannot be read, or is larger than the limit.
pub(super) async fn spool(
    source: &Source,
    settings: &Settings,
    object: &ObjectRef,
) -> Result<(File, Spooled)> {
    let unwritten = |error: std::io::Error| {
        let message = "the temporary folder cannot hold the file (on AWS: more `tmp_mb` in infra/)";
        Error::new(ErrorKind::ObjectUnreadable, Stage::Decode, message).caused_by(error)
    };
    let mut stream = open_hashed(source, object).await?;
    if stream.size_bytes() > settings.max_unpacked_bytes {
        let limit = settings.max_unpacked_bytes;
        let message = format!("the file has more than {limit} bytes (STARDROP_MAX_UNPACKED_BYTES)");
        return Err(Error::new(ErrorKind::OverLimit, Stage::Decode, message));
    }
    let mut file = tempfile::tempfile().map_err(unwritten)?;
    while let Some(chunk) = stream.next_chunk().await? {
        file.write_all(&chunk).map_err(unwritten)?;
        stream.hash_to(stream.offset());
    }
    let (content_hash, etag_is_md5) = (stream.content_hash(), stream.etag_is_md5());
    Ok((file, Spooled { content_hash, etag_is_md5 }))
}

fn decode_error(error: DecodeError) -> Error {
    Error::new(error.kind, Stage::Decode, error.message)
}
