//! Postgres: reads tables by `copy .. to stdout`, whose CSV is passed on as the server sends it.

mod catalog;
mod column_type;
mod error;

use std::pin::pin;

use futures_util::StreamExt;
use jiff::civil::DateTime;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, SimpleQueryMessage};

use self::column_type::is_quoted;
use self::error::source_error;
use super::pieces::Pieces;
use super::{BoxedResult, Copied, Driver, Piece, Select, Session, extract_error, inner_query};
use crate::db;
use crate::error::{ErrorKind, Result};
use crate::extract::csv;
use crate::extract::mark::Clock;
use crate::extract::table::{Table, TableName};

/// Postgres.
pub(super) const DRIVER: Driver = Driver {
    schemes: &["postgres", "postgresql"],
    connect: |url, login, settings| {
        Box::pin(async move {
            let database = settings.postgres_source(url, login.auth())?;
            let (client, connection) = db::connect_to_source(&database).await?;
            let name = format!(
                "postgres://{}/{}",
                database.address(),
                database.config.get_dbname().unwrap_or_default()
            );
            Ok(Box::new(Postgres { client, connection, name }) as Box<dyn Session>)
        })
    },
};

/// All values as the contract reads them, whatever the database's settings are. A slow bucket may take its time.
const SESSION: &str = "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; \
                       set bytea_output = 'hex'; set extra_float_digits = 3; set client_encoding = 'UTF8'; \
                       set statement_timeout = 0; set idle_in_transaction_session_timeout = 0";

struct Postgres {
    client: Client,
    connection: JoinHandle<()>,
    name: String,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Session for Postgres {
    fn address(&self) -> String {
        self.name.clone()
    }

    fn tables<'a>(&'a mut self, pattern: &'a str) -> BoxedResult<'a, Vec<TableName>> {
        Box::pin(catalog::tables(&self.client, pattern))
    }

    fn describe<'a>(&'a mut self, table: &'a str) -> BoxedResult<'a, Table> {
        Box::pin(catalog::describe(&self.client, table))
    }

    fn describe_query<'a>(&'a mut self, name: &'a str, sql: &'a str) -> BoxedResult<'a, Table> {
        Box::pin(async move {
            let statement = self.client.prepare(inner_query(sql)).await;
            let statement = statement.map_err(|error| source_error(error, name))?;
            let columns = statement.columns().iter().map(column_type::described).collect();
            let name = TableName { schema: "public".to_owned(), name: name.to_owned() };
            Ok(Table { name, columns, key: Vec::new(), references: Vec::new() })
        })
    }

    fn begin(&mut self) -> BoxedResult<'_, Clock> {
        Box::pin(async move {
            let failed = |error| source_error(error, "the session");
            // Programs write times without a zone in that of the server, which is where a session starts.
            let clock = "select to_char(localtimestamp, 'YYYY-MM-DD\"T\"HH24:MI:SS'), \
                         to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')";
            let found = self.client.simple_query(clock).await.map_err(failed)?;
            self.client.batch_execute(SESSION).await.map_err(failed)?;
            let begin = "begin isolation level repeatable read, read only; select 1";
            self.client.batch_execute(begin).await.map_err(failed)?;
            let read = |index| {
                found.iter().find_map(|message| match message {
                    SimpleQueryMessage::Row(row) => row.get(index)?.parse::<DateTime>().ok(),
                    _ => None,
                })
            };
            match (read(1), read(0)) {
                (Some(utc), Some(local)) => Ok(Clock { utc, local }),
                _ => Err(extract_error(ErrorKind::BadSource, "the server does not say its time")),
            }
        })
    }

    fn copy<'a>(
        &'a mut self,
        select: Select<'a>,
        out: &'a Sender<Piece>,
    ) -> BoxedResult<'a, Copied> {
        Box::pin(self.copy_rows(select, out))
    }
}

impl Postgres {
    async fn copy_rows(&mut self, select: Select<'_>, out: &Sender<Piece>) -> Result<Copied> {
        let name = select.table.name.to_string();
        let failed = |error| source_error(error, &name);
        let columns = &select.table.columns;
        let header = csv::header(columns.iter().map(|column| column.name.as_str()));
        let mut pieces = Pieces::begin(out, header).await?;
        let mut stream = pin!(self.client.copy_out(&sql_of(&select)).await.map_err(failed)?);
        // The server sends a message for each row.
        while let Some(message) = stream.next().await {
            pieces.buffer().extend_from_slice(&message.map_err(failed)?);
            pieces.row_written().await?;
        }
        pieces.end().await?;
        Ok(Copied::default())
    }
}

/// The statement that reads the rows. Texts are quoted always: an empty one, and the word NULL, are no nulls.
fn sql_of(select: &Select<'_>) -> String {
    let columns: Vec<String> =
        select.table.columns.iter().map(|column| quoted(&column.name)).collect();
    let texts: Vec<String> = select
        .table
        .columns
        .iter()
        .filter(|column| is_quoted(column.data_type))
        .map(|column| quoted(&column.name))
        .collect();
    let force_quote = match texts.is_empty() {
        true => String::new(),
        false => format!(", force_quote ({})", texts.join(", ")),
    };
    format!(
        "copy (select {} from {}) to stdout (format csv{force_quote})",
        columns.join(", "),
        select.from(quoted)
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::csv::ZeroDates;
    use crate::extract::mark::Mark;
    use crate::extract::source::Range;
    use crate::extract::table::{Column, DataType};

    #[test]
    fn the_statement_quotes_texts_and_nothing_else() {
        let column = |name: &str, data_type| Column {
            name: name.to_owned(),
            data_type,
            declared: String::new(),
            may_be_null: true,
            remark: None,
        };
        let table = Table {
            name: TableName { schema: "shop".to_owned(), name: "or\"ders".to_owned() },
            columns: vec![
                column("id", DataType::BigInt),
                column("Note", DataType::Text),
                column("updated", DataType::TimestampTz),
            ],
            key: Vec::new(),
            references: Vec::new(),
        };
        let until = Mark::parse("2026-11-28T04:00:00").unwrap();
        let select = Select {
            table: &table,
            query: None,
            range: Some(Range { column: &table.columns[2], from: Some(until), until }),
            zero_dates: ZeroDates::default(),
        };
        assert_eq!(
            sql_of(&select),
            "copy (select \"id\", \"Note\", \"updated\" from \"shop\".\"or\"\"ders\" \
             where \"updated\" >= '2026-11-28 04:00:00' and \"updated\" < '2026-11-28 04:00:00') \
             to stdout (format csv, force_quote (\"Note\"))"
        );
    }
}
