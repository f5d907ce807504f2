//! Month: the SQL about the months into which a table is split.
//!
//! Each month in which a row occurs has a table of its own. Dates that are far away, by mistake or because there is
//! none, must not make many tables: all before [`FIRST`] are in one, and all from [`LAST`] on in another. There is no
//! default partition: to add a month next to one, Postgres waits for all who read it.

use super::ident::ident;

/// The first day that has a month of its own.
const FIRST: &str = "1970-01-01";

/// The first day after all months.
const LAST: &str = "2100-01-01";

/// The statements that create the tables for dates that are far away.
pub(super) fn ends(name: &str, parent: &str) -> String {
    format!(
        "create table star.{before} partition of {parent} for values from (minvalue) to ('{FIRST}');
create table star.{after} partition of {parent} for values from ('{LAST}') to (maxvalue);
",
        before = ident(&format!("{name}_before_1970")),
        after = ident(&format!("{name}_from_2100")),
    )
}

/// The first day of the month of a date or time, in UTC; null where it is far away.
pub(crate) fn of(time: &str) -> String {
    format!(
        "case when {time} >= '{FIRST}' and {time} < '{LAST}' then date_trunc('month', {time})::date end"
    )
}
