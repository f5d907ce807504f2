//! Star: `[dimension.*]` and `[fact.*]` in, checked against the columns, out.

use toml::{Spanned, Value};

use super::super::contract::{self, Table};
use super::super::{Column, DateUse, DimensionFeed, DimensionUse, Fact, name};
use super::Checker;

/// The most columns that an index, and so a key or a grain, can have.
const MAX_KEY_COLUMNS: usize = 32;

/// The word by which a fact refers to the built-in calendar.
const DATE: &str = "date";

impl Checker<'_> {
    pub(super) fn dimensions(
        &mut self,
        table: &Table<contract::Dimension>,
        columns: &[Column],
    ) -> Vec<DimensionFeed> {
        let mut feeds = Vec::with_capacity(table.len());
        for (key, raw) in table {
            let dimension = raw.get_ref();
            if let Err(message) = name::check("dimension", key.get_ref()) {
                self.mistake(key, message);
            } else if key.get_ref() == DATE {
                self.mistake(
                    key,
                    "dimension `date` is built in: use { date = \"<column>\" } in a fact",
                );
            }
            self.history(dimension);
            let natural_key = self.column_names("key", &dimension.key, columns);
            let mut attributes = Vec::with_capacity(dimension.attributes.len());
            for attribute in &dimension.attributes {
                self.known(attribute, columns);
                if natural_key.contains(attribute.get_ref())
                    || attributes.contains(attribute.get_ref())
                {
                    self.mistake(attribute, format!("`{}` stands here twice", attribute.get_ref()));
                }
                if *attribute.get_ref() == format!("{}_key", key.get_ref()) {
                    self.mistake(
                        attribute,
                        "this is the name of the dimension's own key: rename the column",
                    );
                }
                attributes.push(attribute.get_ref().clone());
            }
            feeds.push(DimensionFeed { name: key.get_ref().clone(), key: natural_key, attributes });
        }
        feeds
    }

    fn history(&mut self, dimension: &contract::Dimension) {
        if let Some(history) = &dimension.history
            && history.get_ref().as_str() != Some("overwrite")
        {
            self.not_yet(history, "a history other than \"overwrite\"");
        }
        if let Some(valid_from) = &dimension.valid_from {
            self.not_yet(valid_from, "valid_from");
        }
    }

    pub(super) fn facts(
        &mut self,
        table: &Table<contract::Fact>,
        dimensions: &Table<contract::Dimension>,
        columns: &[Column],
    ) -> Vec<Fact> {
        let mut facts = Vec::with_capacity(table.len());
        for (key, raw) in table {
            if let Err(message) = name::check("fact", key.get_ref()) {
                self.mistake(key, message);
            }
            facts.push(self.fact(key, raw.get_ref(), dimensions, columns));
        }
        facts
    }

    fn fact(
        &mut self,
        key: &Spanned<String>,
        raw: &contract::Fact,
        dimensions: &Table<contract::Dimension>,
        columns: &[Column],
    ) -> Fact {
        self.fact_words(raw);
        let grain = raw.grain.as_ref().map(|grain| {
            let names = self.column_names("grain", grain, columns);
            for name in grain.get_ref() {
                self.must_be_required(name, columns);
            }
            names
        });
        let version = raw.version.as_ref().map(|version| {
            self.known(version, columns);
            if grain.is_none() {
                self.mistake(version, "version needs a grain: without one no row is ever replaced");
            }
            version.get_ref().clone()
        });
        let mut fact = Fact {
            name: key.get_ref().clone(),
            grain,
            dimensions: Vec::new(),
            dates: Vec::new(),
            measures: Vec::new(),
            degenerate: Vec::new(),
            version,
        };
        for used in &raw.dimensions {
            self.dimension_use(used, dimensions, columns, &mut fact);
        }
        for measure in &raw.measures {
            match measure.get_ref() {
                Value::String(column) => {
                    self.known_at(measure, column, columns);
                    fact.measures.push(column.clone());
                }
                Value::Table(_) => self.not_yet(measure, "a computed measure"),
                _ => self.mistake(measure, "a measure is a column's name"),
            }
        }
        for column in &raw.degenerate {
            self.known(column, columns);
            fact.degenerate.push(column.get_ref().clone());
        }
        self.fact_columns(key, &fact);
        fact
    }

    fn fact_words(&mut self, raw: &contract::Fact) {
        if let Some(conflict) = &raw.conflict
            && let Some("keep") = self.word("conflict", conflict, &["update", "keep"])
        {
            self.not_yet(conflict, "conflict = \"keep\"");
        }
        if let Some(as_of) = &raw.as_of {
            self.not_yet(as_of, "as_of");
        }
        if let Some(delete_when) = &raw.delete_when {
            self.not_yet(delete_when, "delete_when");
        }
        if let Some(foreign_keys) = &raw.foreign_keys
            && *foreign_keys.get_ref()
        {
            self.not_yet(foreign_keys, "foreign_keys = true");
        }
    }

    fn dimension_use(
        &mut self,
        at: &Spanned<Value>,
        dimensions: &Table<contract::Dimension>,
        columns: &[Column],
        fact: &mut Fact,
    ) {
        match at.get_ref() {
            Value::String(name) => match dimensions.iter().find(|(key, _)| key.get_ref() == name) {
                Some((_, dimension)) => fact.dimensions.push(DimensionUse {
                    dimension: name.clone(),
                    key: strings(dimension.get_ref().key.get_ref()),
                    column: format!("{name}_key"),
                }),
                None => {
                    let known = dimensions.keys().map(|key| key.get_ref().as_str());
                    let hint = name::suggestion(name, known);
                    self.mistake(
                        at,
                        format!("dimension `{name}` is not defined here{hint}: add [dimension.{name}] with its key"),
                    );
                }
            },
            Value::Table(table) => match (table.get(DATE).and_then(Value::as_str), table.get("as"))
            {
                (Some(source), role) if table.keys().all(|k| k == DATE || k == "as") => {
                    self.date_use(at, source, role, columns, fact);
                }
                _ if table.contains_key("dimension") => {
                    self.not_yet(at, "{ dimension = .., key = .., as = .. }");
                }
                _ => self.mistake(
                    at,
                    "expected { date = \"<column>\" } or { date = \"<column>\", as = \"<role>\" }",
                ),
            },
            _ => self.mistake(at, "expected a dimension's name or { date = \"<column>\" }"),
        }
    }

    fn date_use(
        &mut self,
        at: &Spanned<Value>,
        source: &str,
        role: Option<&Value>,
        columns: &[Column],
        fact: &mut Fact,
    ) {
        if let Some(column) = self.known_at(at, source, columns)
            && !matches!(column.column_type.sql().as_str(), "date" | "timestamp" | "timestamptz")
        {
            let message = format!(
                "`{source}` is of type {}: a date needs date, timestamp or timestamptz",
                column.type_name
            );
            self.mistake(at, message);
        }
        let column = match role {
            None => "date_key".to_owned(),
            Some(Value::String(role)) => {
                if let Err(message) = name::check("role", role) {
                    self.mistake(at, message);
                }
                format!("{role}_date_key")
            }
            Some(_) => {
                self.mistake(at, "as must be a name");
                return;
            }
        };
        fact.dates.push(DateUse { source: source.to_owned(), column });
    }

    /// No two columns of a fact may have one name.
    fn fact_columns(&mut self, key: &Spanned<String>, fact: &Fact) {
        let mut seen: Vec<&str> = Vec::new();
        let keys = fact.dimensions.iter().map(|used| used.column.as_str());
        let dates = fact.dates.iter().map(|date| date.column.as_str());
        let own = fact.measures.iter().chain(&fact.degenerate).map(String::as_str);
        for column in keys.chain(dates).chain(own) {
            if seen.contains(&column) {
                self.mistake(
                    key,
                    format!("fact `{}` would have two columns named `{column}`: give one a role with `as`, or drop it", fact.name),
                );
            }
            seen.push(column);
        }
    }

    fn column_names(
        &mut self,
        what: &str,
        list: &Spanned<Vec<Spanned<String>>>,
        columns: &[Column],
    ) -> Vec<String> {
        let names = list.get_ref();
        if names.is_empty() || names.len() > MAX_KEY_COLUMNS {
            self.mistake(list, format!("{what} must name 1 to {MAX_KEY_COLUMNS} columns"));
        }
        for (index, column) in names.iter().enumerate() {
            if let Some(known) = self.known(column, columns)
                && known.column_type.sql() == "jsonb"
            {
                self.mistake(column, format!("a json column cannot be part of a {what}"));
            }
            if names.iter().take(index).any(|other| other.get_ref() == column.get_ref()) {
                self.mistake(column, format!("`{}` stands here twice", column.get_ref()));
            }
        }
        strings(names)
    }

    fn must_be_required(&mut self, column: &Spanned<String>, columns: &[Column]) {
        if columns.iter().any(|known| known.name == *column.get_ref() && !known.required) {
            self.mistake(
                column,
                format!(
                    "grain column `{0}` may be null: add required = true to column `{0}`",
                    column.get_ref()
                ),
            );
        }
    }

    fn known<'c>(&mut self, at: &Spanned<String>, columns: &'c [Column]) -> Option<&'c Column> {
        self.known_at(at, at.get_ref(), columns)
    }

    fn known_at<'c, T>(
        &mut self,
        at: &Spanned<T>,
        column: &str,
        columns: &'c [Column],
    ) -> Option<&'c Column> {
        let found = columns.iter().find(|known| known.name == column);
        if found.is_none() {
            let hint = name::suggestion(column, columns.iter().map(|known| known.name.as_str()));
            self.mistake(at, format!("`{column}` is no column of this dataset{hint}"));
        }
        found
    }
}

fn strings(names: &[Spanned<String>]) -> Vec<String> {
    names.iter().map(|name| name.get_ref().clone()).collect()
}
