//! `stardrop load`: loads files or S3 objects now.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use stardrop::error::{Error, ErrorKind, Stage};
use stardrop::load::Loader;
use stardrop::object::{self, ObjectRef, Source};
use stardrop::settings::Settings;

use crate::outcomes::Outcomes;
use crate::replay;

/// Load files or S3 objects now, by the same code and with the same ledger as the Lambda.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files, folders or s3://bucket/prefix.
    #[arg(required_unless_present = "refresh_enrichment")]
    paths: Vec<String>,
    /// The dataset, if the path does not match its pattern.
    #[arg(long)]
    dataset: Option<String>,
    /// Load all loaded files of this dataset again that looked values up in other files than those that the contract
    /// names now: after an update of a database or a table.
    #[arg(long, value_name = "DATASET", conflicts_with_all = ["paths", "dataset"])]
    refresh_enrichment: Option<String>,
    /// Print the result of each object as a JSON array.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    if let Some(dataset) = &args.refresh_enrichment {
        return replay::refresh_enrichment(dataset, settings, args.json).await;
    }
    let mut loader = Loader::from_settings(settings)?;
    let source = loader.source();
    let mut objects = Vec::new();
    for path in &args.paths {
        objects.extend(find(path, &source).await?);
    }
    if objects.is_empty() {
        let message = format!("no files found in {}", args.paths.join(", "));
        return Err(Error::new(ErrorKind::ObjectMissing, Stage::Object, message).into());
    }

    let mut outcomes = Outcomes::new(objects.len(), args.json);
    for object in &objects {
        let loads = loader.load_parts(object, args.dataset.as_deref()).await;
        if !outcomes.add(object, loads)? {
            break;
        }
    }
    outcomes.finish()
}

async fn find(path: &str, source: &Source) -> anyhow::Result<Vec<ObjectRef>> {
    let Some(address) = path.strip_prefix("s3://") else {
        return files(Path::new(path)).with_context(|| format!("{path} cannot be read"));
    };
    let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
    let mut listing = source.list(bucket, prefix).await;
    let mut objects = Vec::new();
    while let Some(page) = listing.next_page().await? {
        objects.extend(page);
    }
    Ok(objects)
}

/// A file, or all files below a folder in the order of their names, without hidden ones.
fn files(path: &Path) -> anyhow::Result<Vec<ObjectRef>> {
    if !path.is_dir() {
        return Ok(vec![object::local_file(path)?]);
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    let mut objects = Vec::new();
    for entry in entries {
        let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden {
            objects.extend(files(&entry)?);
        }
    }
    Ok(objects)
}
