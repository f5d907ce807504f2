//! MySQL and MariaDB: reads tables by the text protocol, whose values are written to CSV as the server sends them.

mod catalog;
mod column_type;
mod connect;
mod error;
mod result_columns;

use jiff::civil::DateTime;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Value};
use tokio::sync::mpsc::Sender;

use self::connect::{log_in, open};
use self::error::server_error;
use super::pieces::Pieces;
use super::{BoxedResult, Copied, Driver, Piece, Select, Session, extract_error, inner_query};
use crate::error::{ErrorKind, Result};
use crate::extract::csv::{self, RowWriter, ZeroDate};
use crate::extract::mark::Clock;
use crate::extract::table::{DataType, Table, TableName};

/// MySQL from 5.7 on, and MariaDB.
pub(super) const DRIVER: Driver = Driver {
    schemes: &["mysql", "mariadb"],
    connect: |url, login, settings| {
        Box::pin(async move {
            let mut address = settings.mysql_source(url)?;
            log_in(&mut address, login).await?;
            let connection = open(&address).await?;
            let name = format!("mysql://{}:{}", address.host, address.port);
            Ok(Box::new(Mysql { connection, name, database: address.database }) as Box<dyn Session>)
        })
    },
};

struct Mysql {
    connection: Conn,
    name: String,
    database: Option<String>,
}

impl Session for Mysql {
    fn address(&self) -> String {
        self.name.clone()
    }

    fn tables<'a>(&'a mut self, pattern: &'a str) -> BoxedResult<'a, Vec<TableName>> {
        let database = self.database.clone();
        Box::pin(catalog::tables(&mut self.connection, database, pattern))
    }

    fn describe<'a>(&'a mut self, table: &'a str) -> BoxedResult<'a, Table> {
        let database = self.database.clone();
        Box::pin(catalog::describe(&mut self.connection, database, table))
    }

    fn describe_query<'a>(&'a mut self, name: &'a str, sql: &'a str) -> BoxedResult<'a, Table> {
        Box::pin(async move {
            // Of one row of nulls or values that is not there: the server plans the query, and does not run it.
            let sql = format!("select * from (\n{}\n) query limit 0", inner_query(sql));
            let result =
                self.connection.query_iter(sql).await.map_err(|e| server_error(e, name))?;
            let columns = result.columns_ref().iter().map(result_columns::described).collect();
            let _ = result.drop_result().await;
            let schema = self.database.clone().unwrap_or_default();
            let name = TableName { schema, name: name.to_owned() };
            Ok(Table { name, columns, key: Vec::new(), references: Vec::new() })
        })
    }

    fn begin(&mut self) -> BoxedResult<'_, Clock> {
        Box::pin(async move {
            let of = "the clock";
            // Programs write times without a zone in that of the server, which is where a session starts.
            self.run("set time_zone = @@global.time_zone").await?;
            let local: Option<String> = self
                .connection
                .query_first("select date_format(now(), '%Y-%m-%dT%H:%i:%s')")
                .await
                .map_err(|error| server_error(error, of))?;
            self.run("set time_zone = '+00:00'").await?;
            let utc: Option<String> = self
                .connection
                .query_first("select date_format(utc_timestamp(), '%Y-%m-%dT%H:%i:%s')")
                .await
                .map_err(|error| server_error(error, of))?;
            self.run("set session transaction isolation level repeatable read").await?;
            self.run("start transaction with consistent snapshot, read only").await?;
            let read = |text: Option<String>| text.and_then(|text| text.parse::<DateTime>().ok());
            match (read(utc), read(local)) {
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

impl Mysql {
    async fn run(&mut self, sql: &str) -> Result<()> {
        self.connection.query_drop(sql).await.map_err(|error| server_error(error, "the session"))
    }

    async fn copy_rows(&mut self, select: Select<'_>, out: &Sender<Piece>) -> Result<Copied> {
        let name = select.table.name.to_string();
        let failed = |error| server_error(error, &name);
        let mut result = self.connection.query_iter(sql_of(&select)).await.map_err(failed)?;
        let columns = result.columns().unwrap_or_default();
        let names: Vec<String> =
            columns.iter().map(|column| column.name_str().into_owned()).collect();
        let shapes = columns.iter().map(result_columns::shape).collect();
        let header = csv::header(names.iter().map(String::as_str));

        let mut pieces = Pieces::begin(out, header).await?;
        let mut writer = RowWriter::new(shapes, select.zero_dates);
        while let Some(row) = result.next().await.map_err(failed)? {
            let field = |index| match row.as_ref(index) {
                Some(Value::Bytes(value)) => Some(value.as_slice()),
                _ => None,
            };
            if let Err(ZeroDate(index)) = writer.push_row(pieces.buffer(), field) {
                let column = names.get(index).map_or("", String::as_str);
                let message = format!("{name}: column {column} has a zero date, which is no date");
                return Err(extract_error(ErrorKind::SourceValue, message));
            }
            pieces.row_written().await?;
        }
        pieces.end().await?;
        Ok(Copied { zero_dates: writer.zero_count })
    }
}

/// The statement that reads the rows.
fn sql_of(select: &Select<'_>) -> String {
    let columns: Vec<String> = select
        .table
        .columns
        .iter()
        .map(|column| {
            let name = quoted(&column.name);
            // The text of a float has six digits; that of the same number as a double has all of them.
            if column.data_type == DataType::Real && select.query.is_none() {
                format!("{name} + 0e0 as {name}")
            } else {
                name
            }
        })
        .collect();
    format!("select {} from {}", columns.join(", "), select.from(quoted))
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::csv::ZeroDates;
    use crate::extract::mark::Mark;
    use crate::extract::source::Range;
    use crate::extract::table::Column;

    #[test]
    fn the_statement_names_its_columns_and_its_window() {
        let column = |name: &str, data_type| Column {
            name: name.to_owned(),
            data_type,
            declared: String::new(),
            may_be_null: true,
            remark: None,
        };
        let table = Table {
            name: TableName { schema: "shop".to_owned(), name: "or`ders".to_owned() },
            columns: vec![
                column("id", DataType::BigInt),
                column("ratio", DataType::Real),
                column("updated", DataType::TimestampTz),
            ],
            key: Vec::new(),
            references: Vec::new(),
        };
        let until = Mark::parse("2026-11-28T04:00:00").unwrap();
        let range = Range { column: &table.columns[2], from: None, until };
        let select = Select {
            table: &table,
            query: None,
            range: Some(range),
            zero_dates: ZeroDates::default(),
        };
        assert_eq!(
            sql_of(&select),
            "select `id`, `ratio` + 0e0 as `ratio`, `updated` from `shop`.`or``ders` \
             where (`updated` < '2026-11-28 04:00:00' or `updated` is null)"
        );
        let later = Range { from: Some(until), ..range };
        let select = Select { query: Some("select 1;\n"), range: Some(later), ..select };
        assert_eq!(
            sql_of(&select),
            "select `id`, `ratio`, `updated` from (\nselect 1\n) query \
             where `updated` >= '2026-11-28 04:00:00' and `updated` < '2026-11-28 04:00:00'"
        );
    }
}
