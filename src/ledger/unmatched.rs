//! Unmatched: records objects whose key fits no dataset, so that a later contract can load them.

use crate::db::Client;

use super::object_parameters::ObjectParameters;
use super::{call, get};
use crate::error::Result;
use crate::object::ObjectRef;

/// Records an object version in state `unmatched`, and returns its load and state: that is another
/// state where the ledger has the version already.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn record_unmatched(client: &Client, object: &ObjectRef) -> Result<(i64, String)> {
    let row = call(
        client,
        "select * from stardrop.record_unmatched($1, $2, $3, $4, $5, $6, $7)",
        &ObjectParameters::of(object).between(&[], &[]),
    )
    .await?;
    Ok((get(&row, "load_id")?, get(&row, "state")?))
}
