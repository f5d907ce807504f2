//! Fact: `[fact.*]` in, checked against the columns, out.

use toml::{Spanned, Value};

use super::super::contract::{self, Table};
use super::super::{
    Column, Conflict, DateUse, DimensionUse, Expression, Fact, Measure, Overwrite, Policy, name,
};
use super::names::strings;
use super::{Checker, line_of};

/// The word by which a fact refers to the built-in calendar.
pub(super) const DATE: &str = "date";

impl Checker<'_> {
    pub(super) fn facts(
        &mut self,
        table: &Table<contract::Fact>,
        dimensions: &Table<contract::Dimension>,
        columns: &[Column],
        policy: &Policy,
    ) -> Vec<Fact> {
        let mut facts = Vec::with_capacity(table.len());
        for (key, raw) in table {
            if let Err(message) = name::check("fact", key.get_ref()) {
                self.mistake(key, message);
            }
            facts.push(self.fact(key, raw.get_ref(), dimensions, columns, policy));
        }
        facts
    }

    fn fact(
        &mut self,
        key: &Spanned<String>,
        raw: &contract::Fact,
        dimensions: &Table<contract::Dimension>,
        columns: &[Column],
        policy: &Policy,
    ) -> Fact {
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
        let as_of = raw.as_of.as_ref().map(|as_of| {
            self.is_a_time(as_of, as_of.get_ref(), columns);
            as_of.get_ref().clone()
        });
        let conflict = self.conflict(raw);
        let mut fact = Fact {
            name: key.get_ref().clone(),
            delete_when: self.delete_when(raw, grain.is_some(), conflict, columns, policy),
            grain,
            dimensions: Vec::new(),
            dates: Vec::new(),
            measures: Vec::new(),
            degenerate: Vec::new(),
            conflict,
            version,
            as_of,
            foreign_keys: raw.foreign_keys.as_ref().is_some_and(|at| *at.get_ref()),
        };
        for used in &raw.dimensions {
            self.dimension_use(used, dimensions, columns, &mut fact);
        }
        for measure in &raw.measures {
            self.measure(measure, columns, &mut fact);
        }
        for column in &raw.degenerate {
            self.known(column, columns);
            fact.degenerate.push(column.get_ref().clone());
        }
        self.fact_columns(key, &fact);
        fact
    }

    fn conflict(&mut self, raw: &contract::Fact) -> Conflict {
        let Some(at) = &raw.conflict else { return Conflict::Update };
        let word = self.word("conflict", at, &["update", "keep"]);
        if raw.grain.is_none() {
            self.mistake(at, "conflict needs a grain: without one no two rows are the same");
        }
        if word == Some("keep") { Conflict::Keep } else { Conflict::Update }
    }

    fn delete_when(
        &mut self,
        raw: &contract::Fact,
        has_grain: bool,
        conflict: Conflict,
        columns: &[Column],
        policy: &Policy,
    ) -> Option<Expression> {
        let at = raw.delete_when.as_ref()?;
        if !has_grain {
            self.mistake(at, "delete_when needs a grain: it says which row goes");
        }
        if conflict == Conflict::Keep {
            self.mistake(at, "delete_when does not go with conflict = \"keep\": a kept row stays");
        }
        if policy.overwrite == Overwrite::Replace {
            self.mistake(
                at,
                "delete_when does not go with overwrite = \"replace\": a row that a marker took out \
                 could not come back with the file that brought it; use \"merge\"",
            );
        }
        self.expression("delete_when", at, at.get_ref(), columns)
    }

    fn expression<T>(
        &mut self,
        what: &str,
        at: &Spanned<T>,
        text: &str,
        columns: &[Column],
    ) -> Option<Expression> {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        match Expression::read(text, &names) {
            Ok(expression) => Some(expression),
            Err(message) => {
                self.mistake(at, format!("{what}: {message}"));
                None
            }
        }
    }

    fn measure(&mut self, at: &Spanned<Value>, columns: &[Column], fact: &mut Fact) {
        match at.get_ref() {
            Value::String(column) => {
                self.known_at(at, column, columns);
                fact.measures.push(Measure::Column(column.clone()));
            }
            Value::Table(table) => {
                for (name, expression) in table {
                    let Some(text) = expression.as_str() else {
                        self.mistake(
                            at,
                            format!("measure `{name}` must be an expression, as text"),
                        );
                        continue;
                    };
                    if let Err(message) = name::check("measure", name) {
                        self.mistake(at, message);
                    } else if name::RESERVED_COLUMNS.contains(&name.as_str()) {
                        self.mistake(
                            at,
                            format!("measure `{name}` is one of stardrop's own: rename it"),
                        );
                    }
                    if let Some(expression) = self.expression(name, at, text, columns) {
                        fact.measures.push(Measure::Computed { name: name.clone(), expression });
                    }
                }
            }
            _ => self.mistake(at, "a measure is a column's name or { name = \"expression\" }"),
        }
    }

    fn dimension_use(
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
                        self.mistake(
                            at,
                            "expected { date = \"<column>\" } or { dimension = \"<name>\", key = [..] }, \
                             either with as = \"<role>\"",
                        );
                        return;
                    }
                }
            }
            _ => {
                self.mistake(at, "expected a dimension's name or { date = \"<column>\" }");
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
        fact.dimensions.push(DimensionUse {
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
            self.mistake(at, "key must be a list of columns");
            return Vec::new();
        };
        for name in &names {
            self.known_at(at, name, columns);
        }
        names
    }

    /// The name that the fact knows its dimension or date by.
    fn role(&mut self, at: &Spanned<Value>, role: Option<&Value>, default: &str) -> Option<String> {
        let Some(role) = role else { return Some(default.to_owned()) };
        let Some(role) = role.as_str() else {
            self.mistake(at, "as must be a name");
            return None;
        };
        if let Err(message) = name::check("role", role) {
            self.mistake(at, message);
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
        fact.dates.push(DateUse { source: source.to_owned(), column });
    }

    /// No two columns of a fact may have one name.
    fn fact_columns(&mut self, key: &Spanned<String>, fact: &Fact) {
        let mut seen: Vec<&str> = vec!["as_of"];
        let keys = fact.dimensions.iter().map(|used| used.column.as_str());
        let dates = fact.dates.iter().map(|date| date.column.as_str());
        let own = fact.measures.iter().map(Measure::name);
        let own = own.chain(fact.degenerate.iter().map(String::as_str));
        for column in keys.chain(dates).chain(own) {
            if seen.contains(&column) {
                self.mistake(
                    key,
                    format!("fact `{}` would have two columns named `{column}`: give one a role with `as`, or drop it", fact.name),
                );
            }
            seen.push(column);
        }
        // A computed column must not hide the one that grain or version put there.
        let plain = fact.grain.iter().flatten().chain(&fact.version);
        for computed in &fact.measures {
            if matches!(computed, Measure::Computed { name, .. } if plain.clone().any(|p| p == name))
            {
                self.mistake(
                    key,
                    format!(
                        "measure `{}` has the name of a column that the fact holds",
                        computed.name()
                    ),
                );
            }
        }
    }
}
