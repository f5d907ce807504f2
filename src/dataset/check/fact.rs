//! Checks each `[fact.<name>]` against the columns, and returns the facts.

use toml::{Spanned, Value};

use super::super::contract::{self, Table};
use super::super::{Column, Conflict, Expression, Fact, Measure, Overwrite, Policy, name};
use super::Checker;

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
                self.error(key, message);
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
                self.error(
                    version,
                    "version needs a grain: without a grain, rows are never replaced",
                );
            }
            version.get_ref().clone()
        });
        let as_of = raw.as_of.as_ref().map(|as_of| {
            self.is_a_time(as_of, as_of.get_ref(), columns);
            as_of.get_ref().clone()
        });
        let conflict = self.conflict(raw, policy);
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
            audit: raw.audit,
            partition: None,
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
        fact.partition = self.partition(raw, columns, &fact);
        fact
    }

    fn conflict(&mut self, raw: &contract::Fact, policy: &Policy) -> Conflict {
        let Some(at) = &raw.conflict else { return Conflict::Update };
        let word = self.word("conflict", at, &["update", "keep"]);
        if raw.grain.is_none() {
            self.error(at, "conflict needs a grain: without a grain, no two rows conflict");
        }
        if word != Some("keep") {
            return Conflict::Update;
        }
        if policy.overwrite == Overwrite::Replace {
            self.error(
                at,
                "conflict = \"keep\" cannot be combined with overwrite = \"replace\": replacing the file \
                 would delete the rows to keep; use overwrite = \"merge\"",
            );
        }
        Conflict::Keep
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
            self.error(at, "delete_when needs a grain, which says which row to delete");
        }
        if conflict == Conflict::Keep {
            self.error(at, "delete_when cannot be combined with conflict = \"keep\", which never changes a row");
        }
        if policy.overwrite == Overwrite::Replace {
            self.error(
                at,
                "delete_when cannot be combined with overwrite = \"replace\": replacing the file could \
                 not restore the rows that it deleted; use overwrite = \"merge\"",
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
                self.error(at, format!("{what}: {message}"));
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
                        self.error(at, format!("measure `{name}` must be an expression in quotes"));
                        continue;
                    };
                    if let Err(message) = name::check("measure", name) {
                        self.error(at, message);
                    } else if name::is_taken(name) {
                        self.error(
                            at,
                            format!("measure name `{name}` is reserved: choose another"),
                        );
                    }
                    if let Some(expression) = self.expression(name, at, text, columns) {
                        fact.measures.push(Measure::Computed { name: name.clone(), expression });
                    }
                }
            }
            _ => self
                .error(at, "a measure must be the name of a column, or { name = \"expression\" }"),
        }
    }

    /// Checks that no two columns of a fact have the same name.
    fn fact_columns(&mut self, key: &Spanned<String>, fact: &Fact) {
        let audit = if fact.audit { Fact::AUDIT_COLUMNS.as_slice() } else { &[] };
        let mut seen: Vec<&str> = [&["as_of"], audit].concat();
        let keys = fact.dimensions.iter().map(|used| used.column.as_str());
        let dates = fact.dates.iter().map(|date| date.column.as_str());
        let own = fact.measures.iter().map(Measure::name);
        let own = own.chain(fact.degenerate.iter().map(String::as_str));
        for column in keys.chain(dates).chain(own) {
            if seen.contains(&column) {
                self.error(
                    key,
                    format!("fact `{}` would have two columns named `{column}`: rename one with `as`, or remove it", fact.name),
                );
            }
            seen.push(column);
        }
        let plain = fact.grain.iter().flatten().chain(&fact.version);
        let keys = fact.dimensions.iter().map(|used| used.column.as_str());
        let dates = fact.dates.iter().map(|date| date.column.as_str());
        let made: Vec<&str> =
            keys.chain(dates).chain(["as_of"]).chain(audit.iter().copied()).collect();
        for column in plain.clone().filter(|column| made.contains(&column.as_str())) {
            self.error(
                key,
                format!("fact `{}` adds a column `{column}`: rename the one of grain or version, and keep the header with from = [\"{column}\"]", fact.name),
            );
        }
        // A computed measure must not replace a column of grain or version.
        for computed in &fact.measures {
            if matches!(computed, Measure::Computed { name, .. } if plain.clone().any(|p| p == name))
            {
                self.error(
                    key,
                    format!(
                        "measure `{}` has the name of another column of the fact: rename it",
                        computed.name()
                    ),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::dataset::Catalog;

    #[test]
    fn a_fact_with_audit_may_have_no_column_of_these_names() {
        let errors = |fact: &str| {
            let text = format!(
                "name = \"a\"\nmatch = [\"a/*\"]\n[columns]\nid = {{ type = \"text\", required = true }}\n\
                 loaded_at = {{ type = \"text\", required = true }}\n[fact.a]\n{fact}"
            );
            let contract = (PathBuf::from("a/dataset.toml"), "a".to_owned(), text);
            let error = Catalog::read([contract]).err();
            error.map_or_else(String::new, |errors| format!("{errors:?}"))
        };
        for fact in ["grain = [\"id\", \"loaded_at\"]", "degenerate = [\"loaded_at\"]"] {
            assert_eq!(errors(fact), "", "{fact}");
            let error = errors(&format!("{fact}\naudit = true"));
            assert!(error.contains("`loaded_at`"), "{fact}: {error}");
        }
    }
}
