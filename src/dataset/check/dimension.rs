//! Dimension: `[dimension.*]` in, checked against the columns, out.

use toml::{Spanned, Value};

use super::super::contract::{self, Table};
use super::super::{Column, DimensionSource, History, name};
use super::Checker;
use super::used::DATE;

/// Columns that a dimension with versions has of its own.
const VERSION_COLUMNS: [&str; 5] =
    ["valid_from", "valid_to", "is_current", "is_first", "observed_at"];

impl Checker<'_> {
    pub(super) fn dimensions(
        &mut self,
        table: &Table<contract::Dimension>,
        columns: &[Column],
    ) -> Vec<DimensionSource> {
        table.iter().map(|(key, raw)| self.dimension(key, raw.get_ref(), columns)).collect()
    }

    fn dimension(
        &mut self,
        key: &Spanned<String>,
        raw: &contract::Dimension,
        columns: &[Column],
    ) -> DimensionSource {
        if let Err(message) = name::check("dimension", key.get_ref()) {
            self.mistake(key, message);
        } else if key.get_ref() == DATE {
            self.mistake(
                key,
                "dimension `date` is built in: use { date = \"<column>\" } in a fact",
            );
        }
        let natural_key = self.column_names("key", &raw.key, columns);
        let mut attributes = Vec::with_capacity(raw.attributes.len());
        for attribute in &raw.attributes {
            self.known(attribute, columns);
            if natural_key.contains(attribute.get_ref()) || attributes.contains(attribute.get_ref())
            {
                self.mistake(attribute, format!("`{}` stands here twice", attribute.get_ref()));
            }
            attributes.push(attribute.get_ref().clone());
        }
        for column in raw.key.get_ref().iter().chain(&raw.attributes) {
            let name = column.get_ref();
            if *name == format!("{}_key", key.get_ref()) {
                self.mistake(
                    column,
                    "this is the name of the dimension's own key: rename the column",
                );
            }
            // What a group of attributes that come together keeps of its source.
            let of = name.strip_suffix("_source_load_id").or(name.strip_suffix("_source_time"));
            if of.is_some_and(|of| attributes.iter().any(|attribute| attribute == of)) {
                self.mistake(column, "this is the name of a column that stardrop adds: rename it");
            }
        }
        let history = self.history(raw, &attributes);
        let has_versions = history.iter().any(|kind| kind.keeps_versions());
        if has_versions {
            for column in raw.key.get_ref().iter().chain(&raw.attributes) {
                if VERSION_COLUMNS.contains(&column.get_ref().as_str()) {
                    self.mistake(
                        column,
                        "this is the name of a column that versions have: rename it",
                    );
                }
            }
        }
        let valid_from = raw.valid_from.as_ref().map(|valid_from| {
            self.is_a_time(valid_from, valid_from.get_ref(), columns);
            if !has_versions {
                self.mistake(
                    valid_from,
                    "valid_from needs an attribute with history = \"versions\"",
                );
            }
            valid_from.get_ref().clone()
        });
        DimensionSource {
            name: key.get_ref().clone(),
            key: natural_key,
            attributes,
            history,
            valid_from,
        }
    }

    /// What is remembered of each attribute: one word for all, or a table of words.
    fn history(&mut self, raw: &contract::Dimension, attributes: &[String]) -> Vec<History> {
        let Some(at) = &raw.history else { return vec![History::Overwrite; attributes.len()] };
        if let Value::String(word) = at.get_ref() {
            return vec![self.history_word(at, word); attributes.len()];
        }
        let Value::Table(words) = at.get_ref() else {
            self.mistake(at, "history must be a word, or a table of words by attribute");
            return vec![History::Overwrite; attributes.len()];
        };
        let word_of = |checker: &mut Self, key: &str| match words.get(key) {
            Some(Value::String(word)) => Some(checker.history_word(at, word)),
            Some(_) => {
                checker.mistake(at, format!("history of `{key}` must be a word"));
                None
            }
            None => None,
        };
        for key in words.keys().filter(|key| *key != "default" && !attributes.contains(key)) {
            let hint = name::suggestion(key, attributes.iter().map(String::as_str));
            self.mistake(at, format!("`{key}` is no attribute of this dimension{hint}"));
        }
        let default = word_of(self, "default").unwrap_or(History::Overwrite);
        attributes.iter().map(|attribute| word_of(self, attribute).unwrap_or(default)).collect()
    }

    fn history_word<T>(&mut self, at: &Spanned<T>, word: &str) -> History {
        History::from_name(word).unwrap_or_else(|| {
            let words = History::ALL.map(History::as_str);
            let hint = name::suggestion(word, words.into_iter());
            let words = words.join(", ");
            self.mistake(at, format!("history = \"{word}\" is none of {words}{hint}"));
            History::Overwrite
        })
    }
}
