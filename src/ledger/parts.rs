//! Parts: creates the loads of the parts of an object before the first of them is claimed.

use tokio_postgres::types::Type;

use crate::db::Client;

use super::object_parameters::ObjectParameters;
use super::{call, get};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::object::ObjectRef;

/// What the ledger knows of the parts of an object version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredParts {
    /// The load of the object as a whole that has rows of the dataset: its parts must not be loaded, too.
    pub whole: Option<i64>,
    /// The parts that were registered now; if none were given, those that the ledger has.
    pub parts: Vec<String>,
}

/// Creates the loads of all parts of an object version that a dataset takes; of no parts where the object cannot be
/// read. `unknown` is the part that stands for them where they cannot be found.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn register_parts(
    client: &Client,
    dataset: &Dataset,
    object: &ObjectRef,
    parts: &[String],
    unknown: &str,
) -> Result<RegisteredParts> {
    let row = call(
        client,
        "select * from stardrop.register_parts($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &ObjectParameters::of(object).between(
            &[(&dataset.name, Type::TEXT)],
            &[(&parts, Type::TEXT_ARRAY), (&unknown, Type::TEXT)],
        ),
    )
    .await?;
    Ok(RegisteredParts { whole: get(&row, "whole")?, parts: get(&row, "parts")? })
}
