//! Lists the entries of a tar archive: POSIX ustar and pax, and those of GNU tar.
//!
//! Written by hand because the libraries load what they should refuse (docs/decisions/0014-tar-reader.md); a test
//! compares what both read.
//!
//! Sources: POSIX.1-2017, `pax`, "pax Interchange Format" and "ustar Interchange Format"; GNU tar, "Basic Tar Format".

use std::io::Read;

use super::entry::{Entry, plain_name};
use super::{MAX_ENTRIES, read_error, too_many_entries};
use crate::decode::{self, DecodeError, DecodeOptions};
use crate::error::ErrorKind;

const BLOCK: usize = decode::TAR_BLOCK_BYTES as usize;

/// The most bytes of the header of a long name.
const MAX_LONG_BYTES: u64 = 1 << 20;

fn damaged(why: &str) -> DecodeError {
    DecodeError::bad_file(format!("the tar archive is damaged: {why}"))
}

/// What a header before that of the entry says of it.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    is_sparse: bool,
}

/// The archive from the next byte on.
struct Tar<R> {
    from: R,
    position: u64,
}

/// Lists the entries, and reads the archive to the end of the file.
///
/// # Errors
///
/// The archive is damaged, truncated, or something is behind it; its entries are too large.
pub(super) fn list(from: impl Read, options: &DecodeOptions) -> Result<Vec<Entry>, DecodeError> {
    let mut tar = Tar { from, position: 0 };
    let (mut entries, mut extended, mut total) = (Vec::new(), Extended::default(), 0_u64);
    loop {
        let header =
            tar.block()?.ok_or_else(|| damaged("its end is missing, the file is truncated"))?;
        if header.iter().all(|byte| *byte == 0) {
            tar.check_end()?;
            return Ok(entries);
        }
        if !decode::is_tar(&header) {
            return Err(damaged(&format!(
                "expected a header at byte {}",
                tar.position - BLOCK as u64
            )));
        }
        let kind = header.get(156).copied().unwrap_or_default();
        let size =
            number(field(&header, 124, 12)).ok_or_else(|| damaged("a size is not a number"))?;
        match kind {
            b'x' => tar.pax(size, &mut extended)?,
            b'L' => {
                let mut name = tar.long(size)?;
                name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
                extended.name = Some(name);
            }
            // Headers for all entries, of the archive itself, and the targets of links.
            b'g' | b'K' | b'V' | b'N' => tar.skip(size)?,
            _ => {
                let extended = std::mem::take(&mut extended);
                let size = extended.size.unwrap_or(size);
                // Programs do not agree on whether content follows the header of these.
                if matches!(kind, b'1'..=b'6') && size > 0 {
                    return Err(damaged("a link, a folder or a device has content"));
                }
                total = total.saturating_add(size);
                if total > options.max_bytes {
                    let message = format!(
                        "the entries of the archive have more than {} bytes (STARDROP_MAX_DECOMPRESSED_BYTES)",
                        options.max_bytes
                    );
                    return Err(DecodeError { kind: ErrorKind::OverLimit, message });
                }
                entries.extend(entry(&header, kind, extended, size, tar.position));
                if entries.len() > MAX_ENTRIES {
                    return Err(too_many_entries());
                }
                tar.skip(size)?;
            }
        }
    }
}

/// The entry of a header; `None` for a folder and for what operating systems add.
fn entry(header: &[u8], kind: u8, extended: Extended, size: u64, position: u64) -> Option<Entry> {
    let raw = extended.name.unwrap_or_else(|| name_in(header));
    let is_folder = kind == b'5' || raw.ends_with(b"/");
    if is_folder || decode::is_ignored_entry(&raw) {
        return None;
    }
    let fault = match (kind, std::str::from_utf8(&raw)) {
        (_, Err(_)) => Some("has a name that is not valid UTF-8: rename it"),
        (b'1' | b'2', _) => {
            Some("is a link: archive the file itself (tar --dereference --hard-dereference)")
        }
        (b'3' | b'4' | b'6', _) => Some("is a device or a pipe, not a file"),
        (b'S', _) => Some("is a sparse file: archive it without --sparse"),
        _ if extended.is_sparse => Some("is a sparse file: archive it without --sparse"),
        (0 | b'0' | b'7', _) => None,
        _ => Some("is of a kind that cannot be read"),
    };
    Some(Entry {
        name: plain_name(&String::from_utf8_lossy(&raw)).to_owned(),
        position,
        stored: size,
        size,
        crc: None,
        is_deflated: false,
        fault: fault.map(str::to_owned),
    })
}

/// The name in a header, with the prefix that ustar may have for it.
fn name_in(header: &[u8]) -> Vec<u8> {
    let name = text(field(header, 0, 100));
    // GNU tar has something else there.
    let is_posix = field(header, 257, 6) == b"ustar\0";
    let prefix = if is_posix { text(field(header, 345, 155)) } else { &[] };
    if prefix.is_empty() { name.to_vec() } else { [prefix, name].join(&b'/') }
}

fn field(header: &[u8], at: usize, length: usize) -> &[u8] {
    header.get(at..at + length).unwrap_or_default()
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number of a header: octal digits, or for a large one its bytes behind a bit.
fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if *first == 0x80 {
        let (high, low) = rest.split_last_chunk::<8>()?;
        return high.iter().all(|byte| *byte == 0).then(|| u64::from_be_bytes(*low));
    }
    let digits = text(field).trim_ascii();
    digits.iter().try_fold(0_u64, |number, digit| match digit {
        b'0'..=b'7' => number.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

impl<R: Read> Tar<R> {
    /// The next block; `None` at the end of the file.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, DecodeError> {
        let (mut block, mut filled) = ([0; BLOCK], 0);
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.from.read(rest) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(damaged("the file is truncated")),
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(&error)),
            }
        }
        self.position += BLOCK as u64;
        Ok(Some(block))
    }

    /// Passes over content and what fills its last block.
    fn skip(&mut self, size: u64) -> Result<(), DecodeError> {
        let blocks = size.div_ceil(BLOCK as u64);
        for _ in 0..blocks {
            self.block()?.ok_or_else(|| damaged("the file is truncated"))?;
        }
        Ok(())
    }

    /// The content of a header of its own.
    fn long(&mut self, size: u64) -> Result<Vec<u8>, DecodeError> {
        if size > MAX_LONG_BYTES {
            return Err(damaged("the header of an entry is too long"));
        }
        let mut bytes = Vec::new();
        for _ in 0..size.div_ceil(BLOCK as u64) {
            bytes.extend(self.block()?.ok_or_else(|| damaged("the file is truncated"))?);
        }
        bytes.truncate(size as usize);
        Ok(bytes)
    }

    /// Reads records `<length> <key>=<value>` and a line end.
    fn pax(&mut self, size: u64, extended: &mut Extended) -> Result<(), DecodeError> {
        let bytes = self.long(size)?;
        let mut rest = bytes.as_slice();
        let broken = || damaged("the header of an entry cannot be read");
        while !rest.is_empty() && !rest.iter().all(|byte| *byte == 0) {
            let digits = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
            let length = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            let (record, next) =
                length.and_then(|length| rest.split_at_checked(length)).ok_or_else(broken)?;
            let record =
                record.get(digits.len() + 1..).and_then(|record| record.strip_suffix(b"\n"));
            let record = record.ok_or_else(broken)?;
            let at = record.iter().position(|byte| *byte == b'=').ok_or_else(broken)?;
            let (key, value) = record.split_at(at);
            let value = value.get(1..).unwrap_or_default();
            match key {
                b"path" => extended.name = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|size| size.parse().ok());
                    extended.size = Some(size.ok_or_else(broken)?);
                }
                key if key.starts_with(b"GNU.sparse") => extended.is_sparse = true,
                _ => {}
            }
            rest = next;
        }
        Ok(())
    }

    /// Checks that nothing but zeros follows the end.
    fn check_end(&mut self) -> Result<(), DecodeError> {
        let mut bytes = vec![0; 64 << 10];
        loop {
            match self.from.read(&mut bytes) {
                Ok(0) => return Ok(()),
                Ok(count) if bytes.iter().take(count).all(|byte| *byte == 0) => {}
                Ok(_) => {
                    let message = "something else is behind the tar archive, such as another archive: upload \
                                   each archive as an object of its own";
                    return Err(DecodeError::bad_file(message));
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(&error)),
            }
        }
    }
}
