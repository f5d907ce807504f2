//! Rows: questions to the database about what would be lost.

use tokio_postgres::Client;

use super::{refused, scalar};
use crate::error::Result;
use crate::star::ident;

/// The rows of a table; the unknown member of a dimension is none.
pub(super) async fn count(client: &Client, table: &str) -> Result<i64> {
    if table.starts_with("star.dim_") && table != "star.dim_date" {
        return count_where(client, table, "load_id <> 0").await;
    }
    scalar(client, &format!("select count(*) from {table}")).await
}

/// The rows of a table for which `condition` holds.
pub(super) async fn count_where(client: &Client, table: &str, condition: &str) -> Result<i64> {
    scalar(client, &format!("select count(*) from {table} where {condition}")).await
}

/// The values of a column.
pub(super) async fn count_values(client: &Client, table: &str, column: &str) -> Result<i64> {
    scalar(client, &format!("select count({}) from {table}", ident(column))).await
}

/// How many values of a column would be others in another type; `None` where one is no value of
/// that type at all.
pub(super) async fn count_changed(
    client: &Client,
    table: &str,
    column: &str,
    from: &str,
    to: &str,
) -> Result<Option<i64>> {
    let column = ident(column);
    super::execute(client, "savepoint probe").await?;
    let sql = format!(
        "select count(*) from {table} where {column} is distinct from ({column}::{to})::{from}"
    );
    let counted = client.query_one(&sql, &[]).await.and_then(|row| row.try_get(0));
    super::execute(client, "rollback to savepoint probe; release savepoint probe").await?;
    Ok(counted.ok())
}

/// Whether there is a table, an index or a view of that name.
pub(super) async fn exists(client: &Client, name: &str) -> Result<bool> {
    let row = client.query_one("select to_regclass($1) is not null", &[&name]).await;
    row.and_then(|row| row.try_get(0)).map_err(refused)
}

/// `, and the views a, b that use it`, or nothing; of one column, or of the whole table.
pub(super) async fn views_of(client: &Client, table: &str, column: Option<&str>) -> Result<String> {
    let rows = client
        .query(
            "select distinct r.ev_class::regclass::text as view
             from pg_depend d
             join pg_rewrite r on r.oid = d.objid
             where d.classid = 'pg_rewrite'::regclass
               and d.refclassid = 'pg_class'::regclass
               and d.refobjid = to_regclass($1)
               and r.ev_class not in (d.refobjid, coalesce(to_regclass('stardrop.lineage'), 0))
               and ($2::text is null or d.refobjsubid = (
                       select a.attnum from pg_attribute a
                       where a.attrelid = d.refobjid and a.attname = $2))
             order by 1",
            &[&table, &column],
        )
        .await
        .map_err(refused)?;
    let mut views = Vec::new();
    for row in &rows {
        views.push(row.try_get::<_, String>(0).map_err(refused)?);
    }
    Ok(match views.as_slice() {
        [] => String::new(),
        [view] => format!(", and the view {view} that uses it"),
        several => format!(", and the views {} that use it", several.join(", ")),
    })
}
