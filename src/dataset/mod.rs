//! Dataset: TOML contracts in, checked datasets out; which dataset a key belongs to.
//! Reads no file: texts come in.
//!
//! `contract` is what the file says, word for word; `check` turns that into a [`Dataset`], which
//! cannot hold a mistake any more; `catalog` is all datasets of a database together, and `shared`
//! what they say of the dimensions that they share.

mod catalog;
mod check;
mod contract;
mod expression;
mod file;
mod glob;
mod name;
mod shared;
mod star;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::types::{ColumnType, TypeOptions};

pub use catalog::{Catalog, Match};
pub use check::dataset;
pub use expression::Expression;
pub use file::{FileOptions, Ragged};
pub use shared::{AttributeGroup, Dimension};
pub use star::{Conflict, DateRef, DimensionRef, DimensionSource, Fact, History, Measure};

/// The contract for one kind of file, checked.
#[derive(Debug, Clone)]
pub struct Dataset {
    pub name: String,
    /// Globs over object keys: `*` and `?` stay within a folder, `**` does not.
    pub patterns: Vec<String>,
    pub file: FileOptions,
    /// In the order of the staging table.
    pub columns: Vec<Column>,
    pub policy: Policy,
    /// The dimensions that this dataset brings members of, or refers to.
    pub dimensions: Vec<DimensionSource>,
    pub facts: Vec<Fact>,
    /// `[view.<name>]`, in the order of the contract.
    pub views: Vec<View>,
    /// `views.sql` beside the contract, as it is.
    pub views_sql: Option<String>,
    /// `normalise.sql` beside the contract: what a batch's rows do, instead of what is generated.
    pub normalise_sql: Option<String>,
}

/// A view of the star.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub name: String,
    /// The query.
    pub sql: String,
}

/// The texts that say what a dataset is, and where they are from.
#[derive(Debug, Clone, Default)]
pub struct ContractText {
    /// For messages.
    pub file: PathBuf,
    /// The name of the folder, which is the dataset's.
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

    /// Whether columns that the contract does not name are kept, as jsonb, beside the facts.
    pub fn keeps_extra(&self) -> bool {
        self.policy.unknown_column == UnknownColumn::Keep
    }
}

/// One column of the staging table.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    /// The type as the contract spells it.
    pub type_name: String,
    pub column_type: Arc<dyn ColumnType>,
    /// How the contract says that the type's texts are written.
    pub options: TypeOptions,
    /// The same type for values that a format knows as such, not as texts of the contract's form.
    pub native_type: Arc<dyn ColumnType>,
    pub required: bool,
    /// Whether NUL characters are taken out of its texts; else they reject the row.
    pub strip_nul: bool,
    pub protect: Option<Protect>,
    /// The header spellings that mean this column, its own name among them.
    pub sources: Vec<String>,
    /// What the column was called before: a migration renames it and keeps its values.
    pub was: Option<String>,
}

/// What becomes of values that must not reach the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protect {
    /// Their SHA-256, salted, as 64 hexadecimal digits.
    Sha256,
    /// Null.
    Drop,
}

/// What is to be done with what does not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub rejects: RejectBudget,
    pub unknown_column: UnknownColumn,
    pub missing_column: MissingColumn,
    pub overwrite: Overwrite,
    /// Whether bytes that are in the star under another key or version are left alone.
    pub skip_same_content: bool,
    /// Whether rows stay in the staging table, as they were received, until they are pruned.
    pub keeps_staging: bool,
}

/// How many rows of a load may be rejected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RejectBudget {
    /// At most so many rows.
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

/// What a new version of a key does to the rows of the older ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Its rows are added and changed by grain; rows that it no longer has stay.
    Merge,
    /// Rows that it no longer has, and that no other key brought since, go.
    Replace,
    /// The first version stays; later ones are not read.
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
    Keep,
    Ignore,
    RejectFile,
}

/// A column of the contract that the file does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingColumn {
    RejectFile,
    Null,
}

/// A mistake in a contract, with its place and, in the message, the fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractError {
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    pub message: String,
}

impl fmt::Display for ContractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

impl std::error::Error for ContractError {}
