//! Client: a session's connection, which sends SQL with the names that the settings give to schemas and roles.

use std::ops::{Deref, DerefMut};

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row, SimpleQueryMessage, Statement};

use crate::settings::Names;

type Parameters<'p> = &'p [&'p (dyn ToSql + Sync)];

/// Parameters with their types, which the server then need not be asked for.
pub type TypedParameters<'p> = &'p [(&'p (dyn ToSql + Sync), Type)];

/// A connection to Postgres. The SQL of its methods uses the usual names; see [`Names::apply`].
#[derive(Debug)]
pub struct Client {
    connection: tokio_postgres::Client,
    names: Names,
}

impl Client {
    /// A client that sends the names of the settings.
    pub(super) fn new(connection: tokio_postgres::Client, names: Names) -> Client {
        Client { connection, names }
    }

    /// The names that it sends.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// As the driver's.
    ///
    /// # Errors
    /// As the driver's.
    pub async fn query(&self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, Error> {
        self.connection.query(&*self.names.apply(sql), parameters).await
    }

    /// As the driver's.
    ///
    /// # Errors
    /// As the driver's.
    pub async fn query_one(&self, sql: &str, parameters: Parameters<'_>) -> Result<Row, Error> {
        self.connection.query_one(&*self.names.apply(sql), parameters).await
    }

    /// As the driver's.
    ///
    /// # Errors
    /// As the driver's.
    pub async fn query_opt(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, Error> {
        self.connection.query_opt(&*self.names.apply(sql), parameters).await
    }

    /// As the driver's: one round trip, and nothing stays prepared in the session. It is sent when the future is
    /// first polled.
    ///
    /// # Errors
    /// As the driver's.
    pub(crate) async fn query_typed(
        &self,
        sql: &str,
        parameters: TypedParameters<'_>,
    ) -> Result<Vec<Row>, Error> {
        self.connection.query_typed(&self.names.apply(sql), parameters).await
    }

    /// As [`Client::query_typed`], for exactly one row.
    ///
    /// # Errors
    /// As the driver's.
    pub(crate) async fn query_typed_one(
        &self,
        sql: &str,
        parameters: TypedParameters<'_>,
    ) -> Result<Row, Error> {
        self.connection.query_typed_one(&self.names.apply(sql), parameters).await
    }

    /// As the driver's.
    ///
    /// # Errors
    /// As the driver's.
    pub(crate) async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        self.connection.prepare(&self.names.apply(sql)).await
    }

    /// As the driver's.
    ///
    /// # Errors
    /// As the driver's.
    pub async fn execute(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64, Error> {
        self.connection.execute(&*self.names.apply(sql), parameters).await
    }

    /// As the driver's.
    ///
    /// # Errors
    /// As the driver's.
    pub async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        self.connection.batch_execute(&self.names.apply(sql)).await
    }

    /// As the driver's.
    ///
    /// # Errors
    /// As the driver's.
    pub(crate) async fn simple_query(&self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        self.connection.simple_query(&self.names.apply(sql)).await
    }
}

/// A connection that sends the usual names.
impl From<tokio_postgres::Client> for Client {
    fn from(connection: tokio_postgres::Client) -> Client {
        Client::new(connection, Names::default())
    }
}

impl Deref for Client {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &tokio_postgres::Client {
        &self.connection
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut tokio_postgres::Client {
        &mut self.connection
    }
}
