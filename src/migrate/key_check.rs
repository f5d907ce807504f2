//! Checks which keys the existing rows of a table satisfy, before a migration changes its keys.

use crate::db::Client;

use super::renames::Renames;
use super::session::scalar;
use super::shape::{Key, Shape};
use crate::error::Result;
use crate::star::{Star, ident};

/// Returns those wanted keys which the table lacks and whose columns it has, without null where the
/// contract allows none, and unique.
///
/// # Errors
///
/// That of a query that Postgres refuses.
pub(super) async fn possible_keys(
    client: &Client,
    star: &Star,
    table: &str,
    existing: &Shape,
    wanted: &Shape,
) -> Result<Vec<Key>> {
    let renames = Renames::find(star, table, existing, wanted);
    let after = renames.apply(existing);
    let mut possible = Vec::new();
    for key in wanted.keys_missing_in(&after) {
        let has_columns = key.columns.iter().all(|column| after.columns.contains_key(column));
        if has_columns && scalar(client, &satisfies(table, key, &renames, wanted)).await? {
            possible.push(key.clone());
        }
    }
    Ok(possible)
}

/// The query whether the rows satisfy the key.
fn satisfies(table: &str, key: &Key, renames: &Renames<'_>, wanted: &Shape) -> String {
    let before = |column: &String| ident(renames.name_before(column));
    let is_not_null =
        |column: &&String| wanted.columns.get(*column).is_some_and(|wanted| wanted.not_null);
    let mut nulls: Vec<String> = key
        .columns
        .iter()
        .filter(is_not_null)
        .map(|column| format!("{} is null", before(column)))
        .collect();
    nulls.push("false".to_owned());
    let columns: Vec<String> = key.columns.iter().map(before).collect();
    format!(
        "select not exists (select from {table} where {})
            and not exists (select from {table} group by {} having count(*) > 1)",
        nulls.join(" or "),
        columns.join(", ")
    )
}
