//! Reads the shapes that the tables of a star should have. Creates each as a temporary table and reads it
//! back, so that Postgres spells both sides of the comparison the same way.

use std::collections::BTreeMap;

use crate::db::Client;

use super::session::execute;
use super::shape::Wanted;
use super::table_shape;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Names;
use crate::star::{Star, Table};

/// How the names of the temporary tables start.
const TABLE: &str = "stardrop_wanted_";

/// How many temporary tables exist at the same time: each holds locks, of which a server has some thousands.
const TABLES_AT_ONCE: usize = 100;

/// Reads the wanted shapes.
///
/// # Errors
///
/// That of a statement that Postgres refuses; [`ErrorKind::BadContract`] for an expression that the names change.
pub(super) async fn read<'s>(client: &Client, star: &'s Star) -> Result<Wanted<'s>> {
    check_expressions(client.names(), star)?;
    let mut shapes = BTreeMap::new();
    let stagings = star.datasets.iter().map(|dataset| &dataset.staging);
    // The tables of two schemas may have constraints of the same name.
    let (tables, stagings): (Vec<&Table>, Vec<&Table>) =
        (star.tables.iter().collect(), stagings.collect());
    for tables in tables.chunks(TABLES_AT_ONCE).chain(stagings.chunks(TABLES_AT_ONCE)) {
        // Going back to the savepoint removes the tables and releases their locks. Dropping them would keep the
        // locks, and leave rows in the catalogs that each later table of the transaction has to pass.
        execute(client, "savepoint wanted").await?;
        let names: Vec<String> = (0..tables.len()).map(|at| format!("{TABLE}{at}")).collect();
        let created: String = tables
            .iter()
            .zip(&names)
            .map(|(table, name)| table.shape_as("temporary ", name))
            .collect();
        execute(client, &created).await?;
        let names: Vec<String> = names.iter().map(|name| format!("pg_temp.{name}")).collect();
        let found = table_shape::read_all(client, &names).await?;
        execute(client, "rollback to savepoint wanted; release savepoint wanted").await?;
        shapes.extend(tables.iter().map(|table| table.qualified_name()).zip(found));
    }
    Ok(Wanted { star, names: client.names().clone(), shapes })
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
