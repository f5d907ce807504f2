//! Input: what one load reads, an object or a part of it, and where from.

use super::archive_entry;
use super::spooled_object::{SpooledObject, Spools};
use crate::dataset::{Dataset, PartKind};
use crate::decode::DecodeOptions;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::object::{ObjectRef, Source};
use crate::records::{Format, Unsupported};
use crate::settings::Settings;

/// What a load reads.
#[derive(Clone, Copy)]
pub(super) struct Input<'i> {
    pub source: &'i Source,
    pub settings: &'i Settings,
    pub spools: &'i Spools,
    pub object: &'i ObjectRef,
    /// The part of the object; empty for the whole object.
    pub part: &'i str,
}

impl<'i> Input<'i> {
    /// The entry of an archive that is read, if one is.
    pub fn entry(&self, dataset: &Dataset) -> Option<&'i str> {
        let kind = dataset.file.parts.as_ref().map(|parts| parts.kind);
        Some(self.part).filter(|part| kind == Some(PartKind::Entry) && !part.is_empty())
    }

    /// The format of the object or of its entry.
    ///
    /// # Errors
    ///
    /// Those of [`format_of`] and of [`Input::spooled_content`].
    pub async fn format(&self, dataset: &Dataset) -> Result<Format> {
        let Some(entry) = self.entry(dataset) else { return format_of(dataset, self.object) };
        let archive = self.spooled().await?.archive(&self.limits())?;
        // What is wrong with the entry is said before what is with its name.
        archive.open_entry(entry)?;
        match dataset.file.format {
            Some(format) => Ok(format),
            None => Format::from_key(entry).map_err(unsupported),
        }
    }

    /// The limits of decompression.
    pub fn limits(&self) -> DecodeOptions {
        DecodeOptions {
            max_bytes: self.settings.max_decompressed_bytes,
            max_ratio: self.settings.max_ratio,
            ..DecodeOptions::default()
        }
    }

    /// What is read, in a temporary file: the object, or the entry of it.
    ///
    /// # Errors
    ///
    /// Those of [`Input::spooled`]; the entry is not there or damaged.
    pub(crate) async fn spooled_content(&self, dataset: &Dataset) -> Result<SpooledObject> {
        let spooled = self.spooled().await?;
        match self.entry(dataset) {
            None => Ok(spooled),
            Some(entry) => archive_entry::spool(&spooled, entry, &self.limits()),
        }
    }

    /// The object in a temporary file. The parts of one object share it.
    ///
    /// # Errors
    ///
    /// Those of [`Spools::spool`].
    pub(crate) async fn spooled(&self) -> Result<SpooledObject> {
        self.spools.spool(self.source, self.settings, self.object, !self.part.is_empty()).await
    }
}

/// The format of an object: that of the contract, or the one that its key names.
///
/// # Errors
///
/// [`ErrorKind::UnsupportedFormat`] where the key names none.
pub(super) fn format_of(dataset: &Dataset, object: &ObjectRef) -> Result<Format> {
    if object.size_bytes == Some(0) {
        return Ok(Format::of_no_bytes());
    }
    let format = match dataset.file.format {
        Some(format) => Ok(format),
        None => Format::from_key(&object.key),
    };
    format.map_err(unsupported)
}

fn unsupported(Unsupported(message): Unsupported) -> Error {
    Error::new(ErrorKind::UnsupportedFormat, Stage::Decode, message)
}
