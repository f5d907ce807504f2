//! Star: the part of a checked contract that says which dimensions and facts its rows go into.

use super::Expression;

/// What a dimension remembers of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum History {
    /// Type 1: what the newest row says.
    Overwrite,
    /// Type 2: every value, with the time from which it was so.
    Versions,
    /// Type 0: what the oldest row says.
    First,
}

impl History {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            History::Overwrite => "overwrite",
            History::Versions => "versions",
            History::First => "first",
        }
    }
}

/// What a dataset brings to a dimension. Without attributes it only refers to members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionFeed {
    pub name: String,
    /// The natural key: columns of the dataset and of the dimension alike.
    pub key: Vec<String>,
    pub attributes: Vec<String>,
    /// What is remembered of each attribute, in their order.
    pub history: Vec<History>,
    /// The column that says from when on a version holds; `None`: the object's time.
    pub valid_from: Option<String>,
}

impl DimensionFeed {
    /// The attributes with what is remembered of them.
    pub fn remembered(&self) -> impl Iterator<Item = (&String, History)> {
        self.attributes.iter().zip(self.history.iter().copied())
    }
}

/// What happens when a row comes whose grain is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// The newest row stays.
    Update,
    /// The oldest row stays.
    Keep,
}

/// One fact table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub name: String,
    /// The columns that make a row unique; `None`: rows are only ever appended.
    pub grain: Option<Vec<String>>,
    pub dimensions: Vec<DimensionUse>,
    pub dates: Vec<DateUse>,
    pub measures: Vec<Measure>,
    pub degenerate: Vec<String>,
    pub conflict: Conflict,
    /// The column that says which of two rows of one grain is newer.
    pub version: Option<String>,
    /// The column that says when the row happened, for dimensions with versions.
    pub as_of: Option<String>,
    /// True of a row that takes its grain out of the fact.
    pub delete_when: Option<Expression>,
    /// Whether Postgres is to enforce the references to dimensions.
    pub foreign_keys: bool,
}

impl Fact {
    /// The column by whose time the fact finds versions: `as_of`, else its first date.
    pub fn happened(&self) -> Option<&str> {
        self.as_of.as_deref().or_else(|| self.dates.first().map(|date| date.source.as_str()))
    }
}

/// A number of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// A column as it is.
    Column(String),
    /// Computed from columns, as `numeric`.
    Computed { name: String, expression: Expression },
}

impl Measure {
    /// The fact's column.
    pub fn name(&self) -> &str {
        match self {
            Measure::Column(name) | Measure::Computed { name, .. } => name,
        }
    }

    /// The dataset's columns that it is made from.
    pub fn columns(&self) -> &[String] {
        match self {
            Measure::Column(name) => std::slice::from_ref(name),
            Measure::Computed { expression, .. } => expression.columns(),
        }
    }
}

/// A fact's reference to a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionUse {
    pub dimension: String,
    /// The dataset's columns that hold the natural key, in the order of the dimension's.
    pub key: Vec<String>,
    /// The fact's column, such as `customer_key`.
    pub column: String,
    /// Where the contract says so, counted from 1.
    pub line: usize,
}

/// A fact's reference to `dim_date`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateUse {
    /// The dataset's column: a date, timestamp or timestamptz.
    pub source: String,
    /// The fact's column, such as `date_key`.
    pub column: String,
}
