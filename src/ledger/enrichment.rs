//! Enrichment: records the files in which a load looks values up, and finds the loads that used others.

use tokio_postgres::types::Type;

use crate::db::Client;

use super::{call, get, query, require_held};
use crate::enrich::Origin;
use crate::error::Result;

/// Records the files in the load's row.
///
/// # Errors
///
/// [`ErrorKind::ClaimLost`](crate::error::ErrorKind::ClaimLost) where the claim is lost; an error of the connection
/// or of Postgres.
pub async fn record_enrichment(
    client: &Client,
    load_id: i64,
    attempt: i32,
    files: &[Origin],
) -> Result<()> {
    let row = call(
        client,
        "select stardrop.record_enrichment($1, $2, $3::jsonb) as held",
        &[(&load_id, Type::INT8), (&attempt, Type::INT4), (&json(files), Type::TEXT)],
    )
    .await?;
    require_held(&row)
}

/// The finished loads of a dataset that looked values up in other files than these, oldest object first, and the
/// number of those that did not.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn loads_with_other_enrichment(
    client: &Client,
    dataset: &str,
    files: &[Origin],
) -> Result<(Vec<i64>, usize)> {
    let content = "(select coalesce(jsonb_agg(jsonb_build_array(f ->> 'name', f ->> 'sha256')
                                    order by f ->> 'name', f ->> 'sha256'), '[]')
                    from jsonb_array_elements(";
    let sql = format!(
        "select l.load_id, {content} l.enrichment) f) is distinct from {content} $2::text::jsonb) f) as differs
         from stardrop.load l
         where l.dataset = $1
           and l.state = 'loaded'
           and l.bucket <> 'sql'
         order by l.object_time, l.load_id"
    );
    let rows = query(client, &sql, &[&dataset, &json(files)]).await?;
    let mut others = Vec::new();
    for row in &rows {
        if get(row, "differs")? {
            others.push(get(row, "load_id")?);
        }
    }
    let same = rows.len() - others.len();
    Ok((others, same))
}

/// The files in which a load looked values up, each as enrichment, type, time, SHA-256 and path.
///
/// # Errors
///
/// An error of the connection or of Postgres.
pub async fn enrichment_of(client: &Client, load_id: i64) -> Result<Vec<Vec<String>>> {
    let columns = ["name", "type", "built", "sha256", "file"];
    let rows = query(
        client,
        "select coalesce(f ->> 'name', '') as name, coalesce(f ->> 'type', '') as type,
                coalesce(f ->> 'built', '') as built, coalesce(f ->> 'sha256', '') as sha256,
                coalesce(f ->> 'file', '') as file
         from stardrop.load l
         cross join lateral jsonb_array_elements(l.enrichment) with ordinality e (f, position)
         where l.load_id = $1
         order by e.position",
        &[&load_id],
    )
    .await?;
    rows.iter().map(|row| columns.iter().map(|column| get(row, column)).collect()).collect()
}

fn json(files: &[Origin]) -> String {
    // Texts only: this cannot fail.
    serde_json::to_string(files).unwrap_or_default()
}
