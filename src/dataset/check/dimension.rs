//! Checks each `[dimension.<name>]` against the columns, and returns what the dataset adds to it.

use toml::{Spanned, Value};

use super::super::contract::{self, Table};
use super::super::{Column, DimensionSource, History, Policy, name};
use super::Checker;
use super::used::DATE;

/// Columns that a dimension with versions has besides those of the contract.
const VERSION_COLUMNS: [&str; 5] =
    ["valid_from", "valid_to", "is_current", "is_first", "observed_at"];

impl Checker<'_> {
    pub(super) fn dimensions(
        &mut self,
        table: &Table<contract::Dimension>,
        columns: &[Column],
        policy: &Policy,
    ) -> Vec<DimensionSource> {
        table.iter().map(|(key, raw)| self.dimension(key, raw.get_ref(), columns, policy)).collect()
    }

    fn dimension(
        &mut self,
        key: &Spanned<String>,
        raw: &contract::Dimension,
        columns: &[Column],
        policy: &Policy,
    ) -> DimensionSource {
        if let Err(message) = name::check("dimension", key.get_ref()) {
            self.error(key, message);
        } else if key.get_ref() == DATE {
            self.error(key, "dimension `date` is built in: use { date = \"<column>\" } in a fact");
        }
        let natural_key = self.column_names("key", &raw.key, columns);
        let mut attributes = Vec::with_capacity(raw.attributes.len());
        for attribute in &raw.attributes {
            self.known(attribute, columns);
            if natural_key.contains(attribute.get_ref()) || attributes.contains(attribute.get_ref())
            {
                self.error(
                    attribute,
                    format!("`{}` is listed twice: remove one", attribute.get_ref()),
                );
            }
            attributes.push(attribute.get_ref().clone());
        }
        for column in raw.key.get_ref().iter().chain(&raw.attributes) {
            let name = column.get_ref();
            if *name == format!("{}_key", key.get_ref()) {
                self.error(
                    column,
                    format!(
                        "`{name}` is the name of the dimension's surrogate key: rename the column"
                    ),
                );
            }
            // The columns that say which load a group of attributes is from.
            let of = name.strip_suffix("_source_load_id").or(name.strip_suffix("_source_time"));
            if of.is_some_and(|of| attributes.iter().any(|attribute| attribute == of)) {
                self.error(
                    column,
                    format!(
                        "`{name}` is the name of a column that stardrop adds: rename the column"
                    ),
                );
            }
        }
        let errors_before = self.errors.len();
        let history = self.history(raw, &attributes);
        let history_is_valid = self.errors.len() == errors_before;
        let has_versions = history.iter().any(|kind| kind.keeps_versions());
        if has_versions {
            for column in raw.key.get_ref().iter().chain(&raw.attributes) {
                if VERSION_COLUMNS.contains(&column.get_ref().as_str()) {
                    self.error(
                        column,
                        format!(
                            "`{}` is the name of a column that versions add: rename the column",
                            column.get_ref()
                        ),
                    );
                }
            }
        }
        let valid_from = raw.valid_from.as_ref().map(|valid_from| {
            self.is_a_time(valid_from, valid_from.get_ref(), columns);
            if !has_versions && history_is_valid {
                self.error(valid_from, "valid_from needs an attribute with history = \"versions\"");
            }
            valid_from.get_ref().clone()
        });
        let missing = self.missing(raw, has_versions || !history_is_valid, policy);
        DimensionSource {
            name: key.get_ref().clone(),
            key: natural_key,
            attributes,
            history,
            valid_from,
            missing,
        }
    }

    /// The kind of history of each attribute: one word for all, or a table of words.
    fn history(&mut self, raw: &contract::Dimension, attributes: &[String]) -> Vec<History> {
        let Some(at) = &raw.history else { return vec![History::Overwrite; attributes.len()] };
        if let Value::String(word) = at.get_ref() {
            return vec![self.history_word(at, word); attributes.len()];
        }
        let Value::Table(words) = at.get_ref() else {
            self.error(
                at,
                "history must be overwrite, versions or first, or a table of these by attribute",
            );
            return vec![History::Overwrite; attributes.len()];
        };
        let word_of = |checker: &mut Self, key: &str| match words.get(key) {
            Some(Value::String(word)) => Some(checker.history_word(at, word)),
            Some(_) => {
                checker
                    .error(at, format!("history of `{key}` must be overwrite, versions or first"));
                None
            }
            None => None,
        };
        for key in words.keys().filter(|key| *key != "default" && !attributes.contains(key)) {
            let hint = name::suggestion(key, attributes.iter().map(String::as_str));
            self.error(at, format!("`{key}` is not an attribute of this dimension{hint}"));
        }
        let default = word_of(self, "default").unwrap_or(History::Overwrite);
        attributes.iter().map(|attribute| word_of(self, attribute).unwrap_or(default)).collect()
    }

    fn history_word<T>(&mut self, at: &Spanned<T>, word: &str) -> History {
        History::from_name(word).unwrap_or_else(|| {
            let words = History::ALL.map(History::as_str);
            let hint = name::suggestion(word, words.into_iter());
            let words = words.join(", ");
            self.error(at, format!("history = \"{word}\" must be one of {words}{hint}"));
            History::Overwrite
        })
    }
}
