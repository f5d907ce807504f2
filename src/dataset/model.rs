//! The dimensions and facts that a checked contract loads rows into.

use super::Expression;

/// Which values of an attribute a dimension keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum History {
    /// Type 1: the newest value.
    Overwrite,
    /// Type 2: every value, with the time from which it holds.
    Versions,
    /// Type 0: the oldest value.
    First,
}

impl History {
    /// All kinds, in the order in which messages list them.
    pub const ALL: [History; 3] = [History::Overwrite, History::Versions, History::First];

    /// The kind with this name in a contract.
    pub fn from_name(name: &str) -> Option<History> {
        History::ALL.into_iter().find(|history| history.as_str() == name)
    }

    /// Whether a member has a row for each version of the attribute.
    pub(crate) fn keeps_versions(self) -> bool {
        match self {
            History::Versions => true,
            History::Overwrite | History::First => false,
        }
    }

    /// The name in a contract.
    pub fn as_str(self) -> &'static str {
        match self {
            History::Overwrite => "overwrite",
            History::Versions => "versions",
            History::First => "first",
        }
    }
}

/// What happens to members that the newest file of no key has any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing: files need not have all members.
    Keep,
    /// Their version ends at the time of the file that no longer has them.
    Close,
    /// The column `is_deleted` is true.
    Flag,
}

impl Missing {
    /// All kinds, in the order in which messages list them.
    pub const ALL: [Missing; 3] = [Missing::Keep, Missing::Close, Missing::Flag];

    /// The kind with this name in a contract.
    pub fn from_name(name: &str) -> Option<Missing> {
        Missing::ALL.into_iter().find(|missing| missing.as_str() == name)
    }

    /// The name in a contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Missing::Keep => "keep",
            Missing::Close => "close",
            Missing::Flag => "flag",
        }
    }
}

/// What a dataset loads into a dimension; without attributes, only the keys of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionSource {
    /// The name in the contract; its table is `dim_<name>`.
    pub name: String,
    /// The natural key: columns of the dataset, and of the dimension by the same names.
    pub key: Vec<String>,
    /// The columns of the file that describe a member.
    pub attributes: Vec<String>,
    /// The history of each attribute, in their order.
    pub history: Vec<History>,
    /// The column with the time from which a version is valid; `None`: the object's time.
    pub valid_from: Option<String>,
    /// What happens to members that the dataset's files no longer have.
    pub missing: Missing,
}

impl DimensionSource {
    /// The attributes with their history.
    pub(crate) fn attributes_with_history(&self) -> impl Iterator<Item = (&String, History)> {
        self.attributes.iter().zip(self.history.iter().copied())
    }
}

/// What happens to a row whose grain the fact already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// The newest row wins.
    Update,
    /// The oldest row wins.
    Keep,
}

/// One fact table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The name in the contract; its table is `fact_<name>`.
    pub name: String,
    /// The columns that make a row unique; `None`: rows are always appended.
    pub grain: Option<Vec<String>>,
    /// Its keys of dimensions.
    pub dimensions: Vec<DimensionRef>,
    /// Its keys of `dim_date`.
    pub dates: Vec<DateRef>,
    /// Its measures, from columns or computed.
    pub measures: Vec<Measure>,
    /// The columns that stay in the fact without a dimension.
    pub degenerate: Vec<String>,
    /// What happens if a row of the same grain is in the star.
    pub conflict: Conflict,
    /// The column that says which of two rows of one grain is newer.
    pub version: Option<String>,
    /// The column that says when the row happened, for dimensions with versions.
    pub as_of: Option<String>,
    /// True for a row that deletes the row of its grain.
    pub delete_when: Option<Expression>,
    /// Whether Postgres enforces the references to dimensions by foreign keys.
    pub foreign_keys: bool,
    /// Whether rows say when they first came, and whether they were changed since.
    pub audit: bool,
    /// By which time the table is split into months, if it is.
    pub partition: Option<Partition>,
}

/// The time by which a fact is split into a table for each month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The dataset's column.
    pub source: String,
    /// The fact's column: the same one, or the key of its date.
    pub column: String,
}

impl Fact {
    /// The columns of a fact with `audit`.
    pub const AUDIT_COLUMNS: [&str; 3] = ["first_load_id", "loaded_at", "updated_at"];

    /// The column whose time selects the version of a dimension: `as_of`, else the first date.
    pub fn happened(&self) -> Option<&str> {
        self.as_of.as_deref().or_else(|| self.dates.first().map(|date| date.source.as_str()))
    }
}

/// A number of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// A column, unchanged.
    Column(String),
    /// Computed from columns, as `numeric`.
    Computed {
        /// Its column in the fact table.
        name: String,
        /// What it is computed from.
        expression: Expression,
    },
}

impl Measure {
    /// The fact's column.
    pub fn name(&self) -> &str {
        match self {
            Measure::Column(name) | Measure::Computed { name, .. } => name,
        }
    }

    /// The dataset's columns that it is computed from.
    pub fn columns(&self) -> &[String] {
        match self {
            Measure::Column(name) => std::slice::from_ref(name),
            Measure::Computed { expression, .. } => expression.columns(),
        }
    }
}

/// A fact's reference to a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionRef {
    /// The name of the dimension.
    pub dimension: String,
    /// The dataset's columns that hold the natural key, in the order of the dimension's.
    pub key: Vec<String>,
    /// The fact's column, such as `customer_key`.
    pub column: String,
    /// The line of the contract, counted from 1.
    pub line: usize,
}

/// A fact's reference to `dim_date`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateRef {
    /// The dataset's column: a date, timestamp or timestamptz.
    pub source: String,
    /// The fact's column, such as `date_key`.
    pub column: String,
}
