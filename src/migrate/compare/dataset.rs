//! Compares what a dataset has besides its staging table's columns: functions, triggers, the
//! recorded contract, and whether the staging table keeps its rows.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::migrate::operation::{InstallDataset, KeepStagingRows, Operation, StopKeepingRows};
use crate::migrate::shape::{Existing, ExistingDataset};
use crate::settings::Names;
use crate::star::{CompiledDataset, TRIGGERS};

/// Returns the operation that installs the dataset, where its functions or triggers are not those of
/// its contract, or another contract is recorded.
pub(super) fn compare(
    existing: &Existing,
    dataset: &CompiledDataset,
    names: &Names,
) -> Option<Operation> {
    let found = existing.datasets.get(&dataset.name).cloned().unwrap_or_default();
    if found.fingerprint.as_ref() == Some(&dataset.fingerprint)
        && is_installed(&found, dataset, names)
    {
        return None;
    }
    let is_wanted = |name: &str| dataset.functions.iter().any(|function| function.name == name);
    Some(Operation::InstallDataset(InstallDataset {
        dataset: dataset.clone(),
        is_new: found.fingerprint.is_none(),
        dropped_functions: found
            .functions
            .into_iter()
            .filter(|function| !is_wanted(&function.name))
            .map(|function| function.signature)
            .collect(),
    }))
}

/// Whether the functions have the bodies of the contract, and the triggers exist.
fn is_installed(found: &ExistingDataset, dataset: &CompiledDataset, names: &Names) -> bool {
    let existing: BTreeSet<(&str, Cow<'_, str>)> =
        found.functions.iter().map(|f| (f.name.as_str(), Cow::Borrowed(f.body.as_str()))).collect();
    let wanted: BTreeSet<(&str, Cow<'_, str>)> =
        dataset.functions.iter().map(|f| (f.name.as_str(), names.apply(&f.body))).collect();
    existing == wanted
        && found.functions.len() == wanted.len()
        && TRIGGERS
            .iter()
            .all(|name| dataset.triggers.contains(name) == found.triggers.contains(*name))
}

/// Returns the operation that makes the staging table start or stop keeping rows.
pub(super) fn compare_retention(
    existing: &Existing,
    dataset: &CompiledDataset,
    recreated: &[String],
) -> Option<Operation> {
    let table = dataset.staging.qualified_name();
    let found = existing.tables.get(&table).filter(|_| !recreated.contains(&table))?;
    match (found.is_logged, !dataset.staging.unlogged) {
        (false, true) => Some(Operation::KeepStagingRows(KeepStagingRows { table })),
        (true, false) => {
            let dataset = dataset.name.clone();
            Some(Operation::StopKeepingRows(StopKeepingRows { table, dataset }))
        }
        _ => None,
    }
}
