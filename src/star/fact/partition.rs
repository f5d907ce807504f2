//! Partition: a fact that is split into a table for each month. The SQL that makes the months of a batch, and that
//! finds rows in them.
//!
//! Postgres estimates the cost of looking a row up as if it looked in every month, and rather reads all of them. So
//! rows are looked up in a subquery that it cannot turn into a join: for each row it then looks in the month of that
//! row alone. Months before the batch's first row and after its last are neither planned nor locked.

use super::{FactContext, columns, date_key, name};
use crate::star::ident::{equal, ident, list, literal};
use crate::star::month;
use crate::types::SqlType;

impl FactContext<'_> {
    /// The column by which the fact is split.
    pub(super) fn split_by(&self) -> Option<&str> {
        self.fact.partition.as_ref().map(|partition| partition.column.as_str())
    }

    /// The first and the last time in the batch, as variables.
    fn span(&self) -> [String; 2] {
        ["since", "until"].map(|word| format!("{word}_{}", self.fact.name))
    }
}

/// The condition that a row may have happened between two times, so that Postgres only looks in their months. It is
/// wider by two days, because a day or a time without a zone may be that of any zone. Empty where the time of a row's
/// month is not that of its event.
pub(super) fn in_time(context: FactContext<'_>, since: &str, until: &str) -> String {
    let Some(partition) = &context.fact.partition else { return String::new() };
    if context.fact.happened() != Some(partition.source.as_str()) {
        return String::new();
    }
    let sql_type = sql_type(context);
    let time = |time: &str| match sql_type == SqlType::Timestamptz.to_string() {
        true => time.to_owned(),
        false => format!("(({time}) at time zone 'UTC')::{sql_type}"),
    };
    format!(
        "              and fact.{column} between {} and {}\n",
        time(&format!("{since} - interval '2 days'")),
        time(&format!("{until} + interval '2 days'")),
        column = ident(&partition.column)
    )
}

/// The type of the column by which the fact is split.
fn sql_type(context: FactContext<'_>) -> String {
    let mut filled = columns::filled(context).into_iter();
    let split = filled.find(|filled| context.split_by() == Some(filled.column.name.as_str()));
    split.map_or_else(String::new, |filled| filled.column.sql_type)
}

/// The variables of [`step`].
pub(in crate::star) fn variables(context: FactContext<'_>) -> String {
    if context.split_by().is_none() {
        return String::new();
    }
    let sql_type = sql_type(context);
    let [since, until] = context.span();
    format!(
        "    {since} {sql_type};\n    {until} {sql_type};\n    months_{} date[];\n",
        context.fact.name
    )
}

/// The statements that add the months of a batch which facts do not have yet; `None` where no fact is split.
pub(in crate::star) fn step(facts: &[FactContext<'_>]) -> Option<String> {
    let split: Vec<&FactContext<'_>> = facts.iter().filter(|f| f.split_by().is_some()).collect();
    if split.is_empty() {
        return None;
    }
    let scans: String = split.iter().map(|context| scan(**context)).collect();
    let months: Vec<String> = split
        .iter()
        .map(|context| {
            let table = format!("star.{}", ident(&name(&context.fact.name)));
            format!("{}, months_{}", literal(&table), context.fact.name)
        })
        .collect();
    Some(format!(
        "    -- Months that the facts do not have yet, before any row of the star is locked.
{scans}    perform stardrop.add_months(jsonb_build_object({}));
",
        months.join(", ")
    ))
}

fn scan(context: FactContext<'_>) -> String {
    let [since, until] = context.span();
    let column = context.split_by().unwrap_or_default();
    let time =
        date_key(context, column, "batch").unwrap_or_else(|| format!("batch.{}", ident(column)));
    format!(
        "    execute $sql$
        select min(month.oldest), max(month.newest), array_agg(month.month) filter (where month.month is not null)
        from (
            select min({time}) as oldest, max({time}) as newest,
                   {month} as month
            from batch
            group by 3
        ) month
    $sql$ into {since}, {until}, months_{fact};
",
        month = month::of(&time),
        fact = context.fact.name,
    )
}

/// The condition that rows are within the batch's time, whose ends are the parameters from `first` on.
pub(super) fn in_span(context: FactContext<'_>, alias: &str, first: usize) -> String {
    context.split_by().map_or_else(String::new, |column| {
        format!(" and {alias}.{} between ${first} and ${}", ident(column), first + 1)
    })
}

/// Those parameters, each after a comma.
pub(super) fn parameters(context: FactContext<'_>) -> String {
    match context.split_by() {
        Some(_) => context.span().map(|variable| format!(", {variable}")).concat(),
        None => String::new(),
    }
}

/// `join star.fact_x <alias> on ..`: the rows of the fact that have the grain of `row`.
pub(super) fn join(
    context: FactContext<'_>,
    join: &str,
    alias: &str,
    row: &str,
    grain: &[String],
    first: usize,
) -> String {
    let table = format!("star.{}", ident(&name(&context.fact.name)));
    let same_grain = equal(alias, row, grain);
    if context.split_by().is_none() {
        return format!("{join} {table} {alias} on {same_grain}");
    }
    format!(
        "{join} lateral (
        select * from {table} {alias} where {same_grain}{} offset 0
    ) {alias} on true",
        in_span(context, alias, first)
    )
}

/// The condition that the fact has no row of the grain of `row`.
pub(super) fn absent(
    context: FactContext<'_>,
    row: &str,
    grain: &[String],
    first: usize,
) -> String {
    let one_by_one = if context.split_by().is_some() { " offset 0" } else { "" };
    format!(
        "not exists (select from star.{table} fact where {same_grain}{in_span}{one_by_one})",
        table = ident(&name(&context.fact.name)),
        same_grain = equal("fact", row, grain),
        in_span = in_span(context, "fact", first),
    )
}

/// The rows `rows` of an earlier part of the statement, to join with the fact. Of an array that a subquery makes,
/// Postgres does not know the length and expects it to be short: so it looks each row up.
pub(super) fn few<S: AsRef<str>>(context: FactContext<'_>, rows: &str, columns: &[S]) -> String {
    if context.split_by().is_none() {
        return rows.to_owned();
    }
    let arrays: Vec<String> = columns
        .iter()
        .map(|column| format!("(select array_agg({rows}.{}) from {rows})", ident(column.as_ref())))
        .collect();
    format!("unnest({}) {rows} ({})", arrays.join(", "), list(columns))
}
