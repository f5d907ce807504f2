//! Lists the entries of a zip or tar archive on disk, and reads one of them; within limits that hold for all of its
//! entries together.
//!
//! A zip archive is read by its directory; a tar archive from front to back, through its compression if it has one.
//! No more than a piece of an entry is held in memory.

mod entry;
#[cfg(test)]
mod limit_tests;
mod rewinding;
mod tar;
#[cfg(test)]
mod tar_tests;
#[cfg(test)]
mod tests;
mod zip;

use std::collections::BTreeSet;
use std::io::{BufReader, Read};

use crate::decode::{self, DecodeError, DecodeOptions};
use crate::error::ErrorKind;
use crate::records::SharedFile;
use entry::{Entry, checked_name};
use rewinding::Rewinding;

/// The most entries of an archive.
const MAX_ENTRIES: usize = 10_000;

/// How many entries an error names.
const NAMES_SHOWN: usize = 20;

/// An archive, whose entries are known.
pub struct Archive {
    entries: Vec<Entry>,
    content: Content,
}

enum Content {
    Zip(SharedFile),
    /// A tar archive without compression.
    Tar(SharedFile),
    Compressed(Rewinding),
}

impl Archive {
    /// Lists the entries of an archive. Folders, and what operating systems add for their own use, are left out.
    /// `options` has the limits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadFile`] if the file is not a zip or tar archive, is damaged, has something around it, or has an
    /// entry whose name is absolute, leads out of the archive or comes twice; [`ErrorKind::OverLimit`] if its
    /// entries are too large or too many.
    pub fn open(file: &SharedFile, options: &DecodeOptions) -> Result<Archive, DecodeError> {
        let start = start_of(file)?;
        if start.starts_with(b"PK\x05\x06") {
            return Err(DecodeError::bad_file("the zip archive is empty"));
        }
        let (entries, content) = if decode::is_zip(&start) {
            (zip::list(file, options)?, Content::Zip(file.at(0)))
        } else if let Some(name) = decode::compression_name(&start) {
            let content = Rewinding::new(file.at(0), options.clone());
            let is_tar = decode::is_tar(&first_bytes(content.at(0, decode::TAR_BLOCK_BYTES))?);
            if !is_tar {
                return Err(no_archive(&format!("a {name} file that holds no tar archive")));
            }
            (
                tar::list(BufReader::new(content.at(0, u64::MAX)), options)?,
                Content::Compressed(content),
            )
        } else if decode::is_tar(&start) {
            (tar::list(BufReader::new(file.at(0)), options)?, Content::Tar(file.at(0)))
        } else {
            return Err(no_archive("not one"));
        };
        let archive = Archive { entries, content };
        archive.check_names()?;
        Ok(archive)
    }

    /// The names of the entries, in the order of the archive.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The bytes of an entry. Reading ends with an error if they are not those that the archive promises.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadFile`] if there is no such entry, or it cannot be read: it is encrypted, compressed by a method
    /// that is not supported, or no ordinary file, such as a link.
    pub fn open_entry(&self, name: &str) -> Result<Box<dyn Read + Send>, DecodeError> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == name) else {
            return Err(DecodeError::bad_file(self.no_entry(name)));
        };
        if let Some(fault) = &entry.fault {
            return Err(DecodeError::bad_file(format!("the entry `{name}` {fault}")));
        }
        match &self.content {
            Content::Zip(file) => Ok(zip::open(file, entry)),
            Content::Tar(file) => Ok(Box::new(file.at(entry.position).take(entry.size))),
            Content::Compressed(content) => Ok(Box::new(content.at(entry.position, entry.size))),
        }
    }

    fn no_entry(&self, name: &str) -> String {
        let shown: Vec<&str> = self.names().take(NAMES_SHOWN).collect();
        let more = match self.entries.len().saturating_sub(NAMES_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        match shown.as_slice() {
            [] => format!("the archive has no entry `{name}`: it is empty"),
            shown => format!(
                "the archive has no entry `{name}`: its entries are `{}`{more}",
                shown.join("`, `")
            ),
        }
    }

    fn check_names(&self) -> Result<(), DecodeError> {
        let mut known = BTreeSet::new();
        for name in self.names() {
            checked_name(name).map_err(DecodeError::bad_file)?;
            if !known.insert(name) {
                return Err(DecodeError::bad_file(format!(
                    "the archive has two entries `{name}`: give each a name of its own"
                )));
            }
        }
        Ok(())
    }
}

fn too_many_entries() -> DecodeError {
    let message = format!("the archive has more than {MAX_ENTRIES} entries");
    DecodeError { kind: ErrorKind::OverLimit, message }
}

/// The first bytes of a file: as many as a block of a tar archive has, or all of a shorter file.
fn start_of(file: &SharedFile) -> Result<Vec<u8>, DecodeError> {
    first_bytes(file.at(0).take(decode::TAR_BLOCK_BYTES))
}

fn first_bytes(mut from: impl Read) -> Result<Vec<u8>, DecodeError> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).map_err(|error| read_error(&error))?;
    Ok(bytes)
}

fn no_archive(what: &str) -> DecodeError {
    DecodeError::bad_file(format!(
        "the contract names entries of an archive ([file] entry), and the file is {what}: upload a zip or tar \
         archive, or give these files a dataset of their own"
    ))
}

/// The error of reading an archive: that of its content if it has one, else of the temporary file.
pub fn read_error(error: &std::io::Error) -> DecodeError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<DecodeError>());
    inner.cloned().unwrap_or_else(|| DecodeError {
        kind: ErrorKind::ObjectUnreadable,
        message: "the temporary file of the archive cannot be read".to_owned(),
    })
}
