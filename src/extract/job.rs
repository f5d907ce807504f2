//! Job: what to extract, as the command asks for it, and for each table where its files and its state go.

use jiff::SignedDuration;

use super::compress::Compression;
use super::csv::ZeroDates;
use super::extract_error;
use super::format::Format;
use super::name::dataset_name;
use super::table::{Column, Table};
use super::target::Address;
use super::window::Keys;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::DbAuth;

/// What to extract and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The URL of the source. It may hold a password.
    pub source: String,
    /// How to log in to it.
    pub login: Login,
    /// Tables, as `orders` or `shop.orders`.
    pub tables: Vec<String>,
    /// Patterns of tables, such as `shop.*`.
    pub patterns: Vec<String>,
    /// A query instead of tables.
    pub query: Option<Query>,
    /// Where the files go.
    pub to: Address,
    /// Where the states go, if not to the usual place.
    pub state: Option<Address>,
    /// The column that says which rows are new; without it, all rows are extracted.
    pub since: Option<String>,
    /// How far before the last mark a window starts.
    pub overlap: SignedDuration,
    /// How files are written.
    pub format: &'static Format,
    /// How they are compressed, as a whole or inside.
    pub compression: Compression,
    /// The size of a file before compression, about.
    pub split_bytes: Option<u64>,
    /// What to do with zero dates.
    pub zero_dates: ZeroDates,
}

/// How to log in to a source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Login {
    /// With the password of the URL or of the environment.
    #[default]
    Password,
    /// With a token that is signed with the AWS credentials of the process.
    Iam,
    /// With user and password of this secret in AWS Secrets Manager, a name or ARN.
    Secret(String),
}

impl Login {
    /// The same as a setting of a database.
    pub(super) fn auth(&self) -> DbAuth {
        match self {
            Login::Password => DbAuth::Password,
            Login::Iam => DbAuth::Iam,
            Login::Secret(id) => DbAuth::Secret(id.clone()),
        }
    }
}

/// A query whose rows are extracted.
#[derive(Debug, Clone)]
pub struct Query {
    /// Its name, which takes the place of a table's.
    pub name: String,
    /// One statement.
    pub sql: String,
}

impl Request {
    /// Whether each table has a folder of its own: there may be several.
    fn has_folders(&self) -> bool {
        self.tables.len() + usize::from(self.query.is_some()) != 1 || !self.patterns.is_empty()
    }

    /// The prefix of a table's keys below the address.
    pub(super) fn prefix(&self, table: &Table) -> String {
        let below = if self.has_folders() {
            format!("{}/", dataset_name(&table.name.name))
        } else {
            String::new()
        };
        format!("{}{below}", self.to.prefix())
    }

    /// Where the states go.
    pub(super) fn states(&self) -> Address {
        self.state.clone().unwrap_or_else(|| self.to.of_states())
    }
}

/// A table and where its files and its state go.
#[derive(Debug)]
pub(super) struct Job {
    pub table: Table,
    /// The column that says which rows are new.
    pub since: Option<Column>,
    pub prefix: String,
    pub state_key: String,
    format: &'static Format,
    compression: Compression,
}

impl Job {
    /// # Errors
    ///
    /// [`ErrorKind::BadSource`] if the table has no such column or no key that an extract of what is new needs.
    pub fn new(request: &Request, table: Table) -> Result<Job> {
        let since = match &request.since {
            Some(name) => Some(since_column(request, &table, name)?.clone()),
            None => None,
        };
        let prefix = request.prefix(&table);
        let state_key =
            format!("{}{}.json", request.states().prefix(), dataset_name(&table.name.name));
        let Request { format, compression, .. } = *request;
        Ok(Job { table, since, prefix, state_key, format, compression })
    }

    pub fn keys(&self) -> Keys<'_> {
        Keys { prefix: &self.prefix, format: self.format, compression: self.compression }
    }
}

fn since_column<'t>(request: &Request, table: &'t Table, name: &str) -> Result<&'t Column> {
    let of = &table.name;
    let times: Vec<&str> = table
        .columns
        .iter()
        .filter(|column| column.data_type.is_time())
        .map(|column| column.name.as_str())
        .collect();
    let instead = if times.is_empty() {
        "it has no column with a time: extract it in full, without --since".to_owned()
    } else {
        format!("its columns with a time are {}", times.join(", "))
    };
    let Some(column) = table.column(name) else {
        return Err(bad(format!("{of} has no column {name} for --since; {instead}")));
    };
    if !column.data_type.is_time() {
        let declared = &column.declared;
        return Err(bad(format!(
            "--since needs a date, a timestamp or a datetime, and {name} of {of} is {declared}; {instead}"
        )));
    }
    // The contract of a query is the user's own.
    if table.key.is_empty() && request.query.is_none() {
        return Err(bad(format!(
            "{of} has no primary key, so rows that come again in an overlap would count twice: extract it in full, \
             without --since"
        )));
    }
    Ok(column)
}

fn bad(message: String) -> Error {
    extract_error(ErrorKind::BadSource, message)
}
