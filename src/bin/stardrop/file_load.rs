//! File load: finds what a load reads that a command names by its number.

use stardrop::db::Client;
use stardrop::error::{Error, ErrorKind, Stage};
use stardrop::ledger::view::{self, FileLoad};

/// The object of a load, its part, and the name of its dataset; no name where its key fits no dataset.
///
/// # Errors
/// [`ErrorKind::BadSetting`] where the load does not exist or was not a file's; an error of the connection or of
/// Postgres.
pub async fn find(client: &Client, load_id: i64) -> Result<FileLoad, Error> {
    view::file_load(client, load_id).await?.ok_or_else(|| {
        refused(format!(
            "there is no load {load_id} of a file: it does not exist, or its rows were inserted by SQL"
        ))
    })
}

/// The error of a load for which the command cannot be run.
pub fn refused(message: String) -> Error {
    Error::new(ErrorKind::BadSetting, Stage::Ledger, message)
}
