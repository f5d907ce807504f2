//! Run: extracts the tables of a request, one after the other, from one snapshot, and moves their states.

use std::collections::HashMap;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::job::{Job, Request};
use super::mark::Clock;
use super::part_writer::{PartWriter, Written};
use super::prepare::{Prepared, jobs, prepare, state_of};
use super::report::{Report, report};
use super::source::{self, Copied, Range, Select, Session, interrupted};
use super::table::{DataType, Table};
use super::target::Target;
use super::window::Window;
use crate::error::{Error, ErrorKind, Result};
use crate::object::Source;
use crate::settings::Settings;

/// How many pieces may wait for the writer.
const WAITING_PIECES: usize = 4;

/// A note for the first window of a query.
const NO_KEY: &str = "the rows of a query have no primary key: give the fact of its contract a grain, or rows that come \
                      again in an overlap count twice";

/// How far the extract of a table is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'p> {
    /// The table.
    pub table: &'p str,
    /// Rows so far.
    pub rows: u64,
    /// Bytes of CSV so far.
    pub bytes: u64,
}

/// The tables of a request, described.
///
/// # Errors
///
/// [`ErrorKind::BadSource`] for a table that does not exist or cannot be extracted so; errors of the source.
pub async fn describe(request: &Request, settings: &Settings) -> Result<Vec<Table>> {
    let mut session = source::connect(&request.source, &request.login, settings).await?;
    let jobs = jobs(request, session.as_mut()).await?;
    Ok(jobs.into_iter().map(|job| job.table).collect())
}

/// Extracts all tables of a request.
///
/// # Errors
///
/// Those of the source and of the target. Tables before the one with the error are complete.
pub async fn run(
    request: &Request,
    settings: &Settings,
    objects: &Source,
    progress: &(dyn Fn(Progress<'_>) + Sync),
    stop: &CancellationToken,
) -> Result<Vec<Report>> {
    let mut session = source::connect(&request.source, &request.login, settings).await?;
    let address = session.address();
    let target = Target::open(&request.to, objects)?;
    let elsewhere = match request.states() {
        states if states == request.to || request.since.is_none() => None,
        states => Some(Target::open(&states, objects)?),
    };
    let states = elsewhere.as_ref().unwrap_or(&target);

    let mut prepared = Vec::new();
    for job in jobs(request, session.as_mut()).await? {
        prepared.push(prepare(job, &address, &target, states).await?);
    }
    // Only now: what other runs have completed until here is in this snapshot, too.
    let clock = session.begin().await?;
    let mut reports = Vec::new();
    for table in prepared {
        let run = TableRun { request, address: &address, target: &target, states, stop };
        reports.push(run.run(session.as_mut(), table, clock, progress).await?);
    }
    Ok(reports)
}

/// What the run of a table needs besides the table.
struct TableRun<'r> {
    request: &'r Request,
    address: &'r str,
    target: &'r Target<'r>,
    states: &'r Target<'r>,
    stop: &'r CancellationToken,
}

impl TableRun<'_> {
    async fn run(
        &self,
        session: &mut dyn Session,
        prepared: Prepared,
        clock: Clock,
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<Report> {
        let Prepared { job, last, version, existing } = prepared;
        let mut notes = Vec::new();
        let mut window = None;
        if let Some(since) = &job.since {
            let mark = last.as_ref().map(|(mark, _)| *mark);
            let is_utc = since.data_type == DataType::TimestampTz;
            let until = clock.mark(since.data_type);
            let Some(next) = Window::after(mark, until, self.request.overlap, is_utc) else {
                notes.push("the source's clock has not passed the last mark".to_owned());
                return Ok(report(&job, self.target, Written::default(), None, notes));
            };
            notes.extend(gone_columns(&job, last.as_ref().map(|(_, columns)| columns.as_slice())));
            // A table without a key is refused; what is a key of a query's rows is not known.
            if last.is_none() && job.table.key.is_empty() {
                notes.push(NO_KEY.to_owned());
            }
            window = Some(next);
        }
        let (written, copied) =
            self.copy(session, &job, window.as_ref(), existing, progress).await?;
        if let (Some(since), Some(window)) = (&job.since, &window) {
            let state = state_of(&job, self.address, &since.name, &window.until.to_string());
            self.states.write_state(&job.state_key, state.to_bytes(), version).await?;
        }
        let mut report = report(&job, self.target, written, window, notes);
        report.zero_dates = copied.zero_dates;
        Ok(report)
    }

    /// Copies the rows to their files, which are complete when this returns.
    async fn copy(
        &self,
        session: &mut dyn Session,
        job: &Job,
        window: Option<&Window>,
        existing: HashMap<String, String>,
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<(Written, Copied)> {
        let range = job.since.as_ref().zip(window).map(|(column, window)| Range {
            column,
            from: window.from,
            until: window.until,
        });
        let query = self.request.query.as_ref().map(|query| query.sql.as_str());
        let zero_dates = self.request.zero_dates;
        let select = Select { table: &job.table, query, range, zero_dates };
        let key: Box<dyn Fn(usize) -> String + Send> = match window {
            None => Box::new(|_| job.keys().full()),
            Some(window) => {
                let folder = job.keys().folder(window.mark, window.is_utc);
                Box::new(move |number| job.keys().part(&folder, number))
            }
        };
        let writer = PartWriter {
            target: self.target,
            table: &job.table,
            format: self.request.format,
            compression: self.request.compression,
            key,
            existing,
            split_bytes: self.request.split_bytes,
            writes_empty: window.is_none(),
        };
        let name = job.table.name.to_string();
        let report = |rows, bytes| progress(Progress { table: &name, rows, bytes });
        let (sender, pieces) = mpsc::channel(WAITING_PIECES);
        let copying = async move {
            // Its end drops the sender, so that the writer ends, too.
            tokio::select! {
                copied = session.copy(select, &sender) => copied,
                () = self.stop.cancelled() => Err(interrupted()),
            }
        };
        let (copied, written) = tokio::join!(copying, writer.write(pieces, &report));
        match (copied, written) {
            (Ok(copied), Ok(written)) => Ok((written, copied)),
            // The other one was only interrupted by it.
            (Err(error), Ok(_)) => Err(error),
            (Ok(_), Err(error)) => Err(error),
            (Err(copy), Err(write)) => Err(if is_interruption(&write) { copy } else { write }),
        }
    }
}

fn is_interruption(error: &Error) -> bool {
    error.kind == ErrorKind::SourceLost && error.message == interrupted().message
}

/// A note for columns that the last run had: the contract may still ask for them.
fn gone_columns(job: &Job, last: Option<&[String]>) -> Option<String> {
    let gone: Vec<&str> =
        last?.iter().filter(|name| job.table.column(name).is_none()).map(String::as_str).collect();
    let (names, table) = (gone.join(", "), &job.table.name);
    (!gone.is_empty()).then(|| {
        format!(
            "{table} no longer has {names}: remove it from the contract, or set missing_column = \"null\" in its [policy]"
        )
    })
}
