//! Unmatched: records objects whose key fits no dataset, so that a later contract can load them.

use crate::db::Client;
use jiff::Timestamp;

use super::{get, query_one};
use crate::error::Result;
use crate::object::ObjectRef;

/// Records an object version in state `unmatched`, and returns its load and state: that is another
/// state where the ledger has the version already.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn record_unmatched(client: &Client, object: &ObjectRef) -> Result<(i64, String)> {
    let size = object.size_bytes.map(|size| size as i64);
    let object_time = object.object_time.unwrap_or(Timestamp::UNIX_EPOCH);
    let row = query_one(
        client,
        "select * from stardrop.record_unmatched($1, $2, $3, $4, $5, $6, $7)",
        &[
            &object.bucket,
            &object.key,
            &object.version_id,
            &object.etag,
            &size,
            &object_time,
            &object.sequencer,
        ],
    )
    .await?;
    Ok((get(&row, "load_id")?, get(&row, "state")?))
}
