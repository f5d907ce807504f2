//! Source: a database that tables are read from. A kind of database is a file or folder here, and a line in [`DRIVERS`].

mod mysql;
mod pieces;
mod postgres;

use std::future::Future;
use std::pin::Pin;

use tokio::sync::mpsc::Sender;

use super::csv::ZeroDates;
use super::extract_error;
use super::job::Login;
use super::mark::{Clock, Mark};
use super::table::{Column, Table, TableName};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::Settings;

pub(super) use pieces::Piece;

/// Every kind of database.
pub const DRIVERS: &[Driver] = &[mysql::DRIVER, postgres::DRIVER];

/// A kind of database.
pub struct Driver {
    /// What its URLs begin with, before `://`.
    pub schemes: &'static [&'static str],
    /// Opens a session with the database of a URL.
    pub(super) connect:
        for<'a> fn(&'a str, &'a Login, &'a Settings) -> BoxedResult<'a, Box<dyn Session>>,
}

/// What a method of [`Session`] returns.
pub(super) type BoxedResult<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A session with a source. One snapshot serves all tables of a run.
pub(super) trait Session: Send {
    /// The source without user and password, such as `mysql://host:3306`, for states.
    fn address(&self) -> String;

    /// The tables that fit a pattern such as `shop.*`, without views, by name.
    fn tables<'a>(&'a mut self, pattern: &'a str) -> BoxedResult<'a, Vec<TableName>>;

    /// Describes a table, given as `orders` or `shop.orders`.
    ///
    /// Its errors are of kind [`ErrorKind::BadSource`]: there is no such table, or it is a view.
    fn describe<'a>(&'a mut self, table: &'a str) -> BoxedResult<'a, Table>;

    /// The columns of a query, without keys.
    fn describe_query<'a>(&'a mut self, name: &'a str, sql: &'a str) -> BoxedResult<'a, Table>;

    /// Reads the clock, then starts the snapshot. In this order: what is committed in between is then in the snapshot, and
    /// before the mark or not.
    fn begin(&mut self) -> BoxedResult<'_, Clock>;

    /// Sends the rows as CSV, in pieces of whole rows.
    fn copy<'a>(
        &'a mut self,
        select: Select<'a>,
        out: &'a Sender<Piece>,
    ) -> BoxedResult<'a, Copied>;
}

/// Which rows to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Select<'a> {
    pub table: &'a Table,
    /// The query that the rows come from, instead of the table.
    pub query: Option<&'a str>,
    pub range: Option<Range<'a>>,
    pub zero_dates: ZeroDates,
}

impl Select<'_> {
    /// What follows `from` in the statement that reads the rows, given how the source quotes a name.
    fn from(&self, quoted: fn(&str) -> String) -> String {
        let TableName { schema, name } = &self.table.name;
        let from = match self.query {
            Some(query) => format!("(\n{}\n) query", inner_query(query)),
            // In Postgres not `only`: the rows of partitions belong to the table.
            None => format!("{}.{}", quoted(schema), quoted(name)),
        };
        let condition = self.range.map(|range| range.condition(&quoted(&range.column.name)));
        from + &condition.map_or_else(String::new, |condition| format!(" where {condition}"))
    }
}

/// The rows of a window. Without a lower limit, rows without a value belong to it, too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range<'a> {
    pub column: &'a Column,
    pub from: Option<Mark>,
    pub until: Mark,
}

impl Range<'_> {
    /// The condition in SQL, given the column as the source quotes it.
    fn condition(&self, column: &str) -> String {
        let until = self.until.sql();
        match self.from {
            Some(from) => format!("{column} >= '{}' and {column} < '{until}'", from.sql()),
            None => format!("({column} < '{until}' or {column} is null)"),
        }
    }
}

/// What a copy found.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Copied {
    /// Zero dates that became null.
    pub zero_dates: u64,
}

/// Opens a session with the database of a URL.
///
/// # Errors
///
/// [`ErrorKind::BadSetting`] for a URL of no kind in [`DRIVERS`]; [`ErrorKind::NoSource`], [`ErrorKind::SourceDenied`].
pub(super) async fn connect(
    url: &str,
    login: &Login,
    settings: &Settings,
) -> Result<Box<dyn Session>> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    let driver =
        DRIVERS.iter().find(|driver| scheme.is_some_and(|scheme| driver.schemes.contains(&scheme)));
    let Some(driver) = driver else {
        let known: Vec<String> = DRIVERS
            .iter()
            .flat_map(|driver| driver.schemes)
            .map(|scheme| format!("{scheme}://"))
            .collect();
        // Without the URL, which may hold a password.
        return Err(extract_error(
            ErrorKind::BadSetting,
            format!("the source must be a URL that begins with one of {}", known.join(", ")),
        ));
    };
    (driver.connect)(url, login, settings).await.map_err(of_source)
}

/// The error of connecting to a source: the same message, with the advice for a source.
fn of_source(mut error: Error) -> Error {
    error.kind = match error.kind {
        ErrorKind::NoDatabase | ErrorKind::DatabaseLost => ErrorKind::NoSource,
        ErrorKind::DatabaseDenied => ErrorKind::SourceDenied,
        kind => kind,
    };
    error.stage = Stage::Extract;
    error
}

/// The error of a copy whose rows nobody takes any more.
pub(super) fn interrupted() -> Error {
    extract_error(ErrorKind::SourceLost, "the extract was interrupted")
}

/// Splits `shop.orders`; the schema is optional.
fn split_name(text: &str) -> (Option<&str>, &str) {
    match text.split_once('.') {
        Some((schema, name)) => (Some(schema), name),
        None => (None, text),
    }
}

/// A pattern with `*` and `?` as one of SQL's `like`, with `|` as its escape character.
fn like_pattern(pattern: &str) -> String {
    let mut like = String::new();
    for c in pattern.chars() {
        match c {
            '*' => like.push('%'),
            '?' => like.push('_'),
            '%' | '_' | '|' => like.extend(['|', c]),
            _ => like.push(c),
        }
    }
    like
}

/// A query without the semicolon at its end and what follows it, to be put in parentheses. If another statement follows,
/// all of it, which the server refuses.
fn inner_query(sql: &str) -> &str {
    let (mut end, mut has_more) = (None, false);
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let at = sql.len() - rest.len();
        let length = match c {
            '\'' | '"' | '`' => {
                rest.get(1..).unwrap_or_default().find(c).map_or(rest.len(), |close| close + 2)
            }
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |close| close + 2),
            c => c.len_utf8(),
        };
        let is_comment = rest.starts_with("--") || rest.starts_with("/*");
        if c == ';' {
            end.get_or_insert(at);
        } else if end.is_some() && !is_comment && !c.is_whitespace() {
            has_more = true;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    match end {
        Some(end) if !has_more => sql.get(..end).unwrap_or(sql),
        _ => sql,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_those_of_sql() {
        assert_eq!(like_pattern("order_*"), "order|_%");
        assert_eq!(like_pattern("a?b%|"), "a_b|%||");
        assert_eq!(split_name("shop.orders"), (Some("shop"), "orders"));
        assert_eq!(split_name("orders"), (None, "orders"));
        assert_eq!(inner_query("select 1;\n ; -- so"), "select 1");
        assert_eq!(
            inner_query("select ';' /* ; */ -- ;\n as x; /* y */"),
            "select ';' /* ; */ -- ;\n as x"
        );
        assert_eq!(inner_query("select 1; drop table x"), "select 1; drop table x");
        assert_eq!(inner_query("select 'é"), "select 'é");
    }
}
