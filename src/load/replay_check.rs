//! Replay check: whether a load can be loaded again, asked before any of its rows are deleted.

use std::sync::Arc;

use super::{Loader, file_head, route};
use crate::error::Result;
use crate::object::ObjectRef;

impl Loader {
    /// Checks that the dataset is known here and that the database has its contract.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoDataset`](crate::error::ErrorKind::NoDataset),
    /// [`ErrorKind::NotMigrated`](crate::error::ErrorKind::NotMigrated); an error of the connection
    /// or of Postgres.
    pub async fn check_dataset(&mut self, object: &ObjectRef, dataset: &str) -> Result<()> {
        let catalog = Arc::clone(&self.catalog);
        let prepared = match route::find_dataset(&catalog, dataset) {
            Ok(dataset) => self.session.prepare(&self.settings, &self.star, dataset).await,
            Err(error) => Err(error),
        };
        prepared.map_err(|error| error.of_object(object))
    }

    /// Checks that the object exists, and that its header and its key fit the contract.
    ///
    /// # Errors
    ///
    /// Those of opening the object for a load.
    pub async fn check_object(&self, object: &ObjectRef, dataset: &str) -> Result<()> {
        let dataset = route::find_dataset(&self.catalog, dataset)?;
        let head = file_head::file_head(&self.source, &self.settings, dataset, object).await;
        head.map(drop).map_err(|error| error.of_object(object))
    }
}
