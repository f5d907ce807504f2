//! Reads the shapes that the tables of a star should have. Creates a temporary table with each type of the star and reads it
//! back, so that Postgres spells both sides of the comparison the same way.

use std::collections::BTreeSet;

use crate::db::Client;

use super::session::execute;
use super::shape::{Shape, Spellings, Wanted};
use super::table_shape;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Names;
use crate::star::{Star, Table};

/// The temporary table.
const TABLE: &str = "stardrop_wanted";

/// How many columns it has: Postgres allows 1,600.
const MAX_COLUMNS: usize = 1_000;

/// Reads the wanted shapes.
///
/// # Errors
///
/// That of a statement that Postgres refuses; [`ErrorKind::BadContract`] for an expression that the names change.
pub(super) async fn read<'s>(client: &Client, star: &'s Star) -> Result<Wanted<'s>> {
    check_expressions(client.names(), star)?;
    let stagings = star.datasets.iter().map(|dataset| &dataset.staging);
    let tables: Vec<&Table> = star.tables.iter().chain(stagings).collect();
    let spellings = read_spellings(client, &tables).await?;
    let shape = |table: &&Table| (table.qualified_name(), Shape::of(table, &spellings));
    let shapes = tables.iter().map(shape).collect();
    Ok(Wanted { star, names: client.names().clone(), shapes })
}

/// Reads how Postgres spells the types of these tables.
async fn read_spellings(client: &Client, tables: &[&Table]) -> Result<Spellings> {
    let columns = tables.iter().flat_map(|table| &table.columns);
    let types: BTreeSet<&str> = columns.map(|column| column.sql_type.as_str()).collect();
    let types: Vec<&str> = types.into_iter().collect();
    let mut spellings = Spellings::new();
    for types in types.chunks(MAX_COLUMNS) {
        let names = (0..types.len()).map(|at| format!("c{at}"));
        let columns: Vec<String> =
            names.clone().zip(types).map(|(name, sql_type)| format!("{name} {sql_type}")).collect();
        // Going back to the savepoint removes the table and releases its lock.
        let create =
            format!("savepoint wanted; create temporary table {TABLE} ({})", columns.join(", "));
        execute(client, &create).await?;
        let shapes = table_shape::read_all(client, &[format!("pg_temp.{TABLE}")]).await?;
        execute(client, "rollback to savepoint wanted; release savepoint wanted").await?;
        let mut found = shapes.into_iter().next().unwrap_or_default().columns;
        for (name, sql_type) in names.zip(types) {
            if let Some(column) = found.remove(&name) {
                spellings.insert((*sql_type).to_owned(), (column.sql_type, column.collation));
            }
        }
    }
    Ok(spellings)
}

/// Refuses an expression in whose texts the names of the settings would take the place of words such as `star.`.
fn check_expressions(names: &Names, star: &Star) -> Result<()> {
    for dataset in &star.datasets {
        for expression in &dataset.expressions {
            if names.apply(expression) != *expression {
                let message = format!(
                    "dataset {}: the expression `{expression}` has a word that stands for a schema or a role, which \
                     the names in the settings would change: write it in two parts, such as 'st' || 'ar.'",
                    dataset.name
                );
                return Err(Error::new(ErrorKind::BadContract, Stage::Migrate, message));
            }
        }
    }
    Ok(())
}
