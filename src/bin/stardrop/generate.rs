//! `stardrop generate`: writes mock data for a dataset, as a CSV file, a workbook, or a zip archive of one.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use jiff::civil::Date;
use stardrop::dataset::Dataset;
use stardrop::dataset_files;
use stardrop::error::{Error, ErrorKind, Stage};
use stardrop::mock::{self, MockFile};
use stardrop::settings::Settings;

use crate::mock_output::{self, MockOutput};

/// Write mock data for a dataset: reproducible, any number of rows; as CSV, as a workbook with --out FILE.xlsx, or with
/// `entry` in the contract as a zip archive with --out FILE.zip.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The dataset.
    dataset: String,
    /// The number of rows.
    #[arg(long, default_value_t = 1000)]
    rows: u64,
    /// The seed of the random numbers: the same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The share of rows that break the contract, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    bad: f64,
    /// Put all dates on this day, with grain values that differ from those of other days.
    #[arg(long)]
    day: Option<Date>,
    /// Write to this file instead of standard output; with from_key in the contract, or below this folder, under a
    /// key that fits.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print a summary as a JSON object; needs --out.
    #[arg(long, requires = "out")]
    json: bool,
}

/// The first day of mock dates.
const FIRST_DAY: Date = Date::constant(2000, 1, 1);

/// The last day: mock dates start again some years later.
const LAST_DAY: Date = Date::constant(2049, 12, 31);

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let catalog = dataset_files::read(&settings.datasets_dir)?;
    let dataset = dataset_files::named(&catalog, &args.dataset)?;
    let delimiter = match dataset.file.delimiter.as_deref() {
        None => b',',
        Some([byte]) => *byte,
        Some(_) => {
            return Err(usage("generate supports only delimiters of one byte".to_owned()).into());
        }
    };
    let columns = mock::columns(dataset, args.rows);
    let mut file =
        MockFile::new(columns, args.rows, args.seed, args.bad, delimiter).map_err(usage)?;
    let mut days = None;
    if let Some(day) = args.day {
        let since = FIRST_DAY.until(day).map_or(-1, |span| i64::from(span.get_days()));
        let since = u64::try_from(since).ok().filter(|_| day <= LAST_DAY);
        let since = since.ok_or_else(|| {
            usage(format!("--day {day} is not between {FIRST_DAY} and {LAST_DAY}"))
        })?;
        file = file.on_day(since);
        days = Some(since);
    }
    let path = match &args.out {
        Some(path) if !dataset.from_key.is_empty() => {
            Some(path_that_fits(dataset, path, mock::key(dataset, args.seed, days))?)
        }
        path => path.clone(),
    };

    let output = MockOutput::of(dataset, path.as_deref(), args.rows).map_err(usage)?;

    let started = Instant::now();
    let bytes = match &path {
        Some(path) => write_file(&mut file, path, &output, delimiter)
            .with_context(|| format!("{} cannot be written", path.display()))?,
        None => mock_output::write(&mut file, &mut io::stdout().lock())?,
    };
    let seconds = started.elapsed().as_secs_f64();
    if let Some(path) = &path {
        if args.json {
            println!(
                "{}",
                serde_json::json!({
                    "file": path, "rows": args.rows, "bad_rows": file.bad_rows_written(),
                    "bytes": bytes, "seconds": seconds,
                })
            );
        } else {
            let megabytes = bytes as f64 / 1e6;
            eprintln!(
                "{}: {} rows, {} of them bad, {megabytes:.1} MB in {seconds:.2} s ({:.0} MB/s)",
                path.display(),
                args.rows,
                file.bad_rows_written(),
                megabytes / seconds
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The path for a file whose key has values of its rows: in a folder that key, which is made with the folders in
/// it; any other path must fit the contract.
fn path_that_fits(dataset: &Dataset, path: &Path, key: Option<String>) -> anyhow::Result<PathBuf> {
    if path.is_dir() || path.as_os_str().to_string_lossy().ends_with('/') {
        let key = key.ok_or_else(|| {
            usage("no mock value fits from_key: name the file with --out yourself".to_owned())
        })?;
        let path = path.join(key);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        return Ok(path);
    }
    let is_device = path.exists() && !path.is_file();
    let absolute = std::path::absolute(path)?;
    match dataset.key_values(&absolute.to_string_lossy(), true) {
        Err(message) if !is_device => {
            let such = key.map_or_else(String::new, |key| format!(", such as {key}"));
            let message =
                format!("{message}; name a folder with --out FOLDER/ for a key that fits{such}");
            Err(usage(message).into())
        }
        _ => Ok(path.to_owned()),
    }
}

fn usage(message: String) -> Error {
    Error::new(ErrorKind::BadSetting, Stage::Settings, message)
}

/// Writes to another name and renames, so that nobody reads an incomplete file. Writes directly to a device or
/// pipe.
fn write_file(
    file: &mut MockFile,
    path: &Path,
    output: &MockOutput,
    delimiter: u8,
) -> io::Result<u64> {
    if path.exists() && !path.is_file() {
        return output.write_file(file, File::options().write(true).open(path)?, delimiter);
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let written = File::create(&part)
        .and_then(|out| output.write_file(file, out, delimiter))
        .and_then(|bytes| std::fs::rename(&part, path).map(|()| bytes));
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}
