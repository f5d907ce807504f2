//! Counts in the database what an operation may lose, before anything is changed.

use crate::db::Client;

use super::operation::{Measured, Question};
use super::session::{execute, refused, scalar};
use crate::error::Result;

/// The views that depend on a table, or on one column of it. The ledger's own view does not count:
/// every migration creates it again.
const DEPENDENTS: &str = "
    select distinct r.ev_class::regclass::text
    from pg_depend d
    join pg_rewrite r on r.oid = d.objid
    where d.classid = 'pg_rewrite'::regclass
      and d.refclassid = 'pg_class'::regclass
      and d.refobjid = to_regclass($1)
      and r.ev_class not in (d.refobjid, coalesce(to_regclass('stardrop.lineage'), 0))
      and ($2::text is null or d.refobjsubid = (
              select a.attnum from pg_attribute a
              where a.attrelid = d.refobjid and a.attname = $2))
    order by 1";

/// Answers an operation's question.
///
/// # Errors
///
/// That of a query that Postgres refuses; a conversion that it refuses is an answer.
pub(super) async fn measure(client: &Client, question: &Question) -> Result<Measured> {
    let mut measured = Measured::default();
    if let Some(count) = &question.count {
        measured.count = scalar(client, count).await?;
    }
    if let Some(count_changed) = &question.count_changed {
        measured.changed = try_count(client, count_changed).await?;
    }
    if let Some((table, column)) = &question.dependents_of {
        let table = &*client.names().apply(table);
        let rows = client.query(DEPENDENTS, &[&table, column]).await.map_err(refused)?;
        measured.views =
            rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(refused)?;
    }
    Ok(measured)
}

/// The count; `None` where the query fails, as it does where a value cannot be converted.
async fn try_count(client: &Client, sql: &str) -> Result<Option<i64>> {
    execute(client, "savepoint probe").await?;
    let counted = client.query_one(sql, &[]).await.and_then(|row| row.try_get(0));
    execute(client, "rollback to savepoint probe; release savepoint probe").await?;
    Ok(counted.ok())
}
