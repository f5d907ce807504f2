//! File load: finds the object and the dataset of a load that a command names by its number.

use stardrop::db::Client;
use stardrop::error::{Error, ErrorKind, Stage};
use stardrop::ledger::view;
use stardrop::object::ObjectRef;

/// The object of a load and the name of its dataset; no name where its key fits no dataset.
///
/// # Errors
/// [`ErrorKind::BadSetting`] where the load does not exist or was not a file's; an error of the connection or of
/// Postgres.
pub async fn find(client: &Client, load_id: i64) -> Result<(ObjectRef, Option<String>), Error> {
    view::object_of(client, load_id).await?.ok_or_else(|| {
        refused(format!(
            "there is no load {load_id} of a file: it does not exist, or its rows were inserted by SQL"
        ))
    })
}

/// The error of a load for which the command cannot be run.
pub fn refused(message: String) -> Error {
    Error::new(ErrorKind::BadSetting, Stage::Ledger, message)
}
