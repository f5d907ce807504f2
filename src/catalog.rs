//! Catalog: the folder of contracts in, the checked catalog out. The one place that reads it.

use std::path::{Path, PathBuf};

use crate::dataset::Catalog;
use crate::error::{Error, ErrorKind, Result, Stage};

/// Reads `<dir>/<name>/dataset.toml` for every folder in `dir`.
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
    let mut contracts: Vec<(PathBuf, String, String)> = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| unreadable(dir, error))? {
        let entry = entry.map_err(|error| unreadable(dir, error))?;
        let file = entry.path().join("dataset.toml");
        if !file.is_file() {
            continue;
        }
        let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, error))?;
        contracts.push((file, entry.file_name().to_string_lossy().into_owned(), text));
    }
    if contracts.is_empty() {
        let message = format!("{} holds no <name>/dataset.toml (STARDROP_DATASETS)", dir.display());
        return Err(Error::new(ErrorKind::BadSetting, Stage::Dataset, message));
    }
    contracts.sort();
    Catalog::read(contracts).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let message = format!("{} to mend:\n  {}", count(lines.len()), lines.join("\n  "));
        Error::new(ErrorKind::BadContract, Stage::Dataset, message)
    })
}

fn count(mistakes: usize) -> String {
    if mistakes == 1 { "1 mistake".to_owned() } else { format!("{mistakes} mistakes") }
}
