//! Dataset files: reads the folder of contracts, and returns the catalog of checked datasets. No other module reads it.

use std::path::{Path, PathBuf};

use crate::dataset::{Catalog, ContractText, Dataset, suggestion};
use crate::error::{Error, ErrorKind, Result, Stage};

const CONTRACT: &str = "dataset.toml";
const VIEWS: &str = "views.sql";
const NORMALISE: &str = "normalise.sql";

/// Reads `<dir>/<name>/dataset.toml`, and the SQL files next to it, for every folder in `dir`.
///
/// # Errors
///
/// [`ErrorKind::BadSetting`] where the folder cannot be read or contains no contract;
/// [`ErrorKind::BadContract`] with every error, one per line.
pub fn read(dir: &Path) -> Result<Catalog> {
    let mut folders = Vec::new();
    for name in names(dir)? {
        let folder = dir.join(&name);
        if folder.is_dir() {
            folders.push(folder);
        }
    }
    read_folders(dir, folders)
}

/// Reads the contract of one folder, which has no others beside it.
///
/// # Errors
///
/// Those of [`read`].
pub fn read_one(folder: &Path) -> Result<Catalog> {
    read_folders(folder, vec![folder.to_owned()])
}

/// The dataset of that name.
///
/// # Errors
///
/// [`ErrorKind::NoDataset`] where there is none, with the names that there are.
pub fn named<'c>(catalog: &'c Catalog, name: &str) -> Result<&'c Dataset> {
    catalog.dataset(name).ok_or_else(|| {
        let known: Vec<&str> = catalog.datasets().iter().map(|d| d.name.as_str()).collect();
        let message =
            format!("there is no dataset `{name}`; the datasets are: {}", known.join(", "));
        Error::new(ErrorKind::NoDataset, Stage::Dataset, message)
            .with_hint("name one of these datasets, or write its contract")
    })
}

fn read_folders(dir: &Path, folders: Vec<PathBuf>) -> Result<Catalog> {
    let mut contracts: Vec<ContractText> = Vec::new();
    let mut misnamed: Vec<String> = Vec::new();
    for folder in folders {
        let files = names(&folder)?;
        misnamed.extend(files.iter().filter_map(|file| {
            let meant = meant(file, &files)?;
            Some(format!("{}: did you mean `{meant}`? rename it", folder.join(file).display()))
        }));
        let file = folder.join(CONTRACT);
        if !file.is_file() {
            continue;
        }
        let read =
            |path: &Path| std::fs::read_to_string(path).map_err(|error| unreadable(path, error));
        let optional = |name: &str| {
            let path = folder.join(name);
            path.is_file().then(|| read(&path)).transpose()
        };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        contracts.push(ContractText {
            folder: name,
            contract: read(&file)?,
            views_sql: optional(VIEWS)?,
            normalise_sql: optional(NORMALISE)?,
            file,
        });
    }
    if !misnamed.is_empty() {
        return Err(bad_contracts(&misnamed));
    }
    if contracts.is_empty() {
        return Err(no_contract(dir));
    }
    contracts.sort_by(|a, b| a.file.cmp(&b.file));
    Catalog::of(contracts).map_err(|errors| {
        bad_contracts(&errors.iter().map(ToString::to_string).collect::<Vec<_>>())
    })
}

/// The names of what is in a folder, sorted.
fn names(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| unreadable(dir, error))? {
        let entry = entry.map_err(|error| unreadable(dir, error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The name that a file of a dataset should have, if it is misspelt: its content would be ignored.
fn meant<'f>(file: &str, files: &[String]) -> Option<&'f str> {
    [CONTRACT, VIEWS, NORMALISE]
        .into_iter()
        .filter(|known| !files.iter().any(|file| file == known))
        .find(|known| strsim::levenshtein(&file.to_lowercase(), known) <= 2)
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let mut message = format!("{} cannot be read (STARDROP_DATASETS)", path.display());
    // A misspelt folder.
    let parent =
        path.parent().map(|parent| if parent == Path::new("") { Path::new(".") } else { parent });
    if let (std::io::ErrorKind::NotFound, Some(parent), Some(name)) =
        (error.kind(), parent, path.file_name())
        && let Ok(siblings) = names(parent)
    {
        let name = name.to_string_lossy();
        message.push_str(&suggestion(&name, siblings.iter().map(String::as_str)));
    }
    Error::new(ErrorKind::BadSetting, Stage::Dataset, message).caused_by(error)
}

fn no_contract(dir: &Path) -> Error {
    let path = dir.display();
    let message = if dir.join(CONTRACT).is_file() {
        format!(
            "{path} is the folder of one dataset: name the folder that it is in (STARDROP_DATASETS)"
        )
    } else {
        format!(
            "{path} contains no <name>/{CONTRACT} (STARDROP_DATASETS): write one, or copy one of \
             stardrop's examples/ there"
        )
    };
    Error::new(ErrorKind::BadSetting, Stage::Dataset, message)
}

fn bad_contracts(lines: &[String]) -> Error {
    let count = match lines.len() {
        1 => "1 error".to_owned(),
        errors => format!("{errors} errors"),
    };
    let message = format!("{count}:\n  {}", lines.join("\n  "));
    Error::new(ErrorKind::BadContract, Stage::Dataset, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALES: &str = "name = \"sales\"\nmatch = \"sales/*\"\n[columns]\nid = { type = \"text\" }\n[dimension.thing]\nkey = \"id\"\n";

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join("datasets").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, SALES).unwrap();
        }
        folder
    }

    #[test]
    fn misspelt_names_of_files_and_folders_are_answered_with_the_right_ones() {
        for (files, dir, said) in [
            (
                &["sales/dataset.tml"][..],
                "datasets",
                "sales/dataset.tml: did you mean `dataset.toml`?",
            ),
            (&["sales/Dataset.toml"], "datasets", "did you mean `dataset.toml`?"),
            (
                &["sales/dataset.toml", "sales/normalize.sql"],
                "datasets",
                "did you mean `normalise.sql`?",
            ),
            (&["sales/dataset.toml", "sales/view.sql"], "datasets", "did you mean `views.sql`?"),
            (&["sales/dataset.toml"], "datsets", "did you mean `datasets`?"),
            (&["sales/dataset.toml"], "datasets/sale", "did you mean `sales`?"),
            (&["sales/dataset.toml"], "datasets/sales", "is the folder of one dataset"),
            (&["README.md"], "datasets", "copy one of stardrop's examples/"),
        ] {
            let folder = folder(files);
            let error = read(&folder.path().join(dir)).unwrap_err();
            assert!(error.message.contains(said), "{error}");
        }
    }

    #[test]
    fn other_files_are_left_alone() {
        let files = ["README.md", "sales/dataset.toml", "sales/sample.csv", "notes/todo.txt"];
        let folder = folder(&files);
        assert_eq!(read(&folder.path().join("datasets")).unwrap().datasets().len(), 1);
        assert_eq!(read_one(&folder.path().join("datasets/sales")).unwrap().datasets().len(), 1);
        let error = read_one(&folder.path().join("datasets/notes")).unwrap_err();
        assert!(error.message.contains("contains no"), "{error}");
    }
}
