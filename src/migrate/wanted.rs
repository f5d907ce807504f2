//! Reads the shapes that the tables of a star should have. Creates each as a temporary table and reads it
//! back, so that Postgres spells both sides of the comparison the same way.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::session::execute;
use super::shape::Wanted;
use super::table_shape;
use crate::error::Result;
use crate::star::Star;

/// The temporary table.
const TABLE: &str = "stardrop_wanted";

/// Reads the wanted shapes.
///
/// # Errors
///
/// That of a statement that Postgres refuses.
pub(super) async fn read<'s>(client: &Client, star: &'s Star) -> Result<Wanted<'s>> {
    let mut shapes = BTreeMap::new();
    let stagings = star.datasets.iter().map(|dataset| &dataset.staging);
    for table in star.tables.iter().chain(stagings) {
        execute(client, &table.shape_as("temporary ", TABLE)).await?;
        let shape = table_shape::read(client, &format!("pg_temp.{TABLE}")).await?;
        execute(client, &format!("drop table pg_temp.{TABLE}")).await?;
        shapes.insert(table.qualified_name(), shape);
    }
    Ok(Wanted { star, shapes })
}
