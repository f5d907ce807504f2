//! Route: finds the dataset that an object belongs to.

use crate::dataset::{Catalog, Dataset, Match};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::object::ObjectRef;

/// The dataset of that name; without a name, the one whose `match` fits the object's key.
///
/// # Errors
///
/// [`ErrorKind::NoDataset`] where there is none, or where several datasets match.
pub(super) fn find_dataset<'c>(
    catalog: &'c Catalog,
    object: &ObjectRef,
    dataset: Option<&str>,
) -> Result<&'c Dataset> {
    let no_dataset = |message: String| Error::new(ErrorKind::NoDataset, Stage::Dataset, message);
    if let Some(name) = dataset {
        return catalog
            .dataset(name)
            .ok_or_else(|| no_dataset(format!("there is no dataset `{name}`")));
    }
    let found = if object.is_local_file() {
        catalog.match_path_tail(&object.key)
    } else {
        catalog.match_key(&object.key)
    };
    match found {
        Match::One(dataset) => Ok(dataset),
        Match::None if object.is_local_file() => Err(no_dataset(
            "no dataset's `match` fits the path: name the dataset with --dataset".to_owned(),
        )),
        Match::None => Err(no_dataset("no dataset's `match` fits the key".to_owned())),
        Match::Several(names) => Err(no_dataset(format!(
            "the `match` of several datasets fits the key: {}",
            names.join(", ")
        ))),
    }
}
