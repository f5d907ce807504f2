//! `stardrop extract`: copies tables of MySQL or Postgres into a bucket or a folder, in full or only what is new.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use jiff::SignedDuration;
use stardrop::error::{Error, ErrorKind, Stage};
use stardrop::extract::{
    self, Address, Compression, Draft, Format, Login, Progress, Query, Report, Request, ZeroDates,
    dataset_name,
};
use stardrop::object::Source;
use stardrop::settings::Settings;
use tokio_util::sync::CancellationToken;

/// Copy tables of MySQL, MariaDB or Postgres into a bucket or a folder: all rows, or with --since only what is new.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The source: mysql://user@host/database or postgres://user@host/database. The password is taken from MYSQL_PWD or
    /// PGPASSWORD.
    source: String,
    /// A table, as `orders` or `shop.orders`; may be repeated.
    #[arg(long = "table", required_unless_present_any = ["patterns", "query"])]
    tables: Vec<String>,
    /// All tables whose names fit a pattern, such as 'shop.*'; may be repeated.
    #[arg(long = "tables", value_name = "PATTERN")]
    patterns: Vec<String>,
    /// Extract the rows of the query in this file instead of a table.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tables", "patterns", "init"])]
    query: Option<PathBuf>,
    /// s3://bucket/prefix/ or a folder. Several tables get a folder each.
    #[arg(long, value_parser = Address::parse)]
    to: Address,
    /// Extract only rows that are new by this column, which has the time of their last change.
    #[arg(long, value_name = "COLUMN")]
    since: Option<String>,
    /// How far before the end of the last run to start, for transactions that were committed late.
    #[arg(long, default_value = "10m", value_parser = extract::parse_duration)]
    overlap: SignedDuration,
    /// Where it is kept up to when each table has been extracted; by default s3://bucket/_stardrop/extract/ or a hidden
    /// folder.
    #[arg(long, value_parser = Address::parse, requires = "since")]
    state: Option<Address>,
    /// Write the contract of each table to datasets/<table>/dataset.toml, and extract nothing.
    #[arg(long)]
    init: bool,
    /// How to write the files.
    #[arg(long, default_value = "csv", value_parser = format_parser())]
    format: &'static Format,
    /// How to compress the files: CSV as a whole, Parquet inside.
    #[arg(long, value_enum, default_value_t = CompressionName::Zstd)]
    compression: CompressionName,
    /// Begin another file after about this many bytes before compression, such as 256MB.
    #[arg(long, value_name = "SIZE", requires = "since", value_parser = extract::parse_bytes)]
    split: Option<u64>,
    /// What becomes of dates such as 0000-00-00.
    #[arg(long, value_enum, default_value_t = ZeroDatesName::Null)]
    zero_dates: ZeroDatesName,
    /// Print the results as a JSON array.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CompressionName {
    Zstd,
    Gzip,
    None,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ZeroDatesName {
    /// Null, and counted.
    Null,
    /// As they are; the loader rejects their rows.
    Keep,
    /// The first one ends the extract.
    Fail,
}

fn format_parser() -> impl TypedValueParser<Value = &'static Format> {
    PossibleValuesParser::new(Format::names()).try_map(|name| Format::parse(&name))
}

pub async fn run(args: Args, settings: Settings) -> anyhow::Result<ExitCode> {
    let (init, json) = (args.init, args.json);
    let request = request(args)?;
    if init {
        let tables = extract::describe(&request, &settings).await?;
        write_contracts(&extract::contracts(&request, &tables), &settings.datasets_dir)?;
        return Ok(ExitCode::SUCCESS);
    }
    let stop = CancellationToken::new();
    tokio::spawn(cancel_on_signal(stop.clone()));
    let bar = Bar::new(!json && std::io::stderr().is_terminal());
    let objects = Source::new(&settings);
    let started = Instant::now();
    let show = |progress: Progress<'_>| bar.show(progress);
    let reports = extract::run(&request, &settings, &objects, &show, &stop).await;
    bar.bar.finish_and_clear();
    let reports = reports?;
    if json {
        let rows: Vec<_> = reports.iter().map(Report::to_json).collect();
        say!("{}", serde_json::to_string_pretty(&rows)?)?;
    } else {
        for report in &reports {
            print(report)?;
        }
        let (rows, bytes) = reports.iter().fold((0, 0), |(r, b), x| (r + x.rows, b + x.bytes));
        let seconds = started.elapsed().as_secs_f64();
        eprintln!(
            "{rows} rows, {:.1} MB before compression, {seconds:.1} s, {:.1} MB/s",
            bytes as f64 / 1e6,
            bytes as f64 / 1e6 / seconds.max(1e-9)
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn request(args: Args) -> anyhow::Result<Request> {
    let query = match &args.query {
        None => None,
        Some(path) => {
            let sql = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            Some(Query { name: dataset_name(&name), sql })
        }
    };
    Ok(Request {
        source: args.source,
        login: Login::Password,
        tables: args.tables,
        patterns: args.patterns,
        query,
        to: args.to,
        state: args.state,
        since: args.since,
        overlap: args.overlap,
        format: args.format,
        compression: match args.compression {
            CompressionName::Zstd => Compression::Zstd,
            CompressionName::Gzip => Compression::Gzip,
            CompressionName::None => Compression::None,
        },
        split_bytes: args.split,
        zero_dates: match args.zero_dates {
            ZeroDatesName::Null => ZeroDates::Null,
            ZeroDatesName::Keep => ZeroDates::Keep,
            ZeroDatesName::Fail => ZeroDates::Fail,
        },
    })
}

/// Ends the extract on Ctrl-C and SIGTERM, so that it aborts its uploads.
async fn cancel_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    stop.cancel();
}

/// Rows, bytes and rate on the terminal.
struct Bar {
    bar: ProgressBar,
    started: Instant,
}

impl Bar {
    fn new(is_visible: bool) -> Bar {
        let bar = if is_visible { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{spinner} {msg}");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Bar { bar, started: Instant::now() }
    }

    fn show(&self, progress: Progress<'_>) {
        let rate = progress.bytes as f64 / self.started.elapsed().as_secs_f64().max(1e-3);
        self.bar.set_message(format!(
            "{}: {} rows, {}, {}/s",
            progress.table,
            HumanCount(progress.rows),
            HumanBytes(progress.bytes),
            HumanBytes(rate as u64)
        ));
    }
}

fn print(report: &Report) -> anyhow::Result<()> {
    let table = &report.table;
    match report.files.as_slice() {
        [] => say!("{table}: nothing new")?,
        [file] => say!("{table}: {} rows: {file}", report.rows)?,
        [first, ..] => {
            say!("{table}: {} rows in {} files: {first}, ...", report.rows, report.files.len())?
        }
    }
    if report.zero_dates > 0 {
        say!("  {} zero dates became null", report.zero_dates)?;
    }
    for note in &report.notes {
        say!("  {note}")?;
    }
    Ok(())
}

/// Writes the contracts, unless one of the files exists.
fn write_contracts(drafts: &[Draft], folder: &Path) -> anyhow::Result<()> {
    let path_of = |draft: &Draft| folder.join(&draft.name).join("dataset.toml");
    if let Some(path) = drafts.iter().map(path_of).find(|path| path.exists()) {
        let message = format!("{} exists: remove it, or edit it by hand", path.display());
        return Err(Error::new(ErrorKind::BadSetting, Stage::Extract, message).into());
    }
    for draft in drafts {
        let path = path_of(draft);
        let written = std::fs::create_dir_all(folder.join(&draft.name))
            .and_then(|()| std::fs::write(&path, &draft.text));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
        say!("wrote {}", path.display())?;
    }
    say!(
        "next: stardrop migrate --check, then stardrop migrate, then the same command without --init"
    )?;
    Ok(())
}
