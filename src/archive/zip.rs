//! Lists the entries of a zip archive by its directory, and decompresses one of them.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::entry::{Entry, plain_name};
use super::{MAX_ENTRIES, read_error, too_many_entries};
use crate::decode::{
    self, DecodeError, DecodeOptions, MAX_ZIP_DIRECTORY_BYTES, RATIO_FLOOR_BYTES, ZIP_TAIL_BYTES,
};
use crate::error::ErrorKind;
use crate::records::SharedFile;

fn damaged() -> DecodeError {
    DecodeError::bad_file("the zip archive is damaged: its directory cannot be read")
}

/// Lists the entries.
///
/// # Errors
///
/// The archive is damaged or has something around it; its entries overlap or are too large.
pub(super) fn list(file: &SharedFile, options: &DecodeOptions) -> Result<Vec<Entry>, DecodeError> {
    check_around(file)?;
    let mut archive = ZipArchive::new(BufReader::new(file.at(0))).map_err(|_| damaged())?;
    if archive.len() > MAX_ENTRIES {
        return Err(too_many_entries());
    }
    if archive.has_duplicate_names() {
        let message = "the archive has two entries of the same name: give each a name of its own";
        return Err(DecodeError::bad_file(message));
    }
    if archive.has_overlapping_entries().map_err(|_| damaged())? {
        return Err(DecodeError::bad_file("the entries of the zip archive overlap"));
    }
    let (mut entries, mut size, mut stored) = (Vec::new(), 0_u64, 0_u64);
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(|_| damaged())?;
        let name = file.name().map_err(|_| damaged())?.replace('\\', "/");
        if file.is_dir() || name.ends_with('/') || decode::is_ignored_entry(name.as_bytes()) {
            continue;
        }
        size = size.saturating_add(file.size());
        stored = stored.saturating_add(file.compressed_size());
        let fault = match file.compression() {
            _ if file.encrypted() => Some("is encrypted: archive it without a password"),
            _ if file.is_symlink() => Some("is a link: archive the file itself"),
            CompressionMethod::Stored | CompressionMethod::Deflated => None,
            _ => Some("is compressed by a method that is not supported: use deflate"),
        };
        entries.push(Entry {
            name: plain_name(&name).to_owned(),
            position: file.data_start().ok_or_else(damaged)?,
            stored: file.compressed_size(),
            size: file.size(),
            crc: Some(file.crc32()),
            is_deflated: file.compression() == CompressionMethod::Deflated,
            fault: fault.map(str::to_owned),
        });
    }
    check_size(size, stored, options)?;
    Ok(entries)
}

/// Refuses an archive with something around it, and one whose directory is too long to be held in memory.
fn check_around(file: &SharedFile) -> Result<(), DecodeError> {
    let from = file.len.saturating_sub(ZIP_TAIL_BYTES);
    let mut tail = Vec::new();
    file.at(from).read_to_end(&mut tail).map_err(|error| read_error(&error))?;
    match decode::check_around_zip(&tail, from)? {
        Some(start) if file.len.saturating_sub(start) > MAX_ZIP_DIRECTORY_BYTES => {
            Err(too_many_entries())
        }
        _ => Ok(()),
    }
}

fn check_size(size: u64, stored: u64, options: &DecodeOptions) -> Result<(), DecodeError> {
    let over = |message| Err(DecodeError { kind: ErrorKind::OverLimit, message });
    if size > options.max_bytes {
        return over(format!(
            "the entries of the archive have more than {} bytes (STARDROP_MAX_DECOMPRESSED_BYTES)",
            options.max_bytes
        ));
    }
    if size > RATIO_FLOOR_BYTES && size / options.max_ratio.max(1) > stored {
        return over(format!(
            "the entries of the archive decompress to more than {} times their size (STARDROP_MAX_RATIO)",
            options.max_ratio
        ));
    }
    Ok(())
}

/// The bytes of an entry that has no fault.
pub(super) fn open(file: &SharedFile, entry: &Entry) -> Box<dyn Read + Send> {
    let mut file = file.at(0);
    // Any position can be sought; one behind the end has no bytes.
    let _ = file.seek(SeekFrom::Start(entry.position));
    let stored = BufReader::new(file.take(entry.stored));
    let from: Box<dyn Read + Send> =
        if entry.is_deflated { Box::new(DeflateDecoder::new(stored)) } else { Box::new(stored) };
    Box::new(Checked {
        from,
        name: entry.name.clone(),
        left: entry.size,
        crc: Crc::new(),
        wanted: entry.crc.unwrap_or_default(),
    })
}

/// The bytes of an entry, whose number and checksum are compared with those of the directory.
struct Checked {
    from: Box<dyn Read + Send>,
    name: String,
    left: u64,
    crc: Crc,
    wanted: u32,
}

impl Checked {
    fn fault(&self, why: &str) -> io::Error {
        let message = format!("the entry `{}` is damaged: {why}", self.name);
        io::Error::other(DecodeError::bad_file(message))
    }
}

impl Read for Checked {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let count = match self.from.read(bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(_) => return Err(self.fault("it cannot be decompressed")),
        };
        if count == 0 {
            if self.left > 0 {
                return Err(self.fault("it ends too early"));
            }
            if self.crc.sum() != self.wanted {
                return Err(self.fault("its checksum does not match"));
            }
            return Ok(0);
        }
        let Some(left) = self.left.checked_sub(count as u64) else {
            return Err(self.fault("it is longer than the directory says"));
        };
        self.left = left;
        self.crc.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }
}
