//! Columns: a table's columns and those that it should have in; what has to change out.

use tokio_postgres::Client;

use super::plan::{Action, Plan};
use super::rows;
use super::shape::{ColumnShape, Shape};
use crate::error::Result;
use crate::star::{Column, Star, Table, ident};
use crate::types::SqlType;

/// A table that is there, under whatever names its columns still have.
pub(super) struct There<'a> {
    pub client: &'a Client,
    pub table: &'a Table,
    pub name: &'a str,
    /// New names and old names of the columns that are about to be renamed.
    pub renamed: &'a [(String, String)],
}

impl There<'_> {
    /// The name that a column still has, as an identifier.
    pub fn old(&self, column: &str) -> String {
        ident(self.old_name(column))
    }

    /// The name that a column still has.
    pub fn old_name<'n>(&'n self, column: &'n str) -> &'n str {
        let renamed = self.renamed.iter().find(|(new, _)| new == column);
        renamed.map_or(column, |(_, old)| old)
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.table.columns.iter().find(|column| column.name == name)
    }

    /// A new column that the rows which are there would need a value in, and have none for.
    pub fn lacks_value<'w>(&self, have: &Shape, want: &'w Shape) -> Option<&'w str> {
        want.columns
            .iter()
            .find(|(column, wanted)| {
                wanted.not_null
                    && !have.columns.contains_key(*column)
                    && self
                        .column(column)
                        .is_none_or(|c| c.refers_to().is_none() && c.filled.is_none())
            })
            .map(|(column, _)| column.as_str())
    }

    fn is_staging(&self) -> bool {
        self.table.schema == "staging"
    }
}

pub(super) async fn changes(
    there: &There<'_>,
    star: &Star,
    have: &Shape,
    want: &Shape,
    plan: &mut Plan,
) -> Result<()> {
    for column in have.columns.keys().filter(|column| !want.columns.contains_key(*column)) {
        gone(there, column, plan).await?;
    }
    for column in &there.table.columns {
        let Some(wanted) = want.columns.get(&column.name) else { continue };
        match have.columns.get(&column.name) {
            None => new(there, star, column, plan).await?,
            Some(had) if had != wanted => {
                changed(there, &column.name, had, wanted, plan).await?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}

async fn gone(there: &There<'_>, column: &str, plan: &mut Plan) -> Result<()> {
    let name = there.name;
    let values = rows::count_values(there.client, name, column).await?;
    let views = rows::views_of(there.client, name, Some(column)).await?;
    let what = format!("drop column {name}.{column}");
    let sql = format!("alter table {name} drop column {} cascade", ident(column));
    if there.is_staging() && values == 0 && views.is_empty() {
        plan.add(Action::Drop, what, sql);
    } else {
        plan.destroy(Action::Drop, what, format!("its {values} values{views}"), sql);
    }
    Ok(())
}

async fn new(there: &There<'_>, star: &Star, column: &Column, plan: &mut Plan) -> Result<()> {
    let name = there.name;
    let what = format!("add column {name}.{}", column.name);
    let count = rows::count(there.client, name).await?;
    let mut sql = format!("alter table {name} add column {}", column.definition());
    if count == 0 {
        plan.add(Action::Add, what, sql);
        return Ok(());
    }
    if column.not_null && column.filled.is_none() {
        let unknown = unknown_member(column.refers_to().unwrap_or_default());
        // Without a rewrite: Postgres keeps such a default beside the table.
        sql.push_str(&format!(
            " default {unknown};\nalter table {name} alter column {} drop default",
            ident(&column.name)
        ));
        if unknown != UNKNOWN_MEMBER {
            sql.push_str(&format!(
                ";\ninsert into {DATES} (date_key) values ({unknown}) on conflict do nothing"
            ));
        }
        plan.notes.push(format!(
            "the {count} rows of {name} that are there refer to the unknown member in {}",
            column.name
        ));
    } else if !there.is_staging() {
        plan.notes
            .push(format!("{name}.{} is null in the {count} rows that are there", column.name));
    }
    plan.add(Action::Add, what, sql);
    if !there.is_staging() {
        note_replay(star, name, "fills them from the files", plan);
    }
    Ok(())
}

const DATES: &str = "star.dim_date";
const UNKNOWN_MEMBER: &str = "-1";

/// The key of what stands for "not known".
fn unknown_member(dimension: &str) -> &'static str {
    if dimension == DATES { "'0001-01-01'" } else { UNKNOWN_MEMBER }
}

async fn changed(
    there: &There<'_>,
    column: &str,
    had: &ColumnShape,
    wanted: &ColumnShape,
    plan: &mut Plan,
) -> Result<()> {
    let (name, id) = (there.name, ident(column));
    if (&had.sql_type, &had.collation) != (&wanted.sql_type, &wanted.collation) {
        let (from, to) = (had.type_with_collation(), wanted.type_with_collation());
        let what = format!("change {name}.{column} from {from} to {to}");
        let sql = format!(
            "alter table {name} alter column {id} type {to} using {id}::{}",
            wanted.sql_type
        );
        // Views that use a column do not let its type change.
        let sql = format!(
            "reset role;\nselect stardrop.save_and_drop_views('{name}');\nset role stardrop_owner;\n{sql};
reset role;\nselect stardrop.restore_views();\nset role stardrop_owner"
        );
        let types = SqlType::parse(&had.sql_type).zip(SqlType::parse(&wanted.sql_type));
        let widens = types.is_some_and(|(from, to)| from.widens_to(to));
        if had.sql_type == wanted.sql_type || widens {
            plan.add(Action::Alter, what, sql);
            if types.is_none_or(|(from, to)| from.rewrites_to(to)) && !there.is_staging() {
                plan.notes.push(format!("{name} is rewritten for that, and loads wait meanwhile"));
            }
        } else {
            narrowed(there, column, had, wanted, what, sql, plan).await?;
        }
    }
    if had.not_null && !wanted.not_null {
        let what = format!("let {name}.{column} be null");
        plan.add(
            Action::Alter,
            what,
            format!("alter table {name} alter column {id} drop not null"),
        );
    }
    if !had.not_null && wanted.not_null {
        let condition = format!("{} is null", there.old(column));
        let nulls = rows::count_where(there.client, name, &condition).await?;
        let what = format!("let {name}.{column} not be null");
        let sql = format!("alter table {name} alter column {id} set not null");
        if nulls == 0 {
            plan.add(Action::Alter, what, sql);
        } else {
            let lost = format!("its {nulls} rows without a value");
            let sql = format!("delete from {name} where {id} is null;\n{sql}");
            plan.destroy(Action::Alter, what, lost, sql);
        }
    }
    Ok(())
}

/// A type that does not hold every value of the old one.
async fn narrowed(
    there: &There<'_>,
    column: &str,
    had: &ColumnShape,
    wanted: &ColumnShape,
    what: String,
    sql: String,
    plan: &mut Plan,
) -> Result<()> {
    let (client, name) = (there.client, there.name);
    let to_nothing =
        sql.replace(&format!("using {}::{}", ident(column), wanted.sql_type), "using null");
    let old = there.old_name(column);
    let values = rows::count_values(client, name, old).await?;
    if there.is_staging() && values == 0 {
        // Nothing to convert: Postgres would ask whether the types can be cast at all.
        plan.add(Action::Alter, what, to_nothing);
        return Ok(());
    }
    match rows::count_changed(client, name, old, &had.sql_type, &wanted.sql_type).await? {
        Some(changed) => {
            let lost = format!("the exact value in {changed} of {values} rows that have one");
            plan.destroy(Action::Alter, what, lost, sql);
        }
        None => {
            let lost = format!("all its {values} values: some are none of the new type");
            plan.destroy(Action::Alter, what, lost, to_nothing);
        }
    }
    Ok(())
}

/// Says how the datasets that bring rows to a table bring them again.
pub(super) fn note_replay(star: &Star, table: &str, to_what_end: &str, plan: &mut Plan) {
    for dataset in star.datasets.iter().filter(|d| d.tables.iter().any(|name| name == table)) {
        let note = format!("stardrop replay --dataset {} {to_what_end}", dataset.name);
        if !plan.notes.contains(&note) {
            plan.notes.push(note);
        }
    }
}
