//! The shape of tables: columns, keys, and what else a migration compares. Plain values, which
//! `existing` and `wanted` read from Postgres and `compare` takes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::settings::Names;
use crate::star::{Column, Star, Table, list};
use crate::types::SqlType;

/// The columns and keys of a table, in the spelling of Postgres' catalogs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub columns: BTreeMap<String, ColumnShape>,
    pub keys: Vec<Key>,
    /// The column by whose months the table is split, if it is.
    pub split_by: Option<String>,
}

/// A column's type, its collation where that is not the type's default, and whether it is `not null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ColumnShape {
    pub sql_type: PostgresType,
    pub collation: Option<String>,
    pub not_null: bool,
}

/// A type that a contract can name, or one that somebody else gave a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PostgresType {
    Known(SqlType),
    Other(String),
}

/// A type and its collation as Postgres' catalogs spell them, by how the star does, such as `text collate "C"`.
pub(super) type Spellings = BTreeMap<String, (PostgresType, Option<String>)>;

/// A primary key or a unique constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// The name of the constraint.
    pub name: String,
    /// `PRIMARY KEY`, `UNIQUE` or `UNIQUE NULLS NOT DISTINCT`.
    pub kind: String,
    pub columns: Vec<String>,
    /// What follows the columns, such as ` DEFERRABLE`.
    pub details: String,
}

/// A table of the database.
#[derive(Debug, Clone, Default)]
pub(super) struct ExistingTable {
    pub shape: Shape,
    /// The unknown member of a dimension does not count.
    pub has_rows: bool,
    /// Whether the table survives a crash; an `unlogged` one is emptied by it.
    pub is_logged: bool,
    pub indexes: BTreeSet<String>,
    /// The formulas of computed columns, as their comments say, by column.
    pub formulas: BTreeMap<String, String>,
    /// What others added, such as `column reviewed`: it is left alone.
    pub others: Vec<String>,
    /// Whether row security applies to the owner too, who then cannot write.
    pub forces_row_security: bool,
    /// The wanted keys that the existing rows satisfy, where the table lacks them.
    pub possible_keys: Vec<Key>,
}

/// What a dataset has in the database besides its staging table.
#[derive(Debug, Clone, Default)]
pub(super) struct ExistingDataset {
    /// The fingerprint of the contract that was applied last; `None`: none was.
    pub fingerprint: Option<String>,
    pub functions: Vec<ExistingFunction>,
    /// The names of the enabled triggers of the staging table.
    pub triggers: BTreeSet<String>,
}

/// A function of a dataset in schema `staging`.
#[derive(Debug, Clone)]
pub(super) struct ExistingFunction {
    pub name: String,
    /// The name with the types of the arguments, as `drop function` takes it.
    pub signature: String,
    pub body: String,
}

/// All that a migration compares of a database.
#[derive(Debug, Clone, Default)]
pub(super) struct Existing {
    /// By qualified name, such as `star.fact_sales`: the tables of the star and the staging tables,
    /// those that no contract names included.
    pub tables: BTreeMap<String, ExistingTable>,
    pub datasets: BTreeMap<String, ExistingDataset>,
}

/// All that a migration compares of the star.
#[derive(Debug)]
pub(super) struct Wanted<'s> {
    pub star: &'s Star,
    /// The names of schemas and roles that the database has in the place of the usual ones.
    pub names: Names,
    /// By qualified name.
    pub shapes: BTreeMap<String, Shape>,
}

impl PostgresType {
    /// Reads a type as Postgres' `format_type` spells it.
    pub fn parse(name: &str) -> PostgresType {
        SqlType::parse(name)
            .map_or_else(|| PostgresType::Other(name.to_owned()), PostgresType::Known)
    }

    /// Whether each value of this type is a value of type `to`, unchanged.
    pub(crate) fn widens_to(&self, to: &PostgresType) -> bool {
        match (self, to) {
            (PostgresType::Known(from), PostgresType::Known(to)) => from.widens_to(*to),
            _ => false,
        }
    }

    /// Whether Postgres rewrites the whole table to change a column of this type to `to`.
    pub(crate) fn rewrites_to(&self, to: &PostgresType) -> bool {
        match (self, to) {
            (PostgresType::Known(from), PostgresType::Known(to)) => from.rewrites_to(*to),
            _ => true,
        }
    }
}

impl fmt::Display for PostgresType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PostgresType::Known(known) => known.fmt(f),
            PostgresType::Other(name) => f.write_str(name),
        }
    }
}

/// The type with its collation: `text collate "C"`.
impl fmt::Display for ColumnShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sql_type.fmt(f)?;
        match &self.collation {
            Some(collation) => write!(f, " collate {collation}"),
            None => Ok(()),
        }
    }
}

impl Key {
    /// The key that a table's constraint defines, such as `primary key (id, part)`; `None` for another constraint.
    fn parse(name: &str, definition: &str) -> Option<Key> {
        let (kind, rest) = definition.split_once(" (")?;
        if !kind.starts_with("primary key") && !kind.starts_with("unique") {
            return None;
        }
        let (columns, details) = rest.split_once(')')?;
        Some(Key {
            name: name.to_owned(),
            kind: kind.to_uppercase(),
            // Reserved words are quoted; a name has no quotes.
            columns: columns.split(", ").map(|column| column.replace('"', "")).collect(),
            details: details.to_uppercase(),
        })
    }

    /// Whether both keys allow the same rows, whatever they are called.
    pub(crate) fn is_same_as(&self, other: &Key) -> bool {
        (&self.kind, &self.columns, &self.details) == (&other.kind, &other.columns, &other.details)
    }
}

/// The definition, as `add constraint` takes it: `PRIMARY KEY (id, part)`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}){}", self.kind, list(&self.columns), self.details)
    }
}

impl Shape {
    /// The shape that Postgres' catalogs have once the table is created.
    pub fn of(table: &Table, spellings: &Spellings) -> Shape {
        let keys: Vec<Key> = table
            .constraints
            .iter()
            .filter_map(|(name, definition)| Key::parse(name, definition))
            .collect();
        let is_primary = |column: &String| {
            keys.iter().any(|key| key.kind == "PRIMARY KEY" && key.columns.contains(column))
        };
        let column = |column: &Column| {
            let (sql_type, collation) = spellings
                .get(&column.sql_type)
                .cloned()
                .unwrap_or_else(|| (PostgresType::parse(&column.sql_type), None));
            let not_null = column.not_null || is_primary(&column.name);
            (column.name.clone(), ColumnShape { sql_type, collation, not_null })
        };
        let split_by = table.split_by().map(|column| column.name.clone());
        Shape { columns: table.columns.iter().map(column).collect(), keys, split_by }
    }

    /// The shape after column `from` is renamed to `to`.
    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(column) = self.columns.remove(from) {
            self.columns.insert(to.to_owned(), column);
        }
        let keys = self.keys.iter_mut().flat_map(|key| &mut key.columns);
        for column in keys.chain(&mut self.split_by) {
            if column == from {
                to.clone_into(column);
            }
        }
    }

    /// Whether the table is split as `other` is, by a column of the same type.
    pub(crate) fn is_split_as(&self, other: &Shape) -> bool {
        let kind = |shape: &'_ Shape| {
            let column = shape.split_by.as_ref()?;
            Some((column.clone(), shape.columns.get(column)?.sql_type.clone()))
        };
        kind(self) == kind(other)
    }

    /// The keys of this shape that `other` does not have.
    pub(crate) fn keys_missing_in<'k>(&'k self, other: &Shape) -> impl Iterator<Item = &'k Key> {
        self.keys.iter().filter(|key| !other.keys.iter().any(|known| known.is_same_as(key)))
    }
}
