//! A column that an enrichment gives: where its value is, and the type that writes it.

use std::sync::Arc;

use crate::dataset::{ADDRESS_KIND, Dataset, Enrichment, EnrichmentKind};
use crate::types::{ColumnType, Invalid, SqlType};

/// A column that an enrichment gives.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The name in the dataset.
    pub name: String,
    /// Where its value is in a record; the first path that a record has counts.
    pub paths: Vec<String>,
    /// Whether it says which kind of address was looked up.
    pub is_address_kind: bool,
    column_type: Arc<dyn ColumnType>,
    native_type: Arc<dyn ColumnType>,
}

/// A value of a record, as its file has it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'v> {
    /// A text.
    Text(&'v str),
    /// A number or a boolean, in canonical form.
    Native(&'v str),
    /// JSON, for a value that has parts.
    Json(&'v str),
}

impl Wanted {
    /// The columns that an enrichment gives, in its order.
    pub fn of(dataset: &Dataset, enrichment: &Enrichment) -> Vec<Wanted> {
        let columns = enrichment.columns.iter();
        columns
            .filter_map(|wanted| {
                let column = dataset.column(&wanted.name)?;
                Some(Wanted {
                    name: wanted.name.clone(),
                    is_address_kind: enrichment.kind == EnrichmentKind::Database
                        && wanted.paths == [ADDRESS_KIND],
                    paths: wanted.paths.clone(),
                    column_type: Arc::clone(&column.column_type),
                    native_type: Arc::clone(&column.native_type),
                })
            })
            .collect()
    }

    /// The value as the column's type writes it.
    ///
    /// # Errors
    ///
    /// [`Invalid`] where the value is not of the column's type.
    pub fn encode(&self, found: Found<'_>) -> Result<Box<str>, Invalid> {
        let mut out = Vec::new();
        let is_json = self.column_type.sql_type() == SqlType::Jsonb;
        match found {
            Found::Text(text) if is_json => {
                self.column_type.encode(&serde_json::Value::from(text).to_string(), &mut out)?;
            }
            Found::Text(text) => self.column_type.encode(text, &mut out)?,
            Found::Native(text) => self.native_type.encode(text, &mut out)?,
            Found::Json(text) if is_json => self.column_type.encode(text, &mut out)?,
            Found::Json(_) => {
                let message = "expected one value, found a map or a list: name one of its parts in the path, or \
                               use type json";
                return Err(Invalid::new("not_one_value", message));
            }
        }
        let not_text = || Invalid::new("invalid_utf8", "expected text");
        String::from_utf8(out).map(String::into_boxed_str).map_err(|_| not_text())
    }
}
