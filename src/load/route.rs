//! Route: finds the dataset that an object belongs to, if any.

use crate::dataset::{Catalog, Dataset, Match};
use crate::dataset_files;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::object::ObjectRef;
use crate::settings::KeyPatterns;

/// Where an object goes.
#[derive(Debug)]
pub(super) enum Route<'c> {
    Dataset(&'c Dataset),
    /// Each of them takes other parts of the object.
    Datasets(Vec<&'c Dataset>),
    /// Its key fits a pattern of `STARDROP_IGNORE`.
    Ignored,
    /// Its key fits no dataset: the ledger keeps it until a contract fits.
    Unmatched,
}

/// The way of an object: to the dataset of that name; without a name, to the one whose `match` fits
/// the object's key.
///
/// # Errors
///
/// [`ErrorKind::NoDataset`] where none has that name or fits the path of a local file.
pub(super) fn find<'c>(
    catalog: &'c Catalog,
    ignore: &KeyPatterns,
    object: &ObjectRef,
    dataset: Option<&str>,
) -> Result<Route<'c>> {
    if let Some(name) = dataset {
        return dataset_files::named(catalog, name).map(Route::Dataset);
    }
    if ignore.fit(&object.key) {
        return Ok(Route::Ignored);
    }
    let found = if object.is_local_file() {
        catalog.match_path_tail(&object.key)
    } else {
        catalog.match_key(&object.key)
    };
    match found {
        Match::One(dataset) => Ok(Route::Dataset(dataset)),
        Match::None if object.is_local_file() => {
            Err(no_dataset("no dataset's `match` fits the path".to_owned())
                .with_hint("name the dataset: stardrop load --dataset NAME FILE"))
        }
        Match::None => Ok(Route::Unmatched),
        Match::Several(datasets) => Ok(Route::Datasets(datasets)),
    }
}

/// The error of an object without parts that several datasets match.
pub(super) fn several(datasets: &[&Dataset]) -> Error {
    let names: Vec<&str> = datasets.iter().map(|dataset| dataset.name.as_str()).collect();
    no_dataset(format!(
        "the `match` of several datasets fits the key, and the object has no parts that tell them apart: {}",
        names.join(", ")
    ))
}

fn no_dataset(message: String) -> Error {
    Error::new(ErrorKind::NoDataset, Stage::Dataset, message)
}
