//! Table: a table's columns, constraints and indexes, and the SQL that creates them.

use std::fmt::Display;

use super::ident::{ident, literal};
use super::month;

/// A table that a catalog needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its schema.
    pub schema: &'static str,
    /// Its name, without the schema.
    pub name: String,
    /// Whether it is `unlogged`: empty after a crash of the server.
    pub unlogged: bool,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Name and definition, such as `primary key (order_id)`.
    pub constraints: Vec<(String, String)>,
    /// Name, and what follows `on schema.table` in its definition; starts with `unique ` if it is that.
    pub indexes: Vec<(String, String)>,
    /// Free space in each page for updates, in percent; 0 is Postgres' default.
    pub spare_percent: u8,
    /// What `comment on table` says.
    pub comment: String,
}

/// A column that a catalog needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as Postgres writes it.
    pub sql_type: String,
    /// Whether it is `not null`.
    pub not_null: bool,
    /// Its `default ..` or `generated ..`, if it has one.
    pub filled: Option<String>,
    /// What `comment on column` says.
    pub comment: Option<String>,
    /// The table that a fact's key refers to, such as `star.dim_customer`.
    pub refers_to: Option<String>,
    /// Whether the table is split into one for each month of this column.
    pub is_split_by: bool,
}

impl Column {
    /// A column that may be null, without a comment.
    pub(super) fn new(name: impl Into<String>, sql_type: impl Into<String>) -> Self {
        Column {
            name: name.into(),
            sql_type: sql_type.into(),
            not_null: false,
            filled: None,
            comment: None,
            refers_to: None,
            is_split_by: false,
        }
    }

    pub(super) fn not_null(mut self, not_null: bool) -> Self {
        self.not_null = not_null;
        self
    }

    pub(super) fn filled(mut self, how: impl Into<String>) -> Self {
        self.filled = Some(how.into());
        self
    }

    pub(super) fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Says that the column holds keys of a table of the star; `rest` ends the comment's sentence.
    pub(super) fn key_of(mut self, table: impl Display, rest: &str) -> Self {
        let target = format!("star.{table}");
        self.comment = Some(format!("Refers to {target}{rest}"));
        self.refers_to = Some(target);
        self
    }

    /// Says that the table is split into one for each month of this column.
    pub(super) fn split_by(mut self, is_split_by: bool) -> Self {
        self.is_split_by = is_split_by;
        self
    }

    /// `name type not null default ..`
    pub fn definition(&self) -> String {
        let mut out = format!("{} {}", ident(&self.name), self.sql_type);
        if self.not_null {
            out.push_str(" not null");
        }
        if let Some(filled) = &self.filled {
            out.push(' ');
            out.push_str(filled);
        }
        out
    }
}

impl Table {
    /// `schema.name`
    pub fn qualified_name(&self) -> String {
        format!("{}.{}", self.schema, ident(&self.name))
    }

    fn create_table(&self) -> String {
        let mut lines: Vec<String> =
            self.columns.iter().map(|column| format!("    {}", column.definition())).collect();
        lines.extend(
            self.constraints
                .iter()
                .map(|(name, definition)| format!("    constraint {} {definition}", ident(name))),
        );
        let storage = match self.spare_percent {
            0 => String::new(),
            spare => format!(" with (fillfactor = {})", 100 - spare),
        };
        let unlogged = if self.unlogged { "unlogged " } else { "" };
        let name = self.qualified_name();
        let (split, ends) = match self.split_by() {
            None => (String::new(), String::new()),
            Some(column) => (
                format!(" partition by range ({})", ident(&column.name)),
                month::ends(&self.name, &name),
            ),
        };
        format!(
            "create {unlogged}table {name} (\n{}\n){split}{storage};\n{ends}",
            lines.join(",\n")
        )
    }

    /// The column by whose months the table is split.
    pub(crate) fn split_by(&self) -> Option<&Column> {
        self.columns.iter().find(|column| column.is_split_by)
    }

    /// The table, its indexes and its comments.
    pub fn create(&self) -> String {
        let mut out = self.create_table();
        for (name, definition) in &self.indexes {
            out.push_str(&self.create_index(name, definition));
        }
        out.push_str(&self.comments());
        out
    }

    /// `create index` for one of the table's indexes.
    pub(crate) fn create_index(&self, name: &str, definition: &str) -> String {
        let (unique, definition) = match definition.strip_prefix("unique ") {
            Some(definition) => ("unique ", definition),
            None => ("", definition),
        };
        format!("create {unique}index {} on {} {definition};\n", ident(name), self.qualified_name())
    }

    /// `comment on` for the table and its columns.
    pub fn comments(&self) -> String {
        let table = self.qualified_name();
        let mut out = format!("comment on table {table} is {};\n", literal(&self.comment));
        for column in &self.columns {
            if let Some(comment) = &column.comment {
                out.push_str(&format!(
                    "comment on column {table}.{} is {};\n",
                    ident(&column.name),
                    literal(comment)
                ));
            }
        }
        out
    }
}

/// The columns of the star's tables that say where a row comes from.
pub(super) fn lineage() -> [Column; 4] {
    [
        Column::new("load_id", "bigint")
            .not_null(true)
            .comment("The load that last changed this row."),
        Column::new("source_line", "bigint")
            .not_null(true)
            .comment("The line of that load's object with the row."),
        Column::new("source_load_id", "bigint")
            .not_null(true)
            .comment("The load that the values are from: rows of older objects change nothing."),
        Column::new("source_time", "timestamptz")
            .not_null(true)
            .comment("When that load's object was written."),
    ]
}
