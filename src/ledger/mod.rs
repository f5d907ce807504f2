//! Ledger: claims, checkpoints and ends of loads in; rows of `stardrop.load` out.
//! Every function here is one call of the SQL function of that name in `sql/functions/`.

mod batch;
mod close;
mod rejects;
mod undo;
pub mod view;

use std::time::Duration;

use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use crate::dataset::Dataset;
use crate::db::database_error;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::object::ObjectRef;
use crate::rows::Rejection;

pub use batch::{begin_batch, checkpoint, reject_rows};
pub use close::{Pruned, fail, finish, note_hash, prune, release, reopen, settle, totals};
pub use rejects::{
    BegunRejects, LoadedBefore, begin_rejects, finish_rejects, first_rejects, loaded_before,
};
pub use undo::{Undo, Undone, UndoneTable, undo};

/// How far a load has come: what lies before it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// Records read.
    pub rows: u64,
    /// The last line read.
    pub line: u64,
    /// The byte at which the next record starts.
    pub offset: u64,
}

/// A load that this session holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    pub load_id: i64,
    /// The fencing token.
    pub attempt: i32,
    pub checkpoint: Checkpoint,
    /// Rows rejected so far.
    pub rows_rejected: u64,
    /// Attempts before this one that moved the checkpoint by nothing.
    pub in_vain: u32,
    /// Whether rows of older versions of the key have to go.
    pub replaces: bool,
}

/// How far the object of a load has been hashed, and whether its hash is wanted beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashing {
    /// The state of the hash at `offset`.
    pub state: Option<Vec<u8>>,
    pub offset: u64,
    /// A load of an object of the same size is in the star.
    pub has_twin: bool,
    /// One whose etag says nothing about its bytes.
    pub has_opaque_twin: bool,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    Claimed(Claimed, Hashing),
    /// Nothing to do: the load is in a state other than `loading`.
    Done {
        load_id: i64,
        state: String,
    },
    /// Another worker works on the key, until then at most. Without a pid it has only just begun.
    Busy {
        load_id: i64,
        worker: Option<Worker>,
        lease_until: Option<Timestamp>,
        lease_left: Option<Duration>,
    },
    /// Another worker holds it past its lease.
    Stale {
        worker: Worker,
    },
}

/// The session that holds a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worker {
    pub pid: i32,
    pub started: Timestamp,
}

/// What a load came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub rows_read: u64,
    pub rows_rejected: u64,
    pub rows_inserted: u64,
    pub rows_updated: u64,
    pub rows_unchanged: u64,
    pub batches: u64,
    /// The size of the object, or what of it was read.
    pub bytes: u64,
}

/// What a load came to that is over its reject budget: the last batch counts, though none of it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    pub rows_read: u64,
    pub rows_rejected: u64,
}

/// A rejected row, whole.
#[derive(Debug, Clone)]
pub struct RejectedRow {
    pub rejection: Rejection,
    /// The row as it stood in the file.
    pub raw: Vec<u8>,
}

async fn query_one(client: &Client, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row> {
    client.query_one(sql, parameters).await.map_err(|error| database_error(error, Stage::Ledger))
}

/// A column of a row that our own function has returned.
fn get<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row, column: &str) -> Result<T> {
    row.try_get(column).map_err(|error| database_error(error, Stage::Ledger))
}

/// Finds or makes the load of an object and takes it if it is free.
///
/// # Errors
///
/// What the database says.
pub async fn claim(
    client: &Client,
    dataset: &Dataset,
    object: &ObjectRef,
    lease: Duration,
) -> Result<Claim> {
    // The worker itself says when it started: the function runs as its owner, from whom Postgres
    // hides when the session of another role began.
    let size = object.size_bytes.map(|size| size as i64);
    let object_time = object.object_time.unwrap_or(Timestamp::UNIX_EPOCH);
    let row = query_one(
        client,
        "select * from stardrop.claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, make_interval(secs => $11),
             (select a.backend_start from pg_stat_get_activity(pg_backend_pid()) a))",
        &[
            &dataset.name,
            &object.bucket,
            &object.key,
            &object.version_id,
            &object.etag,
            &size,
            &object_time,
            &object.sequencer,
            &dataset.policy.overwrite.as_str(),
            &dataset.policy.skip_same_content,
            &lease.as_secs_f64(),
        ],
    )
    .await?;
    let load_id: i64 = get(&row, "load_id")?;
    let outcome: &str = get(&row, "outcome")?;
    let loaded_as: Option<String> = get(&row, "loaded_as")?;
    if let Some(other) = loaded_as.filter(|other| *other != dataset.name) {
        let message = format!(
            "load {load_id} has taken the object into dataset `{other}` already, not `{}`",
            dataset.name
        );
        return Err(Error::new(ErrorKind::NoDataset, Stage::Ledger, message));
    }
    Ok(match outcome {
        "claimed" => {
            let claimed = Claimed {
                load_id,
                attempt: get(&row, "attempt")?,
                checkpoint: Checkpoint {
                    rows: unsigned(&row, "checkpoint_rows")?,
                    line: unsigned(&row, "checkpoint_line")?,
                    offset: unsigned(&row, "checkpoint_offset")?,
                },
                rows_rejected: unsigned(&row, "rows_rejected")?,
                in_vain: get::<i32>(&row, "attempts_in_vain")?.max(0).unsigned_abs(),
                replaces: get(&row, "replaces")?,
            };
            let hashing = Hashing {
                state: get(&row, "hash_state")?,
                offset: unsigned(&row, "hash_offset")?,
                has_twin: get(&row, "has_twin")?,
                has_opaque_twin: get(&row, "has_opaque_twin")?,
            };
            Claim::Claimed(claimed, hashing)
        }
        outcome @ ("busy" | "stale") => {
            let pid: Option<i32> = get(&row, "worker_pid")?;
            let started: Option<Timestamp> = get(&row, "worker_started")?;
            let worker = pid.zip(started).map(|(pid, started)| Worker { pid, started });
            match worker {
                Some(worker) if outcome == "stale" => Claim::Stale { worker },
                _ => Claim::Busy {
                    load_id,
                    worker,
                    lease_until: get(&row, "lease_until")?,
                    lease_left: get::<Option<f64>>(&row, "lease_left_seconds")?
                        .map(|seconds| Duration::from_secs_f64(seconds.max(0.0))),
                },
            }
        }
        _ => Claim::Done { load_id, state: get(&row, "state")? },
    })
}

fn unsigned(row: &Row, column: &str) -> Result<u64> {
    let value: i64 = get(row, column)?;
    u64::try_from(value).map_err(|error| {
        let message = format!("{column} of the ledger is negative");
        Error::new(ErrorKind::DatabaseRefused, Stage::Ledger, message).caused_by(error)
    })
}

/// Ends the backend of a worker whose lease has run out, if it is still the same one, and waits
/// until it is gone. Nothing else frees a COPY that waits for a frozen client.
///
/// # Errors
///
/// What the database says; [`ErrorKind::Busy`] where the backend is not gone in time.
pub async fn end_worker(client: &Client, worker: Worker) -> Result<()> {
    let row = query_one(
        client,
        "select coalesce(bool_and(pg_terminate_backend(pid, 10000)), true) as gone
         from pg_stat_get_activity($1)
         where backend_start = $2",
        &[&worker.pid, &worker.started],
    )
    .await?;
    if get(&row, "gone")? {
        Ok(())
    } else {
        let message =
            format!("the worker that holds the load (backend {}) does not end", worker.pid);
        Err(Error::new(ErrorKind::Busy, Stage::Ledger, message))
    }
}

fn held(row: &Row) -> Result<()> {
    let still_ours: bool = get(row, "held")?;
    if still_ours { Ok(()) } else { Err(fence_lost()) }
}

fn fence_lost() -> Error {
    Error::new(ErrorKind::FenceLost, Stage::Ledger, "another worker has taken the load over")
}
