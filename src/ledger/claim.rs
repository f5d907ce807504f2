//! Claims: takes the load of an object for this session, or says who holds it.

use std::time::Duration;

use crate::db::Client;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::object_parameters::ObjectParameters;
use super::{Checkpoint, call, get, query_one, unsigned};
use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::object::ObjectRef;

/// The right to write one load: this session holds it until it releases it or another session
/// claims the load after the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The load in the ledger.
    pub load_id: i64,
    /// The fencing token: every claim of the load raises it.
    pub attempt: i32,
    /// How many attempts before this one ended without moving the checkpoint.
    pub attempts_without_progress: u32,
    /// Whether the load deletes the rows of older versions of its key.
    pub replaces: bool,
}

/// A claim, and how far the load has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What the calls of this attempt are made with.
    pub claim: Claim,
    /// Where the load continues.
    pub checkpoint: Checkpoint,
    /// Rows rejected up to the checkpoint.
    pub rows_rejected: u64,
    /// The time of the object as the load's first event has it, which holds for all its rows.
    pub object_time: Timestamp,
    /// The version of the object, likewise.
    pub version_id: Option<String>,
    /// Whether and how the content is hashed.
    pub hashing: Hashing,
}

/// How far the content of a load's object is hashed, and whether the hash is needed before loading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashing {
    /// The state of the hash at `offset`.
    pub state: Option<Vec<u8>>,
    /// The offset in bytes of the object up to which it is hashed.
    pub offset: u64,
    /// Whether an object of the same size is loaded, which may have the same content.
    pub has_candidate: bool,
    /// Whether one of those has an ETag that is not an MD5 of its content.
    pub has_opaque_candidate: bool,
}

/// The result of [`claim`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimResult {
    /// The load is ours to run.
    Claimed(Claimed),
    /// There is nothing to load: the load's state is not `loading`.
    Done {
        /// The load in the ledger.
        load_id: i64,
        /// A state of the ledger, such as `loaded`.
        state: String,
    },
    /// Another worker holds the key, until the end of its lease at most. A worker without a pid
    /// has only just connected.
    Busy {
        /// The load in the ledger.
        load_id: i64,
        /// The session that holds the load.
        worker: Option<Worker>,
        /// When that session may be terminated.
        lease_until: Option<Timestamp>,
        /// The time until then.
        lease_left: Option<Duration>,
    },
    /// Another worker holds the key although its lease has expired.
    Stale {
        /// The session that holds the load.
        worker: Worker,
    },
}

/// The database session that holds a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worker {
    /// The process id of its backend.
    pub pid: i32,
    /// When the backend started, because process ids are used again.
    pub started: Timestamp,
}

/// Finds or creates the load of an object, or of a part of it, and claims it if no other session holds it. The part
/// of a whole object is empty.
///
/// # Errors
///
/// [`ErrorKind::NoDataset`] where the object is loaded into another dataset; an error of the
/// connection or of Postgres.
pub async fn claim(
    client: &Client,
    dataset: &Dataset,
    object: &ObjectRef,
    part: &str,
    lease: Duration,
) -> Result<ClaimResult> {
    // The worker passes its own start time: the function runs as its owner, and Postgres hides the
    // start time of another role's session from that role. Looking it up takes longer than the rest of the
    // statement, so a loader's session does so once.
    let row = call(
        client,
        "select * from stardrop.claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, make_interval(secs => $11),
             coalesce(nullif(current_setting('stardrop.session_began', true), '')::timestamptz,
                      (select a.backend_start from pg_stat_get_activity(pg_backend_pid()) a)), $12)",
        &ObjectParameters::of(object).between(
            &[(&dataset.name, Type::TEXT)],
            &[
                (&dataset.overwrite_mode(), Type::TEXT),
                (&dataset.policy.skip_same_content, Type::BOOL),
                (&lease.as_secs_f64(), Type::FLOAT8),
                (&part, Type::TEXT),
            ],
        ),
    )
    .await?;
    let load_id: i64 = get(&row, "load_id")?;
    let loaded_as: Option<String> = get(&row, "loaded_as")?;
    if let Some(other) = loaded_as.filter(|other| *other != dataset.name) {
        let message = format!(
            "the object is already loaded into dataset `{other}` (load {load_id}), not `{}`",
            dataset.name
        );
        return Err(Error::new(ErrorKind::NoDataset, Stage::Ledger, message));
    }
    match get(&row, "outcome")? {
        "claimed" => claimed(&row, load_id).map(ClaimResult::Claimed),
        outcome @ ("busy" | "stale") => held_by_another(&row, load_id, outcome == "stale"),
        _ => Ok(ClaimResult::Done { load_id, state: get(&row, "state")? }),
    }
}

fn claimed(row: &Row, load_id: i64) -> Result<Claimed> {
    Ok(Claimed {
        claim: Claim {
            load_id,
            attempt: get(row, "attempt")?,
            attempts_without_progress: get::<i32>(row, "attempts_without_progress")?
                .max(0)
                .unsigned_abs(),
            replaces: get(row, "replaces")?,
        },
        checkpoint: Checkpoint {
            rows: unsigned(row, "checkpoint_rows")?,
            line: unsigned(row, "checkpoint_line")?,
            offset: unsigned(row, "checkpoint_offset")?,
        },
        rows_rejected: unsigned(row, "rows_rejected")?,
        object_time: get(row, "object_time")?,
        version_id: get(row, "version_id")?,
        hashing: Hashing {
            state: get(row, "hash_state")?,
            offset: unsigned(row, "hash_offset")?,
            has_candidate: get(row, "has_duplicate_candidate")?,
            has_opaque_candidate: get(row, "has_candidate_without_md5")?,
        },
    })
}

fn held_by_another(row: &Row, load_id: i64, is_stale: bool) -> Result<ClaimResult> {
    let pid: Option<i32> = get(row, "worker_pid")?;
    let started: Option<Timestamp> = get(row, "worker_started")?;
    let worker = pid.zip(started).map(|(pid, started)| Worker { pid, started });
    Ok(match worker {
        Some(worker) if is_stale => ClaimResult::Stale { worker },
        _ => ClaimResult::Busy {
            load_id,
            worker,
            lease_until: get(row, "lease_until")?,
            lease_left: get::<Option<f64>>(row, "lease_left_seconds")?
                .map(|seconds| Duration::from_secs_f64(seconds.max(0.0))),
        },
    })
}

/// Terminates the backend of a worker whose lease has expired, unless its pid belongs to a newer
/// session by now, and waits up to 10 seconds for its end. Only this frees a COPY that waits for a
/// client which no longer answers.
///
/// # Errors
///
/// [`ErrorKind::Busy`] where the backend still runs after that time; an error of the connection or
/// of Postgres.
pub async fn terminate_worker(client: &Client, worker: Worker) -> Result<()> {
    let row = query_one(
        client,
        "select coalesce(bool_and(pg_terminate_backend(pid, 10000)), true) as terminated
         from pg_stat_get_activity($1)
         where backend_start = $2",
        &[&worker.pid, &worker.started],
    )
    .await?;
    if get(&row, "terminated")? {
        return Ok(());
    }
    let message = format!("backend {} holds the load and could not be terminated", worker.pid);
    Err(Error::new(ErrorKind::Busy, Stage::Ledger, message))
}
