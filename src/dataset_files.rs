//! Dataset files: reads the folder of contracts, and returns the catalog of checked datasets. No other module reads it.

use std::path::Path;

use crate::dataset::{Catalog, ContractText};
use crate::error::{Error, ErrorKind, Result, Stage};

/// Reads `<dir>/<name>/dataset.toml`, and the SQL files next to it, for every folder in `dir`.
///
/// # Errors
///
/// [`ErrorKind::BadSetting`] where the folder cannot be read or contains no contract;
/// [`ErrorKind::BadContract`] with every error, one per line.
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
        let optional = |name: &str| {
            let path = entry.path().join(name);
            match path.is_file() {
                true => std::fs::read_to_string(&path).map(Some).map_err(|e| unreadable(&path, e)),
                false => Ok(None),
            }
        };
        contracts.push(ContractText {
            folder: entry.file_name().to_string_lossy().into_owned(),
            contract,
            views_sql: optional("views.sql")?,
            normalise_sql: optional("normalise.sql")?,
            file,
        });
    }
    if contracts.is_empty() {
        let message =
            format!("{} contains no <name>/dataset.toml (STARDROP_DATASETS)", dir.display());
        return Err(Error::new(ErrorKind::BadSetting, Stage::Dataset, message));
    }
    contracts.sort_by(|a, b| a.file.cmp(&b.file));
    Catalog::of(contracts).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let message = format!("{}:\n  {}", count(lines.len()), lines.join("\n  "));
        Error::new(ErrorKind::BadContract, Stage::Dataset, message)
    })
}

fn count(errors: usize) -> String {
    if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") }
}
