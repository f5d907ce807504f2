//! Parses and checks TOML contracts: takes their texts, and returns datasets; reads no file.
//!
//! `contract` is the parsed text; `check` turns it into a [`Dataset`], which is valid by construction;
//! `catalog` holds all datasets of a database, and `shared` merges the dimensions that several of them
//! define.

mod catalog;
mod check;
mod column_source;
mod contract;
mod enrichment;
mod example_key;
mod expression;
mod file;
mod glob;
mod glob_overlap;
mod key_pattern;
mod key_values;
mod missing;
mod model;
mod name;
mod one_or_many;
mod overlap;
mod parts;
mod references;
mod shared;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::types::{ColumnType, TypeOptions};

pub use catalog::{Catalog, Match};
pub use column_source::ColumnSource;
pub use enrichment::{ADDRESS_KIND, EnrichedColumn, Enrichment, EnrichmentFile, EnrichmentKind};
pub use expression::Expression;
pub use file::{FileOptions, Ragged};
pub use key_pattern::KeyPattern;
pub use key_values::KeyValue;
pub use model::{
    Conflict, DateRef, DimensionRef, DimensionSource, Fact, History, Measure, Missing, Partition,
};
pub(crate) use name::suggestion;
pub(crate) use name::{MAX_NAME_BYTES, is_taken};
pub use parts::{PartKind, Parts};
pub use references::Reference;
pub use shared::{AttributeGroup, Dimension};

/// The checked contract for one kind of file.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The name of the dataset, which is also that of its folder and staging table.
    pub name: String,
    /// Globs over object keys: `*` and `?` stay within a folder, `**` does not.
    pub patterns: Vec<String>,
    /// Patterns whose names in braces are columns with their values in the object's key; the first that fits counts.
    pub from_key: Vec<KeyPattern>,
    /// How the file is written.
    pub file: FileOptions,
    /// In the order of the staging table's columns.
    pub columns: Vec<Column>,
    /// The columns that are looked up by the values of others, each after those that it looks up by.
    pub enrichments: Vec<Enrichment>,
    /// What happens to rows and files that differ from the contract.
    pub policy: Policy,
    /// The dimensions that this dataset loads members into, or refers to.
    pub dimensions: Vec<DimensionSource>,
    /// The fact tables that the rows go into.
    pub facts: Vec<Fact>,
    /// `[view.<name>]`, in the order of the contract.
    pub views: Vec<View>,
    /// The text of `views.sql` next to the contract.
    pub views_sql: Option<String>,
    /// The text of `normalise.sql` next to the contract, which replaces the generated statements that load a
    /// batch.
    pub normalise_sql: Option<String>,
}

/// A view of the star.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The name in SQL.
    pub name: String,
    /// The query.
    pub sql: String,
}

/// The files of one dataset, as texts.
#[derive(Debug, Clone, Default)]
pub struct ContractText {
    /// The path of `dataset.toml`, for messages.
    pub file: PathBuf,
    /// The name of the folder, which must be the dataset's name.
    pub folder: String,
    /// `dataset.toml`
    pub contract: String,
    /// `views.sql`
    pub views_sql: Option<String>,
    /// `normalise.sql`
    pub normalise_sql: Option<String>,
}

impl Dataset {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns whose values are in the file, in the contract's order.
    pub fn file_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.source.is_file())
    }

    /// Whether its files are full extracts, which say what members are gone.
    pub fn has_full_extracts(&self) -> bool {
        self.dimensions.iter().any(|source| source.missing != Missing::Keep)
    }

    /// What the ledger's functions take as `in_overwrite`. A full extract that comes late is loaded where
    /// an older version of another file is skipped: what it has of members counts.
    pub(crate) fn overwrite_mode(&self) -> &'static str {
        if self.has_full_extracts() { "extract" } else { self.policy.overwrite.as_str() }
    }

    /// Whether columns that the contract does not name are kept, as jsonb in the first fact.
    pub(crate) fn keeps_extra(&self) -> bool {
        self.policy.unknown_column == UnknownColumn::Keep
    }
}

/// One column of the staging table.
#[derive(Debug, Clone)]
pub struct Column {
    /// The name in SQL, and in the file unless `from` says otherwise.
    pub name: String,
    /// The type as the contract spells it.
    pub type_name: String,
    /// Checks the texts of the file, and turns them into what Postgres reads.
    pub column_type: Arc<dyn ColumnType>,
    /// How the type's texts are written.
    pub options: TypeOptions,
    /// The same type for values that a format stores as numbers or dates, not as texts of the contract's
    /// format.
    pub native_type: Arc<dyn ColumnType>,
    /// Whether an empty value rejects the row.
    pub required: bool,
    /// Whether NUL characters are removed from its texts; otherwise they reject the row.
    pub strip_nul: bool,
    /// How values are hidden before they leave the loader.
    pub protect: Option<Protect>,
    /// Where its values come from.
    pub source: ColumnSource,
    /// The column's former name: a migration renames it and keeps its values.
    pub was: Option<String>,
}

/// What happens to values that must not reach the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protect {
    /// Their SHA-256, salted, as 64 hexadecimal digits.
    Sha256,
    /// Null.
    Drop,
}

/// The checked `[policy]` of a contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// How many rows may be rejected before the load fails.
    pub rejects: RejectBudget,
    /// What happens to columns of the file that the contract does not name.
    pub unknown_column: UnknownColumn,
    /// What happens if the file lacks a column of the contract.
    pub missing_column: MissingColumn,
    /// What a newer version of the same key does.
    pub overwrite: Overwrite,
    /// Whether a file is skipped if the star has the same content from another key or version.
    pub skip_same_content: bool,
    /// Whether a row is rejected whose key of a dimension or date is null.
    pub rejects_unknown_member: bool,
    /// Whether a row is rejected that differs from an earlier row of its grain in the same file.
    pub rejects_repeated_grain: bool,
    /// Whether rows stay in the staging table, as they were received, until they are pruned.
    pub keeps_staging: bool,
}

/// How many rows of a load may be rejected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RejectBudget {
    /// At most this number of rows.
    Rows(u64),
    /// At most this share of the rows read, between 0 and 1.
    Share(f64),
}

impl RejectBudget {
    /// Whether `rejected` of `read` rows are within the budget.
    pub fn allows(self, rejected: u64, read: u64) -> bool {
        match self {
            RejectBudget::Rows(rows) => rejected <= rows,
            RejectBudget::Share(share) => rejected as f64 <= share * read as f64,
        }
    }
}

impl fmt::Display for RejectBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RejectBudget::Rows(rows) => write!(f, "{rows} rows"),
            RejectBudget::Share(share) => write!(f, "{}%", share * 100.0),
        }
    }
}

/// What a new version of a file does to the rows of older versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Its rows are inserted or updated by grain; rows that it no longer has stay.
    Merge,
    /// Rows that it no longer has are deleted, unless another file has loaded them since.
    Replace,
    /// The first version is kept; later ones are not read.
    Ignore,
}

impl Overwrite {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Overwrite::Merge => "merge",
            Overwrite::Replace => "replace",
            Overwrite::Ignore => "ignore",
        }
    }
}

/// A column of the file that the contract does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownColumn {
    /// Stores their values in `extra`.
    Keep,
    /// Leaves them out.
    Ignore,
    /// Refuses the file.
    RejectFile,
}

/// A column of the contract that the file does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingColumn {
    /// Refuses the file.
    RejectFile,
    /// Loads nulls.
    Null,
}

/// An error in a contract: its file and line, and a message that says how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractError {
    /// The file of the contract.
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, and how to fix it.
    pub message: String,
}

impl fmt::Display for ContractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

impl std::error::Error for ContractError {}
