//! Duplicate check: hashes an object before it is loaded, where only its hash can tell whether the
//! same content is loaded already.

use std::time::Duration;

use crate::db::Client;

use super::run::RunEnd;
use super::time_budget::TimeBudget;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::ledger::{self, Claimed};
use crate::object::{ContentHash, ObjectRef, Source};

/// Reads the whole object for its hash and stores that in the ledger; `None` where the load is to
/// be run. It is rarely needed: objects of one dataset seldom have the same size to the byte.
///
/// # Errors
///
/// Those of opening and reading the object; [`ErrorKind::ClaimLost`](crate::error::ErrorKind) where
/// the claim is lost.
pub(super) async fn check_duplicate(
    client: &Client,
    source: &Source,
    dataset: &Dataset,
    object: &ObjectRef,
    claimed: &Claimed,
    budget: TimeBudget,
    lease: Duration,
) -> Result<Option<RunEnd>> {
    let hashing = &claimed.hashing;
    if !hashing.has_candidate {
        return Ok(None);
    }
    let resumed = hashing.state.as_deref().and_then(|s| ContentHash::resume(s, hashing.offset));
    let mut hash = resumed.unwrap_or_default();
    let from = hash.offset();
    let mut stream = source.open(object, from).await?;
    if stream.etag_is_md5() && !hashing.has_opaque_candidate {
        return Ok(None);
    }
    let mut is_complete = true;
    while let Some(chunk) = stream.next_chunk().await? {
        hash.push(chunk);
        hash.advance(u64::MAX);
        if !budget.has_time() {
            is_complete = hash.offset() == stream.size_bytes();
            break;
        }
    }
    let overwrite = dataset.overwrite_mode();
    let state =
        ledger::save_hash(client, &claimed.claim, overwrite, &hash, is_complete, lease).await?;
    Ok(match state.as_str() {
        "loading" if is_complete => None,
        "loading" if hash.offset() > from => Some(RunEnd::PartiallyHashed),
        "loading" => Some(RunEnd::OutOfTime),
        _ => Some(RunEnd::Skipped(state)),
    })
}
