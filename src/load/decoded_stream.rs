//! Decoded stream: reads an object and returns its decompressed UTF-8 bytes, from any offset of the
//! decoded text.

use bytes::Bytes;

use super::archive_entry::EntryStream;
use super::hashed_stream::open_hashed;
use super::input::Input;
use crate::dataset::Dataset;
use crate::decode::{self, DecodeOptions, Decoded, Decoder};
use crate::decode::{MAX_ZIP_DIRECTORY_BYTES, ZIP_TAIL_BYTES};
use crate::error::Result;
use crate::object::{ContentHash, ObjectRef, ObjectStream, Source};
use crate::records::Format;

/// The decoded bytes of one object.
pub(super) struct DecodedStream {
    stream: Chunks,
    decoder: Decoder,
    options: DecodeOptions,
    /// The number of decoded bytes that are still to be skipped.
    skip: u64,
}

/// The bytes as they are stored.
enum Chunks {
    Object(Box<ObjectStream>),
    Entry(EntryStream),
}

impl Chunks {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        match self {
            Chunks::Object(stream) => stream.next_chunk().await,
            Chunks::Entry(stream) => stream.next_chunk(),
        }
    }
}

impl DecodedStream {
    /// Opens an object at its first byte.
    ///
    /// # Errors
    ///
    /// Those of opening the object.
    pub async fn open(
        input: &Input<'_>,
        dataset: &Dataset,
        format: Format,
    ) -> Result<DecodedStream> {
        let Input { source, object, .. } = *input;
        let options = DecodeOptions {
            encoding: dataset.file.encoding,
            replace_invalid: dataset.file.replace_invalid,
            needs_valid_text: format.needs_valid_text(),
            ..input.limits()
        };
        let mut stream = Self::start(input, dataset).await?;
        let mut decoder = Decoder::new(options.clone());
        if let Some(first) = stream.next().await? {
            if let (Chunks::Object(stream), true) = (&stream, decode::is_zip(&first)) {
                check_zip(source, object, &first, stream.size_bytes()).await?;
            }
            decoder.push(first);
        }
        Ok(DecodedStream { stream, decoder, options, skip: 0 })
    }

    async fn start(input: &Input<'_>, dataset: &Dataset) -> Result<Chunks> {
        Ok(match input.entry(dataset) {
            None => Chunks::Object(Box::new(open_hashed(input.source, input.object).await?)),
            Some(name) => {
                let spooled = input.spooled().await?;
                Chunks::Entry(EntryStream::open(&spooled, name, &input.limits())?)
            }
        })
    }

    /// Continues at `offset` of the decoded text, after the beginning was read. A plain object is read
    /// from there; any other is read from its start, because the position of that byte in the
    /// compressed or encoded object is not known.
    ///
    /// # Errors
    ///
    /// Those of opening the object again.
    pub async fn resume(
        &mut self,
        input: &Input<'_>,
        dataset: &Dataset,
        offset: u64,
        hash_state: Option<&[u8]>,
    ) -> Result<()> {
        let Input { source, object, .. } = *input;
        if self.decoder.is_plain() && matches!(self.stream, Chunks::Object(_)) {
            self.decoder = Decoder::plain();
            let mut stream = source.open(object, offset).await?;
            if let Some(hash) = hash_state.and_then(|h| ContentHash::resume(h, offset)) {
                stream.hash_with(hash);
            }
            self.stream = Chunks::Object(Box::new(stream));
        } else {
            self.decoder = Decoder::new(self.options.clone());
            self.stream = Self::start(input, dataset).await?;
            self.skip = offset;
        }
        Ok(())
    }

    /// Hashes the object up to `offset` of the decoded text. Returns the state of the hash there, if
    /// the object is plain, so that the offset is one of the object, too.
    pub(crate) fn hash_to(&mut self, offset: u64) -> Option<Vec<u8>> {
        let Chunks::Object(stream) = &mut self.stream else { return None };
        if self.decoder.is_plain() {
            return stream.hash_to(offset);
        }
        stream.hash_to(stream.offset());
        None
    }

    /// The SHA-256 of the object; `None` until all of it has been read.
    pub fn content_hash(&mut self) -> Option<Vec<u8>> {
        match &mut self.stream {
            Chunks::Object(stream) => stream.content_hash(),
            Chunks::Entry(stream) => stream.content_hash.clone(),
        }
    }

    /// The name of the text's encoding; `None` until the first bytes have been read.
    pub(crate) fn encoding(&self) -> Option<&'static str> {
        self.decoder.encoding()
    }

    /// Whether the object's ETag is the MD5 of its content.
    pub(crate) fn etag_is_md5(&self) -> bool {
        match &self.stream {
            Chunks::Object(stream) => stream.etag_is_md5(),
            Chunks::Entry(stream) => stream.etag_is_md5,
        }
    }

    /// The next bytes, at least one; `None` at the end.
    ///
    /// # Errors
    ///
    /// Where the object ends early, or its content cannot be decoded.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            match self.decoder.next()? {
                Decoded::Bytes(mut bytes) => {
                    let skipped = self.skip.min(bytes.len() as u64);
                    self.skip -= skipped;
                    let rest = bytes.split_off(skipped as usize);
                    if !rest.is_empty() {
                        return Ok(Some(rest));
                    }
                }
                Decoded::NeedMore => match self.stream.next().await? {
                    Some(chunk) => self.decoder.push(chunk),
                    None => self.decoder.end(),
                },
                Decoded::End => return Ok(None),
            }
        }
    }
}

/// Refuses a zip archive of several files by its directory, which is at its end, so that nothing of it is
/// loaded.
async fn check_zip(
    source: &Source,
    object: &ObjectRef,
    first: &Bytes,
    size_bytes: u64,
) -> Result<()> {
    if first.len() as u64 == size_bytes {
        return Ok(decode::check_zip(first, 0).map(drop)?);
    }
    let from = size_bytes.saturating_sub(ZIP_TAIL_BYTES);
    let tail = read(source, object, from, ZIP_TAIL_BYTES).await?;
    if let Some(start) = decode::check_zip(&tail, from)? {
        let directory = read(source, object, start, MAX_ZIP_DIRECTORY_BYTES).await?;
        decode::check_zip_directory(&directory)?;
    }
    Ok(())
}

/// The bytes of an object from an offset on, at most `limit`.
async fn read(source: &Source, object: &ObjectRef, from: u64, limit: u64) -> Result<Vec<u8>> {
    let (mut stream, mut bytes) = (source.open(object, from).await?, Vec::new());
    while (bytes.len() as u64) < limit
        && let Some(chunk) = stream.next_chunk().await?
    {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
