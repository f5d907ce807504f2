//! Date: the calendar table `dim_date`, and the SQL step that adds a batch's dates to it.

use super::counts;
use super::ident::{ident, indented, literal};
use super::table::{Column, Table};
use super::turn;
use crate::dataset::{Dataset, DateRef};
use crate::types::SqlType;

pub(super) const NAME: &str = "dim_date";

/// The key of a row whose date is null.
pub(super) const UNKNOWN: &str = "date '0001-01-01'";

/// `dim_date`. The date itself is the key, so that a fact can be filtered by date without a join. The
/// other columns are generated from it.
pub(super) fn table() -> Table {
    let derived = |name: &str, sql_type: &str, expression: &str| {
        Column::new(name, sql_type)
            .not_null(true)
            .filled(format!("generated always as ({expression}) stored"))
    };
    let part = |name: &str, field: &str| {
        derived(name, "smallint", &format!("extract({field} from date_key)::smallint"))
    };
    let name_of = |name: &str, field: &str, names: &[&str]| {
        let cases: Vec<String> =
            names.iter().enumerate().map(|(i, n)| format!("when {} then '{n}'", i + 1)).collect();
        derived(
            name,
            "text",
            &format!("case extract({field} from date_key) {} end", cases.join(" ")),
        )
    };
    Table {
        schema: "star",
        name: NAME.to_owned(),
        unlogged: false,
        columns: vec![
            Column::new("date_key", "date")
                .not_null(true)
                .comment("The date itself; 0001-01-01 is the unknown date."),
            part("year", "year"),
            part("quarter", "quarter"),
            part("month", "month"),
            name_of(
                "month_name",
                "month",
                &[
                    "January",
                    "February",
                    "March",
                    "April",
                    "May",
                    "June",
                    "July",
                    "August",
                    "September",
                    "October",
                    "November",
                    "December",
                ],
            ),
            part("day", "day"),
            part("iso_year", "isoyear").comment("The year that the ISO 8601 week belongs to."),
            part("iso_week", "week").comment("The ISO 8601 week, from 1."),
            part("weekday", "isodow").comment("Monday is 1, Sunday is 7."),
            name_of(
                "weekday_name",
                "isodow",
                &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
            ),
            derived("is_weekend", "boolean", "extract(isodow from date_key) >= 6"),
        ],
        constraints: vec![("dim_date_pkey".to_owned(), "primary key (date_key)".to_owned())],
        indexes: Vec::new(),
        spare_percent: 0,
        comment: "The calendar: one row for each date in a fact.".to_owned(),
    }
}

/// The date key of a fact's row; a timestamptz gives its date in the column's time zone, else in UTC.
pub(super) fn key(dataset: &Dataset, date: &DateRef, row: &str) -> String {
    let column = format!("{row}.{}", ident(&date.source));
    let source = dataset.column(&date.source);
    let day = match source.map(|source| source.column_type.sql_type()) {
        Some(SqlType::Date) => column,
        Some(SqlType::Timestamptz) => {
            let zone = source.and_then(|source| source.options.time_zone.as_deref());
            format!("({column} at time zone {})::date", literal(zone.unwrap_or("UTC")))
        }
        _ => format!("{column}::date"),
    };
    format!("coalesce({day}, {UNKNOWN})")
}

/// The statement that inserts the dates of a batch, for all facts and roles at once, in order.
pub(super) fn step(dataset: &Dataset) -> Option<String> {
    let mut keys: Vec<String> = dataset
        .facts
        .iter()
        .flat_map(|fact| &fact.dates)
        .map(|date| key(dataset, date, "batch"))
        .collect();
    keys.sort();
    keys.dedup();
    if keys.is_empty() {
        return None;
    }
    let dates: Vec<String> =
        keys.iter().map(|key| format!("select {key} as date_key from batch")).collect();
    let dates = dates.join("\nunion all\n");
    let query = format!(
        "with incoming as (
{dates}
), upserted as (
    insert into star.dim_date (date_key)
    select incoming.date_key
    from incoming
    where {is_new}
    group by incoming.date_key
    order by incoming.date_key
    on conflict (date_key) do nothing
    returning true as is_new$, false as is_changed$
)
{count}",
        dates = indented(&dates, 4),
        is_new = IS_NEW,
        count = counts::from_upserted(""),
    );
    let is_any_new = format!(
        "select count(*) > 0
from (
{}
) incoming
where {IS_NEW}",
        indented(&dates, 4)
    );
    Some(format!(
        "    -- Dates that the calendar does not have yet.
{insert}{counts}",
        insert = turn::insert(&is_any_new, &query, "inserted, updated", ""),
        counts = counts::add_inserted("star.dim_date"),
    ))
}

const IS_NEW: &str = "not exists (
        select from star.dim_date existing where existing.date_key = incoming.date_key
    )";
