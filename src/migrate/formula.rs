//! Formula: a table's computed columns in; a note where the rows that are there keep the values of
//! another formula out. The old one stands in the column's comment.

use std::collections::HashMap;

use tokio_postgres::Row;

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
    if !name.starts_with("star.fact_") {
        return Ok(());
    }
    let old = formulas(there).await?;
    let mut changed = there.table.columns.iter().filter(|column| {
        let new = column.comment.as_deref().filter(|comment| comment.starts_with(COMPUTED));
        let old = old.get(there.old_name(&column.name)).map(|old| renamed(star, old));
        have.columns.contains_key(&column.name) && old.as_deref() != new
    });
    let Some(first) = changed.next() else { return Ok(()) };
    if rows::count(there.client, name).await? == 0 {
        return Ok(());
    }
    for column in [first].into_iter().chain(changed) {
        let to_what_end = format!(
            "computes {name}.{} anew: rows that are there keep what the old formula gave",
            column.name
        );
        note_replay(star, name, &to_what_end, plan);
    }
    Ok(())
}

/// The formulas that the table's columns have now, by name.
async fn formulas(there: &There<'_>) -> Result<HashMap<String, String>> {
    let sql = "
        select a.attname::text, d.description
        from pg_description d
        join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid
        where d.classoid = 'pg_class'::regclass
          and d.objoid = to_regclass($1) and d.objsubid > 0
          and starts_with(d.description, $2)";
    let rows = there.client.query(sql, &[&there.name, &COMPUTED]).await.map_err(refused)?;
    let formula = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
    rows.iter().map(formula).collect::<std::result::Result<_, _>>().map_err(refused)
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
