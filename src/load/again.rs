//! Again: a load that is to be loaded anew in; whether that could begin, out. Asked before anything of
//! it is taken out of the star.

use std::sync::Arc;

use super::{Loader, choice, records};
use crate::error::Result;
use crate::object::ObjectRef;

impl Loader {
    /// Whether the dataset is known here, and the database has its contract.
    ///
    /// # Errors
    ///
    /// `NoDataset`, `NotMigrated`, or what the database says.
    pub async fn knows(&mut self, object: &ObjectRef, dataset: &str) -> Result<()> {
        let catalog = Arc::clone(&self.catalog);
        let known = choice::find_dataset(&catalog, object, Some(dataset));
        let ready = match known {
            Ok(dataset) => self.prepare(dataset).await,
            Err(error) => Err(error),
        };
        ready.map_err(|error| error.of_object(object))
    }

    /// Whether the object is there, and its header is one that the contract takes.
    ///
    /// # Errors
    ///
    /// As those of opening it for a load.
    pub async fn opens(&self, object: &ObjectRef, dataset: &str) -> Result<()> {
        let dataset = choice::find_dataset(&self.catalog, object, Some(dataset))?;
        let header = records::header_of(&self.source, &self.settings, dataset, object).await;
        header.map(drop).map_err(|error| error.of_object(object))
    }
}
