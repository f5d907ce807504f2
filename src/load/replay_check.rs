//! Replay check: whether a load can be loaded again, asked before any of its rows are deleted.

use std::sync::Arc;

use super::enrichments::origins;
use super::report::label;
use super::{Loader, file_head, parts};
use crate::dataset_files;
use crate::enrich::Origin;
use crate::error::Result;
use crate::object::ObjectRef;

impl Loader {
    /// Checks that the dataset is known here, takes the part, and that the database has its contract.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoDataset`](crate::error::ErrorKind::NoDataset),
    /// [`ErrorKind::NotMigrated`](crate::error::ErrorKind::NotMigrated); an error of the connection
    /// or of Postgres.
    pub async fn check_dataset(
        &mut self,
        object: &ObjectRef,
        part: &str,
        dataset: &str,
    ) -> Result<()> {
        let catalog = Arc::clone(&self.catalog);
        let prepared = match dataset_files::named(&catalog, dataset) {
            Ok(dataset) => match parts::check_part(dataset, object, part) {
                Ok(()) => self.session.prepare(&self.settings, &self.star, dataset).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        prepared.map_err(|error| error.of_object(label(object, part)))
    }

    /// Opens the files of a dataset's enrichments, and returns what the ledger would say of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoDataset`](crate::error::ErrorKind::NoDataset), and those of opening the files for a load.
    pub async fn enrichment_files(&mut self, dataset: &str) -> Result<Vec<Origin>> {
        let catalog = Arc::clone(&self.catalog);
        let dataset = dataset_files::named(&catalog, dataset)?;
        self.enrichments.of(&self.source, dataset).await.map(|enrichers| origins(&enrichers))
    }

    /// Checks that the object exists, that its header and its key fit the contract, and that the files of
    /// the dataset's enrichments can be opened.
    ///
    /// # Errors
    ///
    /// Those of opening the object and these files for a load.
    pub async fn check_object(
        &mut self,
        object: &ObjectRef,
        part: &str,
        dataset: &str,
    ) -> Result<()> {
        self.enrichment_files(dataset).await.map_err(|error| error.of_object(object))?;
        let dataset = dataset_files::named(&self.catalog, dataset)?;
        let head = file_head::file_head(&self.source, &self.settings, dataset, object, part).await;
        head.map(drop).map_err(|error| error.of_object(label(object, part)))
    }
}
