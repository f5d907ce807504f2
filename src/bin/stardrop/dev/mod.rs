//! `stardrop dev`: runs Postgres, an S3 endpoint and loaders on this machine, until a signal stops it.

mod cloud;
mod example;
mod mariadb;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use cloud::{BUCKET, CloudOptions, Finished, LocalCloud};
use example::Example;
use stardrop::dataset_files;
use stardrop::load::{Outcome, label};
use stardrop::mock;
use stardrop::settings::Settings;
use stardrop_local::mariadb::LocalMariadb;
use tokio::signal::unix::{SignalKind, signal};

/// Run Postgres, an S3 endpoint and the loader on this machine. Drop files and see their rows.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder of the database and the buckets. It is kept when the command ends [default: .stardrop, or
    /// .stardrop/examples/NAME].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Use the contracts of examples/NAME, and upload its first files.
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
    /// The port of Postgres; a free one if omitted.
    #[arg(long)]
    postgres_port: Option<u16>,
    /// The port of the S3 endpoint; a free one if omitted.
    #[arg(long)]
    s3_port: Option<u16>,
    /// Also run an empty MariaDB server, to extract from.
    #[arg(long)]
    mariadb: bool,
    /// How many objects are loaded concurrently. With 0, run a loader yourself.
    #[arg(long, default_value_t = 2)]
    loaders: usize,
    /// When everything runs, write the addresses to this file as JSON.
    #[arg(long)]
    port_file: Option<PathBuf>,
    /// Print the addresses, and the result of each object, as JSON lines.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let (example, catalog) = match &args.example {
        Some(name) => Example::find(name).map(|(example, catalog)| (Some(example), catalog))?,
        None => (None, dataset_files::read(&settings.datasets_dir)?),
    };
    let catalog = Arc::new(catalog);
    let dir = dir(&args);
    let folders: Vec<String> = catalog
        .datasets()
        .iter()
        .filter_map(|dataset| Some(folder(dataset.patterns.first()?).to_owned()))
        .collect();
    let options = CloudOptions {
        dir: dir.clone(),
        postgres_port: args.postgres_port,
        s3_port: args.s3_port,
        loaders: args.loaders,
    };
    let keys: Vec<String> = catalog
        .datasets()
        .iter()
        .filter_map(|dataset| Some((dataset, mock::key(dataset, 1, None)?)))
        .map(|(dataset, key)| format!("{key} is a key that fits from_key of {}", dataset.name))
        .collect();
    // Before anything starts, so that an early signal also stops everything.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mariadb = if args.mariadb { Some(mariadb::start(&settings).await?) } else { None };
    let mut cloud = LocalCloud::start(options, &settings, catalog).await?;
    for folder in &folders {
        std::fs::create_dir_all(cloud.inbox().join(folder))?;
    }
    let addresses = addresses(&cloud, mariadb.as_ref());
    if args.json {
        println!("{addresses}");
    } else {
        print_how_to(&cloud, &dir, &folders, &keys);
        if let Some(mariadb) = &mariadb {
            println!("MariaDB:      {}", mariadb.url(""));
        }
    }
    if let Some(example) = &example {
        if !args.json {
            print_example(example, &cloud.inbox(), &folders);
        }
        let dropped = example.drop_first_files(&cloud.inbox());
        dropped.context("the example's files cannot be copied")?;
    }
    if let Some(file) = &args.port_file {
        write_atomically(file, &addresses)
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    loop {
        tokio::select! {
            finished = cloud.finished.recv(), if args.loaders > 0 => match finished {
                Some(finished) => print_finished(&finished, args.json)?,
                None => break,
            },
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    if let Some(file) = &args.port_file {
        let _ = std::fs::remove_file(file);
    }
    cloud.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// The folder of the database and the buckets.
fn dir(args: &Args) -> PathBuf {
    match (&args.dir, &args.example) {
        (Some(dir), _) => dir.clone(),
        (None, Some(example)) => Path::new(".stardrop/examples").join(example),
        (None, None) => PathBuf::from(".stardrop"),
    }
}

/// The addresses as a flat JSON object, for scripts.
fn addresses(cloud: &LocalCloud, mariadb: Option<&LocalMariadb>) -> String {
    serde_json::json!({
        "database_url": cloud.database_url(),
        "s3_endpoint": cloud.s3.endpoint_url(),
        "bucket": BUCKET,
        "inbox": cloud.inbox(),
        "access_key": "test",
        "secret_key": "test",
        "mariadb_url": mariadb.map(|mariadb| mariadb.url("")),
    })
    .to_string()
}

/// Writes to another name and renames, so that nobody reads an incomplete file.
fn write_atomically(file: &Path, text: &str) -> std::io::Result<()> {
    let part = file.with_extension("part");
    std::fs::write(&part, text)?;
    std::fs::rename(&part, file)
}

/// The folder for the files of a pattern, such as `sales/` for `sales/**/*.csv`.
fn folder(pattern: &str) -> &str {
    let fixed = pattern.find(['*', '?', '[', '{']).map_or(pattern, |end| &pattern[..end]);
    fixed.rfind('/').map_or("", |end| &fixed[..=end])
}

fn print_how_to(cloud: &LocalCloud, dir: &Path, folders: &[String], keys: &[String]) {
    let (endpoint, database) = (cloud.s3.endpoint_url(), cloud.database_url());
    let example = folders.first().map_or("", String::as_str);
    println!("Running. Ctrl-C stops it; the data stays in {}.", dir.display());
    println!("Drop a file:  cp FILE.csv {}", cloud.inbox().join(example).display());
    println!("  folders:    {}", folders.join(" "));
    for key in keys {
        println!("              {key}");
    }
    println!("  or by S3:   aws s3 cp --endpoint-url {endpoint} FILE.csv s3://{BUCKET}/{example}");
    println!(
        "              with AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1"
    );
    println!("Query it:     psql {database}");
    println!("              DATABASE_URL={database} stardrop status");
}

fn print_example(example: &Example, inbox: &Path, folders: &[String]) {
    let folder = example.folder.display();
    if let [first, others @ ..] = example.steps.as_slice() {
        println!("Example:      {folder}/README.md; uploading {}", first.display());
        for step in others {
            println!("  then:       cp -R {}/. {}", step.display(), inbox.display());
        }
    } else if let Some(target) = folders.first() {
        println!("Example:      cp {folder}/sample.csv {}", inbox.join(target).display());
    }
}

fn print_finished(finished: &Finished, json: bool) -> anyhow::Result<()> {
    match &finished.result {
        Ok(report) if json => println!("{}", serde_json::to_string(report)?),
        Ok(report) => match report.outcome {
            Outcome::Loaded => println!(
                "load {} {}: {} rows read, {} rejected, {} ms: {}",
                report.load_id.unwrap_or_default(),
                report.dataset.as_deref().unwrap_or_default(),
                report.rows_read,
                report.rows_rejected,
                report.duration_ms,
                label(&report.object, &report.part)
            ),
            other => println!(
                "load {}: skipped, {}: {}",
                report.load_id.unwrap_or_default(),
                other.as_str().replace('_', " "),
                label(&report.object, &report.part)
            ),
        },
        Err(error) if json => println!(
            "{}",
            serde_json::json!({
                "load_id": error.load_id(), "object": finished.object.to_string(), "outcome": "failed",
                "failure": error.to_string(), "is_retried": finished.is_retried,
            })
        ),
        Err(error) => {
            let load =
                error.load_id().map_or_else(String::new, |load_id| format!("load {load_id} "));
            let retried = || "retried automatically".to_owned();
            let hint = if finished.is_retried { retried() } else { error.hint() };
            println!("{load}failed: {error}\n  {hint}");
        }
    }
    Ok(())
}
