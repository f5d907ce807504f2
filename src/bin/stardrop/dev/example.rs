//! Example: finds an example of the project by its name, with its contracts and its files, for `stardrop dev --example`.

use std::path::{Path, PathBuf};

use stardrop::dataset::Catalog;
use stardrop::dataset_files;
use stardrop::error::{Error, ErrorKind, Result, Stage};

/// Where examples are, in the project's folder.
const EXAMPLES: &str = "examples";

/// An example.
pub struct Example {
    /// Its folder, `examples/<name>`.
    pub folder: PathBuf,
    /// The folders of files, `files/<step>`, in their order. Below each, the path of a file is the key of its object.
    pub steps: Vec<PathBuf>,
}

impl Example {
    /// Finds an example by its name, and its contracts: in `datasets/`, or only one, `dataset.toml`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadSetting`] where there is no such example; those of [`dataset_files::read`].
    pub fn find(name: &str) -> Result<(Example, Catalog)> {
        let known = names()?;
        if !known.iter().any(|known| known == name) {
            let message =
                format!("there is no example `{name}`; the examples are: {}", known.join(", "));
            return Err(Error::new(ErrorKind::BadSetting, Stage::Settings, message));
        }
        let folder = Path::new(EXAMPLES).join(name);
        let datasets = folder.join("datasets");
        let catalog = if datasets.is_dir() {
            dataset_files::read(&datasets)?
        } else {
            dataset_files::read_one(&folder)?
        };
        let mut steps = entries(&folder.join("files")).unwrap_or_default();
        steps.retain(|step| step.is_dir());
        Ok((Example { folder, steps }, catalog))
    }

    /// Copies the files of the first step into the folder of a bucket, but none that is there already: it may be a
    /// newer version.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read or written.
    pub fn drop_first_files(&self, inbox: &Path) -> std::io::Result<()> {
        match self.steps.first() {
            Some(step) => copy_missing(step, inbox),
            None => Ok(()),
        }
    }
}

/// The names of the folders with contracts.
fn names() -> Result<Vec<String>> {
    let folders = entries(Path::new(EXAMPLES)).map_err(|error| {
        let message = format!(
            "{EXAMPLES}/ cannot be read: run `stardrop dev --example` in the folder of stardrop's source"
        );
        Error::new(ErrorKind::BadSetting, Stage::Settings, message).caused_by(error)
    })?;
    let mut names = Vec::new();
    for folder in folders {
        let is_example = folder.join("datasets").is_dir() || folder.join("dataset.toml").is_file();
        if let Some(name) = folder.file_name().filter(|_| is_example) {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    entries.sort();
    Ok(entries)
}

fn copy_missing(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in entries(from)? {
        let Some(name) = entry.file_name() else { continue };
        let target = to.join(name);
        if entry.is_dir() {
            copy_missing(&entry, &target)?;
        } else if !target.exists() {
            std::fs::copy(&entry, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_in_the_bucket_already_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (step, inbox) = (folder.path().join("1-first"), folder.path().join("inbox"));
        for (file, text) in [("1-first/users/batch=7/a.csv", "old"), ("1-first/b.csv", "b")] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::create_dir_all(inbox.join("users/batch=7")).unwrap();
        std::fs::write(inbox.join("users/batch=7/a.csv"), "new").unwrap();
        let example = Example { folder: folder.path().to_owned(), steps: vec![step] };
        example.drop_first_files(&inbox).unwrap();
        let read = |file| std::fs::read_to_string(inbox.join(file)).unwrap();
        assert_eq!(
            (read("users/batch=7/a.csv"), read("b.csv")),
            ("new".to_owned(), "b".to_owned())
        );
    }
}
