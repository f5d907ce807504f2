//! The enrichments of a checked contract: which column is looked up, in which file, and the columns found there.

use std::fmt;
use std::path::PathBuf;

/// The path of the column that says which kind of address was looked up. It is in no record of a database.
pub const ADDRESS_KIND: &str = "address_kind";

/// `[enrich.<name>]`: columns that are looked up by the value of another column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrichment {
    /// The name in the contract.
    pub name: String,
    /// The column whose value is looked up: a column of the file, or one of an enrichment before this one.
    pub from: String,
    /// What kind of file is looked up in.
    pub kind: EnrichmentKind,
    /// Where the file is.
    pub file: EnrichmentFile,
    /// In a table, the header of the column that holds the values of `from`.
    pub key: Option<String>,
    /// The columns that it gives, in the order of the contract.
    pub columns: Vec<EnrichedColumn>,
}

/// A column of the dataset that an enrichment gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrichedColumn {
    /// The name of the dataset's column.
    pub name: String,
    /// Where its value is in a record, such as `country.iso_code`; the first path that a record has counts. In a
    /// table, the column's header.
    pub paths: Vec<String>,
}

/// The kinds of files that values are looked up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrichmentKind {
    /// A MaxMind DB, by IP address.
    Database,
    /// A CSV file with a header, by the value of one of its columns.
    Table,
}

impl EnrichmentKind {
    /// All kinds, in the order in which messages list them.
    pub const ALL: [EnrichmentKind; 2] = [EnrichmentKind::Database, EnrichmentKind::Table];

    /// The key of the contract that names the file.
    pub fn as_str(self) -> &'static str {
        match self {
            EnrichmentKind::Database => "database",
            EnrichmentKind::Table => "table",
        }
    }
}

/// Where the file of an enrichment is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EnrichmentFile {
    /// A path, complete: relative ones in a contract begin at the contract's folder.
    Local(PathBuf),
    /// An object.
    S3 {
        /// Its bucket.
        bucket: String,
        /// Its key.
        key: String,
    },
}

impl fmt::Display for EnrichmentFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EnrichmentFile::Local(path) => path.display().fmt(f),
            EnrichmentFile::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
        }
    }
}
