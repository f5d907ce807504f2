//! Parts: loads an object, each part that a dataset takes of it as a load of its own.

use std::sync::Arc;

use tracing::field::Empty;
use tracing::{Instrument, Span, error_span, info};

use super::input::{Input, format_of};
use super::record_stream::records_error;
use super::report::LoadReport;
use super::route::{self, Route};
use super::{Loader, log_error, shutdown_error};
use crate::dataset::{Dataset, PartKind, Parts};
use crate::error::{Decision, Error, ErrorKind, Result, Stage};
use crate::ledger::view::FileLoad;
use crate::ledger::{self, RegisteredParts};
use crate::object::ObjectRef;
use crate::records;

/// One load of an object, and how it ended.
#[derive(Debug)]
pub struct PartLoad {
    /// The part of the object; empty for the whole object.
    pub part: String,
    /// As [`Loader::load`] returns it.
    pub result: Result<LoadReport>,
}

impl PartLoad {
    fn whole(result: Result<LoadReport>) -> Vec<PartLoad> {
        vec![PartLoad { part: String::new(), result }]
    }

    /// Whether the next parts would end the same way.
    fn is_final(&self) -> bool {
        let kind = self.result.as_ref().err().map(|error| error.kind);
        matches!(
            kind,
            Some(
                ErrorKind::OutOfTime
                    | ErrorKind::Busy
                    | ErrorKind::DatabaseLost
                    | ErrorKind::NoDatabase
            )
        )
    }
}

/// The parts of an object that a dataset takes.
enum Taken {
    /// It has no parts.
    Whole,
    Parts(Vec<String>),
    /// It was loaded as a whole by this load, before the contract named parts.
    Before(i64),
}

impl Loader {
    /// Loads an object: once, or once for each part that a dataset takes of it. A part that fails does not hold back
    /// the others. `dataset` is the name of the only dataset to load into; without one, the key decides.
    pub async fn load_parts(&mut self, object: &ObjectRef, dataset: Option<&str>) -> Vec<PartLoad> {
        // Boxed: the future of a whole load is large, and callers hold it within their own.
        let span = object_span(object);
        let loads = Box::pin(self.load_routed(object, dataset)).instrument(span).await;
        self.spools.clear();
        loads
    }

    /// Loads what a load of the ledger reads once more, after it was opened again.
    pub async fn load_again(&mut self, load: &FileLoad) -> Vec<PartLoad> {
        let FileLoad { object, dataset, part } = load;
        let catalog = Arc::clone(&self.catalog);
        match dataset.as_deref().and_then(|name| catalog.dataset(name)) {
            Some(dataset) if !part.is_empty() && !stands_for_all(dataset, part) => {
                let span = object_span(object);
                let result = self.load_part(object, dataset, part).instrument(span).await;
                self.spools.clear();
                vec![PartLoad { part: part.clone(), result }]
            }
            _ => self.load_parts(object, dataset.as_deref()).await,
        }
    }

    async fn load_routed(&mut self, object: &ObjectRef, dataset: Option<&str>) -> Vec<PartLoad> {
        let catalog = Arc::clone(&self.catalog);
        let datasets = match route::find(&catalog, &self.settings.ignore, object, dataset) {
            Ok(Route::Dataset(dataset)) if dataset.file.parts.is_none() => {
                return PartLoad::whole(self.load_part(object, dataset, "").await);
            }
            Ok(Route::Dataset(dataset)) => vec![dataset],
            Ok(Route::Datasets(datasets)) => datasets,
            Ok(Route::Ignored) => return PartLoad::whole(Ok(Loader::ignore(object))),
            Ok(Route::Unmatched) => {
                let recorded = Box::pin(self.record_unmatched(object)).await;
                return PartLoad::whole(recorded.map_err(|error| log_error(object, error)));
            }
            Err(error) => return PartLoad::whole(Err(log_error(object, error))),
        };
        let object = match self.source.identify(object).await {
            Ok(object) => object,
            // The load of each dataset and part says so in the ledger.
            Err(error) if error.kind == ErrorKind::ObjectMissing && !object.is_local_file() => {
                object.clone()
            }
            Err(error) => return PartLoad::whole(Err(log_error(object, error))),
        };
        if datasets.len() > 1 && !datasets.iter().all(|dataset| has_parts(dataset, &object)) {
            return PartLoad::whole(Err(log_error(&object, route::several(&datasets))));
        }
        let mut loads = Vec::new();
        for dataset in datasets {
            self.load_parts_of(&object, dataset, &mut loads).await;
            if loads.last().is_some_and(PartLoad::is_final) {
                break;
            }
        }
        loads
    }

    async fn load_parts_of(
        &mut self,
        object: &ObjectRef,
        dataset: &Dataset,
        loads: &mut Vec<PartLoad>,
    ) {
        let parts = match self.find_parts(object, dataset).await {
            Ok(Taken::Parts(parts)) => parts,
            Ok(Taken::Whole) => vec![String::new()],
            Ok(Taken::Before(load_id)) => {
                info!(load_id, object = %object, "loaded as a whole before its dataset named parts");
                let report = LoadReport::nothing_done(load_id, object, Some(dataset), "loaded");
                loads.extend(PartLoad::whole(Ok(report)));
                return;
            }
            Err(error) => {
                loads.extend(PartLoad::whole(Err(log_error(object, error))));
                return;
            }
        };
        for part in parts {
            let result = self.load_part(object, dataset, &part).await;
            loads.push(PartLoad { part, result });
            if loads.last().is_some_and(PartLoad::is_final) {
                return;
            }
        }
    }

    /// Finds the parts of an object that a dataset takes, and creates their loads.
    ///
    /// # Errors
    ///
    /// Those of reading the object, unless the file is at fault; those of connecting, of
    /// [`Session::prepare`](super::session::Session::prepare) and of Postgres.
    async fn find_parts(&mut self, object: &ObjectRef, dataset: &Dataset) -> Result<Taken> {
        let Some(parts) = dataset.file.parts.as_ref().filter(|_| has_parts(dataset, object)) else {
            return Ok(Taken::Whole);
        };
        let cancel = self.cancel.clone();
        let unknown = parts.unknown();
        let input = Input {
            source: &self.source,
            settings: &self.settings,
            spools: &self.spools,
            object,
            part: &unknown,
        };
        let found = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(shutdown_error()),
            found = names_in(&input, parts) => found,
        };
        let mut names = match found {
            Ok(names) => names,
            // Its load fails the same way, so that the ledger has it.
            Err(error) if error.kind.policy().decision == Decision::Fail => Vec::new(),
            Err(error) => return Err(error),
        };
        let registered = match self.register_parts(object, dataset, &names, &unknown).await {
            Err(error) if error.kind == ErrorKind::DatabaseLost => {
                self.session.disconnect();
                self.register_parts(object, dataset, &names, &unknown).await?
            }
            registered => registered?,
        };
        if let Some(load_id) = registered.whole {
            return Ok(Taken::Before(load_id));
        }
        // What was known of the object before it was overwritten or deleted ends as it must.
        names = registered.parts.into_iter().filter(|name| parts.takes(name)).collect();
        if names.is_empty() {
            names.push(unknown);
        }
        Ok(Taken::Parts(names))
    }

    async fn register_parts(
        &mut self,
        object: &ObjectRef,
        dataset: &Dataset,
        names: &[String],
        unknown: &str,
    ) -> Result<RegisteredParts> {
        self.session.prepare(&self.settings, &self.star, dataset).await?;
        ledger::register_parts(self.session.client()?, dataset, object, names, unknown).await
    }
}

/// The span of an object's log lines. At level error, so that those of every level have its fields.
fn object_span(object: &ObjectRef) -> Span {
    error_span!("object", bucket = object.bucket, key = object.key, kind = Empty)
}

/// Whether the object has parts of the kind that its dataset takes.
pub(super) fn has_parts(dataset: &Dataset, object: &ObjectRef) -> bool {
    match dataset.file.parts.as_ref().map(|parts| parts.kind) {
        None => false,
        Some(PartKind::Entry) => true,
        Some(PartKind::Sheet) => format_of(dataset, object).is_ok_and(|format| format.has_sheets()),
    }
}

/// Whether a load of that part is one whose parts could not be found, or did not fit.
pub(super) fn stands_for_all(dataset: &Dataset, part: &str) -> bool {
    let parts = dataset.file.parts.as_ref();
    parts.is_some_and(|parts| parts.only_name().is_none() && parts.unknown() == part)
}

/// The names of the parts of an object that are taken, in the order of the file. The only name of a sheet is returned
/// without a look into the workbook: if the sheet is not there, its load fails.
async fn names_in(input: &Input<'_>, parts: &Parts) -> Result<Vec<String>> {
    if let Some(name) = parts.only_name() {
        return Ok(vec![name.to_owned()]);
    }
    let spooled = input.spooled().await?;
    match parts.kind {
        PartKind::Sheet => {
            let sheets = records::sheets(Box::new(spooled.file.at(0))).map_err(records_error)?;
            // A hidden sheet is read by its name only.
            let taken = sheets.into_iter().filter(|sheet| {
                parts.names(&sheet.name) || sheet.is_visible && parts.takes(&sheet.name)
            });
            Ok(taken.map(|sheet| sheet.name).collect())
        }
        PartKind::Entry => {
            let archive = spooled.archive(&input.limits())?;
            let taken = archive.names().filter(|name| parts.takes(name));
            Ok(taken.map(str::to_owned).collect())
        }
    }
}

/// Checks that a load of the ledger can be loaded again with the contract as it is now.
///
/// # Errors
///
/// [`ErrorKind::BadSetting`] where the contract takes other parts by now.
pub(super) fn check_part(dataset: &Dataset, object: &ObjectRef, part: &str) -> Result<()> {
    let taken = dataset.file.parts.as_ref().filter(|_| has_parts(dataset, object));
    let problem = match taken {
        None if part.is_empty() => return Ok(()),
        Some(parts) if parts.takes(part) || stands_for_all(dataset, part) => return Ok(()),
        Some(_) if part.is_empty() => {
            "the load is of the whole object, and the contract names parts of it now".to_owned()
        }
        _ => format!(
            "the load is of the part `{part}`, which dataset `{}` does not take any more",
            dataset.name
        ),
    };
    let message = format!(
        "{problem}: run stardrop undo with its number, then load the object again with stardrop load"
    );
    Err(Error::new(ErrorKind::BadSetting, Stage::Ledger, message))
}
