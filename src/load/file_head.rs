//! File head: what an object says before its first row, read as its load does.

use super::input::Input;
use super::object_facts::facts_of;
use super::record_stream::{RecordStream, bad_value};
use super::spooled_object::Spools;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::ledger::Checkpoint;
use crate::object::{ObjectRef, Source};
use crate::rows::{Header, LoadValues, texts_of_object};
use crate::settings::Settings;

/// The header of a file, and the columns that the file does not have.
#[derive(Debug, Clone)]
pub struct FileHead {
    /// How the fields of the file map to the columns.
    pub header: Header,
    /// The names of the columns whose values only the object has, with these values as texts. The values
    /// of lines are left out.
    pub of_object: Vec<(String, Option<String>)>,
}

/// Reads the header of an object, or of a part of it, and checks the values that come from the object.
///
/// # Errors
///
/// Those of opening the object for a load.
pub async fn file_head(
    source: &Source,
    settings: &Settings,
    dataset: &Dataset,
    object: &ObjectRef,
    part: &str,
) -> Result<FileHead> {
    let object = source.identify(object).await?;
    let start = Checkpoint::default();
    let input = Input { source, settings, spools: &Spools::default(), object: &object, part };
    let (records, header) = RecordStream::open(&input, dataset, start, None).await?;
    let facts = facts_of(&object, input.entry(dataset), records.sheet());
    LoadValues::new(dataset, &header, &facts).map_err(bad_value)?;
    let texts = texts_of_object(dataset, &header, &facts).map_err(bad_value)?;
    let of_object = texts.into_iter().map(|(column, text)| (column.name.clone(), text)).collect();
    Ok(FileHead { header, of_object })
}
