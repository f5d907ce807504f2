//! Extract: reads the request that copies tables of a database into the bucket.

use serde::Deserialize;

use super::content::malformed;
use crate::error::Result;

/// `{"extract": {"source": "mysql://reader@db/shop", "tables": ["orders"], "to": "s3://inbox/orders/"}}`: the options of
/// `stardrop extract`, as texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extract {
    /// The URL of the source, without a password.
    pub source: String,
    /// The secret with `username` and `password` for the source.
    #[serde(default)]
    pub secret: Option<String>,
    /// Whether the user of the URL logs in with an IAM token.
    #[serde(default)]
    pub iam: bool,
    /// Tables, as `orders` or `shop.orders`.
    #[serde(default)]
    pub tables: Vec<String>,
    /// Patterns of tables, such as `shop.*`.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// A query instead of tables.
    #[serde(default)]
    pub query: Option<ExtractQuery>,
    /// Where the files go: `s3://bucket/prefix/`.
    pub to: String,
    /// Where the ends of the last runs are kept.
    #[serde(default)]
    pub state: Option<String>,
    /// The column that says which rows are new.
    #[serde(default)]
    pub since: Option<String>,
    /// How far before the end of the last run to start.
    #[serde(default)]
    pub overlap: Option<String>,
    /// The format of the files.
    #[serde(default)]
    pub format: Option<String>,
    /// How to compress them.
    #[serde(default)]
    pub compression: Option<String>,
    /// The size from which another file begins.
    #[serde(default)]
    pub split: Option<String>,
    /// What becomes of dates such as 0000-00-00.
    #[serde(default)]
    pub zero_dates: Option<String>,
}

/// A query, and the name that takes the place of a table's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtractQuery {
    /// The name.
    pub name: String,
    /// One statement.
    pub sql: String,
}

impl Extract {
    /// What is wrong with the request as a whole.
    ///
    /// # Errors
    /// [`MalformedEvent`](crate::error::ErrorKind::MalformedEvent): a password in the URL, which logs and schedules would
    /// show; nothing to extract, or two things; two ways to log in.
    pub(super) fn check(&self) -> Result<()> {
        let server = self.source.split_once("://").map_or("", |(_, rest)| rest);
        let user = server.split_once('@').map_or("", |(user, _)| user);
        if user.contains(':') {
            return Err(malformed(
                "extract: the URL has a password: put user and password into a secret, and name it by `secret`",
            ));
        }
        if self.secret.is_some() && self.iam {
            return Err(malformed("extract: set either `secret` or `iam`"));
        }
        let has_tables = !self.tables.is_empty() || !self.patterns.is_empty();
        if has_tables == self.query.is_some() {
            return Err(malformed("extract: name `tables` or `patterns`, or one `query`"));
        }
        Ok(())
    }
}
