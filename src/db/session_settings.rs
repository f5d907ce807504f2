//! Session settings: sets what the work of a session depends on, whatever the login, its database or the server's
//! configuration say.

use tokio_postgres::Client;

use super::database_error;
use crate::error::{Result, Stage};

/// Setting and value. A setting that this version of Postgres does not have is left out.
const SETTINGS: &[(&str, &str)] = &[
    // A batch must read what others have committed before its statements.
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_deferrable", "off"),
    // Batches, migrations and the reading of an object between two statements take as long as they take. The loader
    // limits waits and idle transactions itself.
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("transaction_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    // Every name is qualified; what users create in their own schemas must not take the place of Postgres' functions.
    ("search_path", "pg_catalog, pg_temp"),
    // A policy that applies must be an error, and must not hide rows silently.
    ("row_security", "off"),
    // `replica` would switch off the triggers that load the star.
    ("session_replication_role", "origin"),
    ("restrict_nonsystem_relation_kind", ""),
    // Compiling a query of a migration takes longer than running it.
    ("jit", "off"),
    // The form of values as text.
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    ("xmloption", "content"),
    ("array_nulls", "on"),
    ("client_encoding", "UTF8"),
    // The form of SQL, and of the definitions that the catalogs return.
    ("standard_conforming_strings", "on"),
    ("quote_all_identifiers", "off"),
    ("transform_null_equals", "off"),
];

/// Sets all of them that differ: some need a privilege, which only those who changed them had.
///
/// # Errors
///
/// [`ErrorKind::NoPermission`](crate::error::ErrorKind::NoPermission) where the login may not set one, or an error
/// of the connection.
pub(super) async fn apply(client: &Client) -> Result<()> {
    let wanted: Vec<String> =
        SETTINGS.iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    // `extra_errors` of plpgsql would refuse what is only unusual. The loader acknowledges an event once its commit
    // succeeded, so the commit must survive a crash of the server.
    let sql = format!(
        "set search_path = pg_catalog, pg_temp;
set plpgsql.extra_errors = 'none';
select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
select set_config(wanted.name, wanted.value, false)
from (values {}) wanted (name, value)
join pg_settings existing on existing.name = wanted.name
where existing.setting <> wanted.value",
        wanted.join(", ")
    );
    client.batch_execute(&sql).await.map_err(|error| database_error(error, Stage::Connect))
}
