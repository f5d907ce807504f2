//! Reads the shapes that the tables of a star should have. Creates each as a temporary table and reads it
//! back, so that Postgres spells both sides of the comparison the same way.

use std::collections::BTreeMap;

use crate::db::Client;

use super::session::execute;
use super::shape::Wanted;
use super::table_shape;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Names;
use crate::star::Star;

/// The temporary table.
const TABLE: &str = "stardrop_wanted";

/// Reads the wanted shapes.
///
/// # Errors
///
/// That of a statement that Postgres refuses; [`ErrorKind::BadContract`] for an expression that the names change.
pub(super) async fn read<'s>(client: &Client, star: &'s Star) -> Result<Wanted<'s>> {
    check_expressions(client.names(), star)?;
    let mut shapes = BTreeMap::new();
    let stagings = star.datasets.iter().map(|dataset| &dataset.staging);
    for table in star.tables.iter().chain(stagings) {
        execute(client, &table.shape_as("temporary ", TABLE)).await?;
        let shape = table_shape::read(client, &format!("pg_temp.{TABLE}")).await?;
        execute(client, &format!("drop table pg_temp.{TABLE}")).await?;
        shapes.insert(table.qualified_name(), shape);
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
