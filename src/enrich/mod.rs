//! Looks values up in databases and tables, and returns the values of the columns that a contract derives from them.
//! Takes the bytes of files; knows nothing of where they are.
//!
//! A new kind of file is one file here, which implements [`Lookup`], and one line in `OPENERS`.

mod address;
mod cache;
#[cfg(test)]
mod damaged_tests;
mod database;
mod table;
#[cfg(test)]
mod tests;
mod wanted;

/// Writes the databases of tests.
#[cfg(test)]
#[path = "../../tests/it/support/mmdb.rs"]
mod mmdb;

use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use crate::dataset::{Dataset, Enrichment, EnrichmentKind};
use crate::types::Invalid;
pub use address::AddressKind;
use wanted::Wanted;

/// The values of an enrichment's columns, in their order: texts as their column's type writes them, not yet escaped
/// for COPY; `None` for null.
pub type Values = Arc<[Option<Box<str>>]>;

/// Finds the values of columns by the value of another column.
pub trait Lookup: Debug + Send + Sync {
    /// The values for `value`, a text as the type of its column writes it. A value that is not known gives nulls.
    ///
    /// # Errors
    ///
    /// [`Invalid`] where `value` is of a kind that can never be found.
    fn find(&self, value: &str) -> Result<Values, Invalid>;
}

/// What the ledger says of the file that a load has looked values up in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The name of the enrichment.
    pub name: String,
    /// The file: a path or `s3://bucket/key`.
    pub file: String,
    /// What the file says that it is, such as `GeoLite2-City`; `csv` for a table.
    #[serde(rename = "type")]
    pub file_type: String,
    /// When the file was built, where it says so, as in `2026-05-28T20:26:40Z`.
    pub built: Option<String>,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// What a file says of itself.
struct About {
    file_type: String,
    built: Option<String>,
}

/// A file that was checked and is ready for lookups.
#[derive(Debug)]
pub struct Enricher {
    /// The name of the column whose value is looked up.
    pub from: String,
    /// The names of the columns that it gives, in the order of their values.
    pub columns: Vec<String>,
    /// What the ledger says of the file.
    pub origin: Origin,
    lookup: Box<dyn Lookup>,
}

impl Enricher {
    /// Checks the file of an enrichment whole, so that no lookup fails later. `sha256` is that of `bytes`.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the file, or what the contract wants that it does not have.
    pub fn open(
        dataset: &Dataset,
        enrichment: &Enrichment,
        bytes: Bytes,
        sha256: String,
    ) -> Result<Enricher, String> {
        let open = OPENERS.iter().find(|(kind, _)| *kind == enrichment.kind).map(|(_, open)| open);
        let open = open.ok_or_else(|| "no such kind of file can be opened".to_owned())?;
        let (lookup, About { file_type, built }) =
            open(&Request { dataset, enrichment, wanted: Wanted::of(dataset, enrichment), bytes })?;
        let (name, file) = (enrichment.name.clone(), enrichment.file.to_string());
        let origin = Origin { name, file, file_type, built, sha256 };
        let columns = enrichment.columns.iter().map(|column| column.name.clone()).collect();
        Ok(Enricher { from: enrichment.from.clone(), columns, origin, lookup })
    }

    /// The values for a value of the column `from`, as [`Lookup::find`].
    ///
    /// # Errors
    ///
    /// Those of [`Lookup::find`].
    pub fn find(&self, value: &str) -> Result<Values, Invalid> {
        self.lookup.find(value)
    }
}

/// What a file is opened for.
struct Request<'r> {
    dataset: &'r Dataset,
    enrichment: &'r Enrichment,
    wanted: Vec<Wanted>,
    bytes: Bytes,
}

/// Checks and opens a file.
type Opener = fn(&Request<'_>) -> Result<(Box<dyn Lookup>, About), String>;

/// How each kind of file is opened.
static OPENERS: &[(EnrichmentKind, Opener)] =
    &[(EnrichmentKind::Database, database::open), (EnrichmentKind::Table, table::open)];
