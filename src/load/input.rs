//! Input: what one load reads, an object or a part of it, and where from.

use super::spooled_object::{SpooledObject, Spools};
use crate::dataset::Dataset;
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

impl Input<'_> {
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
    format.map_err(|Unsupported(message)| {
        Error::new(ErrorKind::UnsupportedFormat, Stage::Decode, message)
    })
}
