//! Settings: reads the environment, once, into typed and checked settings. No other module reads it.

mod database;
mod key_patterns;
mod names;
mod secret;
mod source;
mod table;

use std::path::PathBuf;
use std::time::Duration;

pub(crate) use database::{DatabaseSettings, DbAuth, SslMode};
pub use key_patterns::KeyPatterns;
pub use names::Names;
pub(crate) use secret::Secret;
pub(crate) use source::MysqlAddress;
use source::SourceVariables;
pub use table::TABLE;
pub(crate) use table::*;
use tracing::level_filters::LevelFilter;

use crate::error::{Error, ErrorKind, Result, Stage};

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object per line, to standard output, for CloudWatch.
    Json,
    /// Text for people, to standard error.
    Text,
}

/// All settings. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `None` where neither `DATABASE_URL` nor a `PG*` variable is set.
    pub(crate) database: Option<DatabaseSettings>,
    /// For `stardrop extract`.
    source: SourceVariables,
    /// The names of schemas and roles.
    pub names: Names,
    /// The folder with `<name>/dataset.toml`.
    pub datasets_dir: PathBuf,
    /// The maximum number of rows of a batch: one COPY, one transaction, one checkpoint.
    pub(crate) batch_rows: u64,
    /// The maximum bytes of COPY text of a batch.
    pub(crate) batch_bytes: u64,
    /// How many connections one load uses.
    pub(crate) connections: u64,
    /// A longer record is an error: most likely it has an unclosed quote.
    pub(crate) max_row_bytes: usize,
    /// A header with more columns is an error.
    pub(crate) max_columns: usize,
    /// A compressed file with more bytes after decompression is an error.
    pub(crate) max_decompressed_bytes: u64,
    /// A compressed file that gets larger by more than this factor is an error.
    pub(crate) max_ratio: u64,
    /// Part of the hashes of protected values.
    pub(crate) salt: Option<Secret>,
    /// How long a worker without progress keeps its claim on a load.
    pub(crate) lease_seconds: u64,
    /// The S3 endpoint, if not AWS. Buckets are then addressed by path.
    pub(crate) s3_endpoint: Option<String>,
    /// The SQS endpoint, if not AWS.
    pub(crate) sqs_endpoint: Option<String>,
    /// The queue to which a load that runs out of time is sent, unless its event came from a queue.
    pub(crate) queue_url: Option<String>,
    /// Keys that are no files to load: their events succeed without a load.
    pub ignore: KeyPatterns,
    /// The log level of this crate.
    pub(crate) log_level: LevelFilter,
    pub(crate) log_format: LogFormat,
    /// Whether this process is a Lambda function, or simulates one.
    pub(crate) in_lambda: bool,
    /// The folder with the Postgres server's programs, for `stardrop dev`.
    pub pg_bin: Option<PathBuf>,
    /// The folders of `PATH`, which `stardrop dev` searches for programs.
    pub path: Vec<PathBuf>,
}

impl Settings {
    /// How long a worker without progress keeps its claim on a load.
    pub(crate) fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }

    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`ErrorKind::BadSetting`], with the variable and its allowed values.
    pub fn from_env() -> Result<Settings> {
        Settings::from_vars(|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))
    }

    /// The same settings with another database.
    ///
    /// # Errors
    /// [`ErrorKind::BadSetting`] where `url` is not the URL of a Postgres database.
    pub fn with_database(mut self, url: &str) -> Result<Settings> {
        let var = |name: &str| (name == DATABASE_URL).then(|| url.to_owned());
        self.database = DatabaseSettings::from_vars(var)?;
        Ok(self)
    }

    /// Reads settings from a function that looks up variables by name. An empty variable counts as unset.
    ///
    /// # Errors
    /// As [`Settings::from_env`].
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Result<Settings> {
        let var = |name: &str| vars(name).filter(|value| !value.is_empty());
        let number = |name, max| whole_number(var, name, max);

        let in_lambda =
            var(AWS_LAMBDA_RUNTIME_API).is_some() || var(AWS_LAMBDA_FUNCTION_NAME).is_some();
        let datasets_dir = var(STARDROP_DATASETS)
            .unwrap_or_else(|| if in_lambda { "/opt/datasets" } else { "datasets/" }.to_owned());

        // On a terminal, the commands print their results themselves.
        let default_level = if in_lambda { "info" } else { "warn" };
        let log_level = match var(STARDROP_LOG).unwrap_or_else(|| default_level.to_owned()).as_str()
        {
            "error" => LevelFilter::ERROR,
            "warn" => LevelFilter::WARN,
            "info" => LevelFilter::INFO,
            "debug" => LevelFilter::DEBUG,
            "trace" => LevelFilter::TRACE,
            value => return Err(invalid(STARDROP_LOG, value, "error, warn, info, debug or trace")),
        };
        let url = |names: &[&'static str]| {
            let found = names.iter().find_map(|name| Some((name, var(name)?)));
            match found {
                Some((name, value))
                    if !value.starts_with("http://") && !value.starts_with("https://") =>
                {
                    // Without the value, which may hold credentials.
                    Err(bad(name, "expected a URL that starts with http:// or https://"))
                }
                found => Ok(found.map(|(_, value)| value)),
            }
        };

        Ok(Settings {
            database: DatabaseSettings::from_vars(var)?,
            source: SourceVariables::from_vars(var),
            names: Names::from_vars(var)?,
            datasets_dir: datasets_dir.into(),
            batch_rows: number(STARDROP_BATCH_ROWS, 100_000_000)?,
            batch_bytes: number(STARDROP_BATCH_BYTES, 1 << 30)?,
            connections: number(STARDROP_CONNECTIONS, 2)?,
            max_row_bytes: number(STARDROP_MAX_ROW_BYTES, 1 << 28)? as usize,
            // A Postgres table has at most 1,600 columns; Stardrop adds three.
            max_columns: number(STARDROP_MAX_COLUMNS, 1_597)? as usize,
            max_decompressed_bytes: number(STARDROP_MAX_DECOMPRESSED_BYTES, 1 << 50)?,
            max_ratio: number(STARDROP_MAX_RATIO, 1_000_000)?,
            salt: var(STARDROP_SALT).map(Secret::new),
            // The longest visibility timeout of SQS: twelve hours.
            lease_seconds: number(STARDROP_LEASE_SECONDS, 43_200)?,
            s3_endpoint: url(&[AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL])?,
            sqs_endpoint: url(&[AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL])?,
            queue_url: url(&[STARDROP_QUEUE_URL])?,
            ignore: ignored_keys(var)?,
            log_level,
            log_format: if in_lambda { LogFormat::Json } else { LogFormat::Text },
            in_lambda,
            pg_bin: var(PG_BIN).map(PathBuf::from),
            path: var(PATH).map(|path| std::env::split_paths(&path).collect()).unwrap_or_default(),
        })
    }

    /// The database's settings.
    ///
    /// # Errors
    /// [`ErrorKind::BadSetting`] where no database is set.
    pub(crate) fn database(&self) -> Result<&DatabaseSettings> {
        self.database.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::BadSetting,
                Stage::Settings,
                "no database is set: set DATABASE_URL, or PGHOST, PGUSER and PGDATABASE",
            )
        })
    }
}

/// The variable's value, or its default from [`TABLE`], from 1 to `max`.
fn whole_number(var: impl Fn(&str) -> Option<String>, name: &str, max: u64) -> Result<u64> {
    let value = var(name).unwrap_or_else(|| default_of(name).to_owned());
    match value.replace('_', "").parse() {
        Ok(number) if (1..=max).contains(&number) => Ok(number),
        _ => Err(invalid(name, &value, &format!("a whole number from 1 to {max}"))),
    }
}

/// The keys that are ignored; by default the markers that Hadoop and Spark write next to files.
fn ignored_keys(var: impl Fn(&str) -> Option<String>) -> Result<KeyPatterns> {
    let patterns = var(STARDROP_IGNORE).unwrap_or_else(|| DEFAULT_IGNORE.to_owned());
    KeyPatterns::parse(&patterns).map_err(|message| bad(STARDROP_IGNORE, message))
}

fn default_of(name: &str) -> &'static str {
    TABLE.iter().find(|(known, ..)| *known == name).map_or("", |(_, default, _)| default)
}

fn bad(name: &str, message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::BadSetting, Stage::Settings, format!("{name}: {message}"))
}

/// The error for a value that is not valid. It shows the value, so it is not for secrets, nor for URLs: a part of a
/// password may be taken for any other part of a URL.
fn invalid(name: &str, value: &str, allowed: &str) -> Error {
    bad(name, format!("expected {allowed}, found {value:?}"))
}

#[cfg(test)]
mod tests;
