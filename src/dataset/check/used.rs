//! Checks the `dimensions` of a fact, and returns which dimensions and dates its columns refer to.

use toml::{Spanned, Value};

use super::super::contract::{self, Table};
use super::super::{Column, DateRef, DimensionRef, Fact, name};
use super::names::strings;
use super::{Checker, line_of};

/// The name by which a fact refers to the built-in calendar.
pub(super) const DATE: &str = "date";

impl Checker<'_> {
    pub(super) fn dimension_use(
        &mut self,
        at: &Spanned<Value>,
        dimensions: &Table<contract::Dimension>,
        columns: &[Column],
        fact: &mut Fact,
    ) {
        let (dimension, key, role) = match at.get_ref() {
            Value::String(name) => (name.as_str(), None, None),
            Value::Table(table) => {
                let only = |known: &[&str]| table.keys().all(|key| known.contains(&key.as_str()));
                let word = |key: &str| table.get(key).and_then(Value::as_str);
                match (word(DATE), word("dimension")) {
                    (Some(source), _) if only(&[DATE, "as"]) => {
                        return self.date_use(at, source, table.get("as"), columns, fact);
                    }
                    (_, Some(name)) if only(&["dimension", "key", "as"]) => {
                        (name, table.get("key"), table.get("as"))
                    }
                    _ => {
                        self.error(
                            at,
                            "expected { date = \"<column>\" } or { dimension = \"<name>\", key = [..] }, \
                             either with as = \"<role>\"",
                        );
                        return;
                    }
                }
            }
            _ => {
                self.error(at, "expected the name of a dimension or { date = \"<column>\" }");
                return;
            }
        };
        // Without a key here or in this dataset's own [dimension]: the dimension's columns, which
        // only the catalog of all datasets knows.
        let own = dimensions.iter().find(|(name, _)| name.get_ref() == dimension);
        let key = match key {
            Some(key) => self.role_key(at, key, columns),
            None => own.map_or_else(Vec::new, |(_, own)| strings(own.get_ref().key.get_ref())),
        };
        let Some(column) = self.role(at, role, dimension) else { return };
        fact.dimensions.push(DimensionRef {
            dimension: dimension.to_owned(),
            key,
            column: format!("{column}_key"),
            line: line_of(self.text, at.span().start),
        });
    }

    fn role_key(&mut self, at: &Spanned<Value>, key: &Value, columns: &[Column]) -> Vec<String> {
        let names: Option<Vec<String>> = key
            .as_array()
            .filter(|names| !names.is_empty())
            .and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
        let Some(names) = names else {
            self.error(at, "key must be a list of columns");
            return Vec::new();
        };
        for name in &names {
            self.known_at(at, name, columns);
        }
        names
    }

    /// The name that the fact gives its dimension or date.
    fn role(&mut self, at: &Spanned<Value>, role: Option<&Value>, default: &str) -> Option<String> {
        let Some(role) = role else { return Some(default.to_owned()) };
        let Some(role) = role.as_str() else {
            self.error(at, "as must be a name");
            return None;
        };
        if let Err(message) = name::check("role", role) {
            self.error(at, message);
        }
        Some(role.to_owned())
    }

    fn date_use(
        &mut self,
        at: &Spanned<Value>,
        source: &str,
        role: Option<&Value>,
        columns: &[Column],
        fact: &mut Fact,
    ) {
        self.is_a_time(at, source, columns);
        let column = match role {
            None => "date_key".to_owned(),
            Some(_) => match self.role(at, role, DATE) {
                Some(role) => format!("{role}_date_key"),
                None => return,
            },
        };
        fact.dates.push(DateRef { source: source.to_owned(), column });
    }
}
