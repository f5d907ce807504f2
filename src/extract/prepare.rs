//! Prepare: finds the tables of a request, and for each its state and what is at its keys, before the snapshot.

use std::collections::{HashMap, HashSet};

use super::extract_error;
use super::job::{Job, Request};
use super::mark::Mark;
use super::source::Session;
use super::state::State;
use super::table::DataType;
use super::target::{StateVersion, Target};
use crate::error::{Error, ErrorKind, Result};

/// A job and what its target holds already.
pub(super) struct Prepared {
    pub job: Job,
    /// Where the last run ended; the columns that it had.
    pub last: Option<(Mark, Vec<String>)>,
    pub version: StateVersion,
    pub existing: HashMap<String, String>,
}

/// The jobs of a request, in its order, each table once.
pub(super) async fn jobs(request: &Request, session: &mut dyn Session) -> Result<Vec<Job>> {
    let mut tables = Vec::new();
    for name in &request.tables {
        tables.push(session.describe(name).await?);
    }
    for pattern in &request.patterns {
        let found = session.tables(pattern).await?;
        if found.is_empty() {
            return Err(bad(format!("--tables {pattern} fits no table that the user may read")));
        }
        for name in found {
            tables.push(session.describe(&name.to_string()).await?);
        }
    }
    if let Some(query) = &request.query {
        tables.push(session.describe_query(&query.name, &query.sql).await?);
    }
    let (mut known, mut jobs) = (HashSet::new(), Vec::<Job>::new());
    for table in tables {
        if !known.insert(table.name.clone()) {
            continue;
        }
        let job = Job::new(request, table)?;
        if let Some(other) = jobs.iter().find(|other| other.state_key == job.state_key) {
            let (a, b) = (&other.table.name, &job.table.name);
            return Err(bad(format!(
                "{a} and {b} would have the same keys: extract one of them alone"
            )));
        }
        jobs.push(job);
    }
    Ok(jobs)
}

/// Reads the state and what is at the keys, and removes what killed runs have left.
pub(super) async fn prepare(
    job: Job,
    address: &str,
    target: &Target<'_>,
    states: &Target<'_>,
) -> Result<Prepared> {
    target.remove_unfinished(job.keys()).await?;
    let Some(since) = &job.since else {
        let existing = target.existing(&job.keys().full()).await?;
        return Ok(Prepared { job, last: None, version: None, existing });
    };
    let (mut last, mut version) = (None, None);
    if let Some((bytes, found)) = states.read_state(&job.state_key).await? {
        let wanted = state_of(&job, address, &since.name, "");
        let read = State::read(&bytes, &wanted);
        last =
            Some(read.map_err(|message| {
                bad(format!("{}: {message}", states.display(&job.state_key)))
            })?);
        version = found;
    }
    let mark = last.as_ref().map(|(mark, _)| *mark);
    let is_utc = since.data_type == DataType::TimestampTz;
    let existing = target.existing(&job.keys().folder(mark, is_utc)).await?;
    Ok(Prepared { job, last, version, existing })
}

pub(super) fn state_of(job: &Job, address: &str, since: &str, mark: &str) -> State {
    State {
        source: address.to_owned(),
        table: job.table.name.to_string(),
        since: since.to_owned(),
        mark: mark.to_owned(),
        columns: job.table.columns.iter().map(|column| column.name.clone()).collect(),
    }
}

fn bad(message: String) -> Error {
    extract_error(ErrorKind::BadSource, message)
}
