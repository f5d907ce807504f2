//! Star: which tables of a source become dimensions, and which facts that refer to them.

use super::name::dataset_name;
use super::table::{Column, DataType, Table};

/// What a table becomes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// A dimension: its key is the table's, and all other columns describe it.
    Dimension,
    /// A fact, which refers to these dimensions.
    Fact(Vec<Link>),
}

/// A reference of a fact to a dimension.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub dimension: String,
    /// The columns of the table that have the dimension's key.
    pub columns: Vec<String>,
    /// The name of the reference, if the table has several of them to one dimension.
    pub role: Option<String>,
    /// Whether another table of the run describes the dimension.
    pub is_defined_elsewhere: bool,
}

/// What a table becomes among the tables of a run.
pub(super) fn links(table: &Table, tables: &[Table]) -> Links {
    if is_dimension(table, tables) {
        return Links::Dimension;
    }
    let mut links: Vec<Link> = Vec::new();
    for reference in &table.references {
        // The member of a row in its own table is not known before the row.
        if reference.table == table.name
            || links.iter().any(|link| link.columns == reference.columns)
            || reference.columns.iter().any(|name| !has_plain_key(table, name))
        {
            continue;
        }
        let dimension = match dataset_name(&reference.table.name) {
            // The built-in dimension.
            name if name == "date" => "dates".to_owned(),
            name => name,
        };
        let described = tables.iter().find(|other| other.name == reference.table);
        let is_defined_elsewhere = described.is_some_and(|other| {
            is_dimension(other, tables) && other.key.len() == reference.columns.len()
        });
        let is_repeated = links.iter().any(|link| link.dimension == dimension);
        let role = reference.columns.first().map(|name| {
            let name = dataset_name(name);
            name.strip_suffix("_id")
                .filter(|rest| !rest.is_empty())
                .map(str::to_owned)
                .unwrap_or(name)
        });
        links.push(Link {
            dimension,
            columns: reference.columns.clone(),
            role: role.filter(|_| is_repeated),
            is_defined_elsewhere,
        });
    }
    Links::Fact(links)
}

/// Whether other tables of the run refer to a table that refers to no table, and that has a key.
fn is_dimension(table: &Table, tables: &[Table]) -> bool {
    let refers = table.references.iter().any(|reference| reference.table != table.name);
    let is_referred_to = tables.iter().filter(|other| other.name != table.name).any(|other| {
        other.references.iter().any(|reference| {
            reference.table == table.name && reference.columns.len() == table.key.len()
        })
    });
    !table.key.is_empty() && !refers && is_referred_to
}

fn has_plain_key(table: &Table, name: &str) -> bool {
    table.column(name).is_some_and(|column| column.data_type != DataType::Json)
}

/// The column whose day a fact refers to: the first with a time that is not the one of `--since`.
pub(super) fn date_column<'t>(table: &'t Table, since: Option<&str>) -> Option<&'t Column> {
    let times = || table.columns.iter().filter(|column| column.data_type.is_time());
    let is_since =
        |column: &Column| since.is_some_and(|since| column.name.eq_ignore_ascii_case(since));
    times().find(|column| !is_since(column)).or_else(|| times().next())
}
