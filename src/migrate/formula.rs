//! Formula: a table's computed columns in; a note where the rows that are there keep the values of
//! another formula out. The old one stands in the column's comment.

use super::columns::{There, note_replay};
use super::plan::Plan;
use super::shape::Shape;
use super::{refused, rows};
use crate::error::Result;
use crate::star::Star;

/// What the comment of a computed column begins with.
const COMPUTED: &str = "Computed: ";

pub(super) async fn changes(
    there: &There<'_>,
    star: &Star,
    have: &Shape,
    plan: &mut Plan,
) -> Result<()> {
    let name = there.name;
    if !name.starts_with("star.fact_") || rows::count(there.client, name).await? == 0 {
        return Ok(());
    }
    for column in there.table.columns.iter().filter(|c| have.columns.contains_key(&c.name)) {
        let new = column.comment.as_deref().filter(|comment| comment.starts_with(COMPUTED));
        let old = comment(there, there.old_name(&column.name)).await?;
        let old = old.filter(|comment| comment.starts_with(COMPUTED));
        if old.map(|old| renamed(star, &old)).as_deref() != new {
            let to_what_end = format!(
                "computes {name}.{} anew: rows that are there keep what the old formula gave",
                column.name
            );
            note_replay(star, name, &to_what_end, plan);
        }
    }
    Ok(())
}

async fn comment(there: &There<'_>, column: &str) -> Result<Option<String>> {
    let row = there
        .client
        .query_opt(
            "select col_description(a.attrelid, a.attnum) from pg_attribute a
             where a.attrelid = to_regclass($1) and a.attname = $2",
            &[&there.name, &column],
        )
        .await
        .map_err(refused)?;
    row.map_or(Ok(None), |row| row.try_get(0)).map_err(refused)
}

/// A formula in the names that its columns have now.
fn renamed(star: &Star, formula: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = formula.split_inclusive(|c| !is_name(c));
    words
        .map(|word| {
            let name = word.trim_end_matches(|c| !is_name(c));
            let rest = word.strip_prefix(name).unwrap_or_default();
            let rename = star.renames.iter().find(|rename| rename.from == name);
            format!("{}{rest}", rename.map_or(name, |rename| &rename.to))
        })
        .collect()
}
