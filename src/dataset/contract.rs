//! The keys of a `dataset.toml`, as serde parses them, with their positions for messages.

use indexmap::IndexMap;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::one_or_many::{list, optional, optional_texts, spanned, texts};

/// An ordered table with the position of each key.
pub(super) type Table<T> = IndexMap<Spanned<String>, Spanned<T>>;

/// A whole `dataset.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contract {
    pub name: Spanned<String>,
    #[serde(rename = "match", deserialize_with = "spanned")]
    pub patterns: Spanned<Vec<Spanned<String>>>,
    /// Patterns with the names of columns in braces.
    #[serde(default, deserialize_with = "optional")]
    pub from_key: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    pub file: File,
    pub columns: Table<Column>,
    #[serde(default)]
    pub policy: Policy,
    #[serde(default)]
    pub enrich: Table<Enrich>,
    #[serde(default)]
    pub dimension: Table<Dimension>,
    #[serde(default)]
    pub fact: Table<Fact>,
    #[serde(default)]
    pub view: Table<View>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub format: Option<Spanned<String>>,
    pub delimiter: Option<Spanned<String>>,
    pub encoding: Option<Spanned<String>>,
    pub invalid: Option<Spanned<String>>,
    pub header: Option<bool>,
    pub header_rows: Option<Spanned<usize>>,
    #[serde(default, deserialize_with = "optional_texts")]
    pub null: Option<Vec<String>>,
    pub quote: Option<Spanned<String>>,
    pub escape: Option<Spanned<String>>,
    pub comment: Option<Spanned<String>>,
    pub trailing_comment: Option<Spanned<bool>>,
    #[serde(default)]
    pub trailing_delimiter: bool,
    pub record_end: Option<Spanned<String>>,
    #[serde(default)]
    pub skip: Option<Spanned<usize>>,
    pub skip_footer: Option<Spanned<usize>>,
    #[serde(default)]
    pub trim: bool,
    /// One word, or a list of words.
    pub ragged: Option<Spanned<Value>>,
    /// Names, or patterns of names.
    #[serde(default, deserialize_with = "optional")]
    pub sheet: Option<Spanned<Vec<Spanned<String>>>>,
    /// Patterns of names.
    #[serde(default, deserialize_with = "optional")]
    pub entry: Option<Spanned<Vec<Spanned<String>>>>,
    /// Keys with dots between them.
    pub records: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Column {
    #[serde(rename = "type")]
    pub type_name: Spanned<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(default, deserialize_with = "texts")]
    pub from: Vec<String>,
    pub source: Option<Spanned<String>>,
    /// A text, number, boolean or date.
    pub value: Option<Spanned<Value>>,
    /// A pattern, or a list of them.
    pub format: Option<Spanned<Value>>,
    pub decimal: Option<Spanned<String>>,
    pub thousands: Option<Spanned<String>>,
    /// Signs such as `€`, before or after the number.
    #[serde(default, deserialize_with = "texts")]
    pub currency: Vec<String>,
    #[serde(default)]
    pub percent: bool,
    /// The texts for true and for false.
    #[serde(rename = "true", default, deserialize_with = "texts")]
    pub true_words: Vec<String>,
    #[serde(rename = "false", default, deserialize_with = "texts")]
    pub false_words: Vec<String>,
    pub round: Option<Spanned<String>>,
    pub time_zone: Option<Spanned<String>>,
    pub repeated_hour: Option<Spanned<String>>,
    pub pad_left: Option<usize>,
    pub nul: Option<Spanned<String>>,
    pub protect: Option<Spanned<String>>,
    pub was: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enrich {
    pub from: Spanned<String>,
    pub database: Option<Spanned<String>>,
    pub table: Option<Spanned<String>>,
    pub key: Option<Spanned<String>>,
    pub columns: Table<EnrichedColumn>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnrichedColumn {
    #[serde(rename = "type")]
    pub type_name: Spanned<String>,
    #[serde(default, deserialize_with = "optional_texts")]
    pub path: Option<Vec<String>>,
    #[serde(default)]
    pub required: bool,
    pub format: Option<Spanned<Value>>,
    pub decimal: Option<Spanned<String>>,
    pub thousands: Option<Spanned<String>>,
    pub round: Option<Spanned<String>>,
    pub time_zone: Option<Spanned<String>>,
    pub pad_left: Option<usize>,
    pub was: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    /// `"1%"`, or a number of rows.
    pub rejects: Option<Spanned<Value>>,
    pub unknown_column: Option<Spanned<String>>,
    pub missing_column: Option<Spanned<String>>,
    pub overwrite: Option<Spanned<String>>,
    pub same_content: Option<Spanned<String>>,
    pub unknown_member: Option<Spanned<String>>,
    pub repeated_grain: Option<Spanned<String>>,
    pub staging: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dimension {
    #[serde(deserialize_with = "spanned")]
    pub key: Spanned<Vec<Spanned<String>>>,
    #[serde(default, deserialize_with = "list")]
    pub attributes: Vec<Spanned<String>>,
    /// A word, or a table of words by attribute.
    pub history: Option<Spanned<Value>>,
    pub valid_from: Option<Spanned<String>>,
    pub missing: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fact {
    #[serde(default, deserialize_with = "optional")]
    pub grain: Option<Spanned<Vec<Spanned<String>>>>,
    /// Names, `{ date = .. }` and `{ dimension = .. }`.
    #[serde(default)]
    pub dimensions: Vec<Spanned<Value>>,
    /// Names, and `{ name = "expression" }`.
    #[serde(default)]
    pub measures: Vec<Spanned<Value>>,
    #[serde(default, deserialize_with = "list")]
    pub degenerate: Vec<Spanned<String>>,
    pub conflict: Option<Spanned<String>>,
    pub version: Option<Spanned<String>>,
    pub as_of: Option<Spanned<String>>,
    pub delete_when: Option<Spanned<String>>,
    pub foreign_keys: Option<Spanned<bool>>,
    #[serde(default)]
    pub audit: bool,
    pub partition: Option<Spanned<Partition>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Partition {
    pub by: Spanned<String>,
    pub every: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct View {
    pub sql: Spanned<String>,
}
