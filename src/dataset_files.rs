//! Catalog: the folder of contracts in, the checked catalog out. The one place that reads it.

use std::path::Path;

use crate::dataset::{Catalog, ContractText};
use crate::error::{Error, ErrorKind, Result, Stage};

/// Reads `<dir>/<name>/dataset.toml`, and the SQL beside it, for every folder in `dir`.
///
/// # Errors
///
/// [`ErrorKind::BadSetting`] where the folder cannot be read or holds no contract;
/// [`ErrorKind::BadContract`] with every mistake, one a line.
pub fn read(dir: &Path) -> Result<Catalog> {
    let unreadable = |path: &Path, error: std::io::Error| {
        let message = format!("{} cannot be read (STARDROP_DATASETS)", path.display());
        Error::new(ErrorKind::BadSetting, Stage::Dataset, message).caused_by(error)
    };
    let mut contracts: Vec<ContractText> = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| unreadable(dir, error))? {
        let entry = entry.map_err(|error| unreadable(dir, error))?;
        let file = entry.path().join("dataset.toml");
        if !file.is_file() {
            continue;
        }
        let contract = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, error))?;
        let beside = |name: &str| {
            let path = entry.path().join(name);
            match path.is_file() {
                true => std::fs::read_to_string(&path).map(Some).map_err(|e| unreadable(&path, e)),
                false => Ok(None),
            }
        };
        contracts.push(ContractText {
            folder: entry.file_name().to_string_lossy().into_owned(),
            contract,
            views_sql: beside("views.sql")?,
            normalise_sql: beside("normalise.sql")?,
            file,
        });
    }
    if contracts.is_empty() {
        let message = format!("{} holds no <name>/dataset.toml (STARDROP_DATASETS)", dir.display());
        return Err(Error::new(ErrorKind::BadSetting, Stage::Dataset, message));
    }
    contracts.sort_by(|a, b| a.file.cmp(&b.file));
    Catalog::of(contracts).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let message = format!("{} to mend:\n  {}", count(lines.len()), lines.join("\n  "));
        Error::new(ErrorKind::BadContract, Stage::Dataset, message)
    })
}

fn count(mistakes: usize) -> String {
    if mistakes == 1 { "1 mistake".to_owned() } else { format!("{mistakes} mistakes") }
}
