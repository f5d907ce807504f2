//! Catalog: asks MySQL's information schema for tables, their columns and their keys.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::super::{extract_error, like_pattern, split_name};
use super::column_type::{Declared, contract_type};
use super::error::server_error;
use crate::error::{ErrorKind, Result};
use crate::extract::table::{Column, DataType, Reference, Table, TableName};

/// Name, type, type with its options, whether it may be null, precision and scale.
type ColumnRow = (String, String, String, String, Option<u32>, Option<u32>);

/// The tables that fit a pattern, without views.
pub(super) async fn tables(
    connection: &mut Conn,
    database: Option<String>,
    pattern: &str,
) -> Result<Vec<TableName>> {
    let (schema, name) = split_name(pattern);
    let schema = match (schema, database) {
        (Some(schema), _) => like_pattern(schema),
        (None, Some(database)) => like_pattern(&database),
        (None, None) => return Err(no_schema(pattern)),
    };
    let found: Vec<(String, String)> = connection
        .exec(
            "select table_schema, table_name from information_schema.tables \
             where table_type in ('BASE TABLE', 'SYSTEM VERSIONED') and table_schema like ? escape '|' and table_name like ? escape '|' \
               and table_schema not in ('mysql', 'sys', 'information_schema', 'performance_schema') \
             order by table_schema, table_name",
            (schema, like_pattern(name)),
        )
        .await
        .map_err(|error| server_error(error, pattern))?;
    Ok(found.into_iter().map(|(schema, name)| TableName { schema, name }).collect())
}

/// Describes a table.
pub(super) async fn describe(
    connection: &mut Conn,
    database: Option<String>,
    table: &str,
) -> Result<Table> {
    let (schema, name) = split_name(table);
    let schema = schema.map(str::to_owned).or(database).ok_or_else(|| no_schema(table))?;
    let failed = |error| server_error(error, table);
    let kind: Option<(String, String)> = connection
        .exec_first(
            "select table_type, table_name from information_schema.tables \
             where table_schema = ? and table_name = ?",
            (&schema, name),
        )
        .await
        .map_err(failed)?;
    let bad = |message: String| Err(extract_error(ErrorKind::BadSource, message));
    let name = match kind {
        // Its name as it is stored: some systems compare names without case.
        Some((kind, name)) if kind == "BASE TABLE" || kind == "SYSTEM VERSIONED" => name,
        Some(_) => {
            return bad(format!(
                "{table} is a view: extract it with --query FILE.sql instead of --table"
            ));
        }
        None => {
            return bad(format!("there is no table {schema}.{name}, or the user may not read it"));
        }
    };

    let key: Vec<String> = connection
        .exec(
            "select column_name from information_schema.statistics \
             where table_schema = ? and table_name = ? and index_name = 'PRIMARY' order by seq_in_index",
            (&schema, &name),
        )
        .await
        .map_err(failed)?;
    let json: Vec<String> = json_checks(connection, &schema, &name).await;
    let columns: Vec<ColumnRow> = connection
        .exec(
            "select column_name, data_type, column_type, is_nullable, numeric_precision, numeric_scale \
             from information_schema.columns where table_schema = ? and table_name = ? order by ordinal_position",
            (&schema, &name),
        )
        .await
        .map_err(failed)?;
    let columns = columns
        .into_iter()
        .map(|(name, data_type, declared, nullable, precision, scale)| {
            let is_json = json.contains(&name);
            let column = Declared { data_type, column_type: declared, precision, scale, is_json };
            let (data_type, remark) = contract_type(&column);
            // A column that may not be null may still have a zero date, which becomes null.
            let may_be_null = nullable == "YES"
                || (matches!(
                    data_type,
                    DataType::Date | DataType::Timestamp | DataType::TimestampTz
                ) && !key.contains(&name));
            Column { name, data_type, declared: column.column_type, may_be_null, remark }
        })
        .collect();

    let keys: Vec<(String, String, String, String)> = connection
        .exec(
            "select constraint_name, column_name, referenced_table_schema, referenced_table_name \
             from information_schema.key_column_usage \
             where table_schema = ? and table_name = ? and referenced_table_name is not null \
             order by constraint_name, ordinal_position",
            (&schema, &name),
        )
        .await
        .map_err(failed)?;
    let mut references: Vec<(String, Reference)> = Vec::new();
    for (constraint, column, schema, name) in keys {
        match references.last_mut() {
            Some((last, reference)) if *last == constraint => reference.columns.push(column),
            _ => {
                let table = TableName { schema, name };
                references.push((constraint, Reference { columns: vec![column], table }));
            }
        }
    }
    let references = references.into_iter().map(|(_, reference)| reference).collect();
    Ok(Table { name: TableName { schema, name }, columns, key, references })
}

/// The columns that MariaDB checks to be JSON. MySQL has that type, and older servers have no such table.
async fn json_checks(connection: &mut Conn, schema: &str, table: &str) -> Vec<String> {
    let checks: Result<Vec<String>, _> = connection
        .exec(
            "select check_clause from information_schema.check_constraints \
             where constraint_schema = ? and table_name = ? and check_clause like 'json_valid(%'",
            (schema, table),
        )
        .await;
    let checks = checks.unwrap_or_default();
    let column = |check: &String| {
        let inner = check.strip_prefix("json_valid(`")?.strip_suffix("`)")?;
        Some(inner.replace("``", "`"))
    };
    checks.iter().filter_map(column).collect()
}

fn no_schema(table: &str) -> crate::error::Error {
    extract_error(
        ErrorKind::BadSource,
        format!("{table}: name a database in the source's URL, or write database.table"),
    )
}
