//! Enrichments: opens the files that values are looked up in, and keeps them open from one load to the next.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::spawn_blocking;
use tracing::info;

use super::enrichment_file::{self, FileBytes};
use crate::dataset::{Dataset, Enrichment, EnrichmentFile};
use crate::enrich::{Enricher, Origin};
use crate::error::{Decision, Error, ErrorKind, Result, Stage};
use crate::object::Source;

/// The open files of enrichments.
#[derive(Default)]
pub(super) struct Enrichments {
    /// The bytes of each file. Enrichments of several columns or datasets share them.
    files: HashMap<EnrichmentFile, FileBytes>,
    /// By dataset and enrichment, with the SHA-256 of the file that was opened.
    open: HashMap<(String, String), (String, Arc<Enricher>)>,
}

impl Enrichments {
    /// The enrichments of a dataset, in their order. A file that has changed since the last load is opened again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadEnrichment`] where a file is missing, damaged or not what the contract expects;
    /// [`ErrorKind::ObjectDenied`] and [`ErrorKind::ObjectUnreadable`] where it cannot be read.
    pub async fn of(&mut self, source: &Source, dataset: &Dataset) -> Result<Vec<Arc<Enricher>>> {
        let mut enrichers = Vec::with_capacity(dataset.enrichments.len());
        for enrichment in &dataset.enrichments {
            let opened = self.open(source, dataset, enrichment).await;
            enrichers.push(opened.map_err(|error| explained(dataset, enrichment, error))?);
        }
        Ok(enrichers)
    }

    async fn open(
        &mut self,
        source: &Source,
        dataset: &Dataset,
        enrichment: &Enrichment,
    ) -> Result<Arc<Enricher>> {
        let known = self.files.remove(&enrichment.file);
        let file = enrichment_file::read(source, &enrichment.file, known).await?;
        let (bytes, sha256) = (file.bytes.clone(), file.sha256.clone());
        self.files.insert(enrichment.file.clone(), file);
        let key = (dataset.name.clone(), enrichment.name.clone());
        if let Some((known, enricher)) = self.open.get(&key)
            && *known == sha256
        {
            return Ok(Arc::clone(enricher));
        }
        // What was made of the old file is dropped before the new one is checked, which takes memory.
        self.open.remove(&key);
        let opening = {
            let (dataset, enrichment, sha256) =
                (dataset.clone(), enrichment.clone(), sha256.clone());
            move || Enricher::open(&dataset, &enrichment, bytes, sha256)
        };
        let opened = spawn_blocking(opening).await.map_err(|error| {
            bad("checking the file was interrupted".to_owned()).caused_by(error)
        })?;
        let enricher = Arc::new(opened.map_err(bad)?);
        let Origin { file, file_type, built, .. } = &enricher.origin;
        info!(
            dataset = dataset.name,
            "enrichment `{}`: opened {file} ({file_type}{})",
            enrichment.name,
            built.as_ref().map_or_else(String::new, |built| format!(" of {built}"))
        );
        self.open.insert(key, (sha256, Arc::clone(&enricher)));
        Ok(enricher)
    }
}

/// What the ledger says of the files.
pub(super) fn origins(enrichers: &[Arc<Enricher>]) -> Vec<Origin> {
    enrichers.iter().map(|enricher| enricher.origin.clone()).collect()
}

fn bad(message: String) -> Error {
    Error::new(ErrorKind::BadEnrichment, Stage::Enrich, message)
}

/// The error with the names of dataset, enrichment and file. No object is at fault, so it never fails a load.
fn explained(dataset: &Dataset, enrichment: &Enrichment, error: Error) -> Error {
    let kind = match error.kind.policy().decision {
        Decision::Fail => ErrorKind::BadEnrichment,
        Decision::Retry | Decision::Stop => error.kind,
    };
    let (name, file) = (&enrichment.name, &enrichment.file);
    let message =
        format!("enrichment `{name}` of dataset `{}`: {file}: {}", dataset.name, error.message);
    error.with_message(kind, Stage::Enrich, message)
}
