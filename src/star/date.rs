//! Date: the calendar, `dim_date`, filled for the dates that occur.

use super::counts;
use super::ident::ident;
use super::table::{Column, Table};
use crate::dataset::{Dataset, DateUse};

pub(super) const NAME: &str = "dim_date";

/// The date of rows that have none.
pub(super) const UNKNOWN: &str = "date '0001-01-01'";

/// `dim_date`: the date itself is the key, so that a fact can be cut by date without a join. All
/// else is derived from it by Postgres.
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
                .comment("The date itself; 0001-01-01 stands for a date that is not known."),
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
        comment: "The calendar: one row for every date that occurs in a fact.".to_owned(),
    }
}

/// The date that a fact's row gets: by UTC where the column is a timestamptz.
pub(super) fn key(dataset: &Dataset, date: &DateUse, row: &str) -> String {
    let column = format!("{row}.{}", ident(&date.source));
    let sql_type = dataset.column(&date.source).map(|column| column.column_type.sql());
    let day = match sql_type.as_deref() {
        Some("date") => column,
        Some("timestamptz") => format!("({column} at time zone 'UTC')::date"),
        _ => format!("{column}::date"),
    };
    format!("coalesce({day}, {UNKNOWN})")
}

/// The statement that brings the dates of a batch, for all facts and roles at once, in order.
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
        keys.iter().map(|key| format!("            select {key} as date_key from batch")).collect();
    Some(format!(
        "    -- The calendar gets the dates that it does not have yet.
    execute $sql$
        with occurring as (
{dates}
        ), written as (
            insert into star.dim_date (date_key)
            select occurring.date_key
            from occurring
            where not exists (
                select from star.dim_date known where known.date_key = occurring.date_key
            )
            group by occurring.date_key
            order by occurring.date_key
            on conflict (date_key) do nothing
            returning true as is_new$, false as is_changed$
        )
        {count}
    $sql$ into inserted, updated;
{note}",
        dates = dates.join("\n            union all\n"),
        count = counts::from_written(""),
        note = counts::note_inserted_only("star.dim_date"),
    ))
}
