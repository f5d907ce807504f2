//! Checks the parsed text of a contract: returns a [`Dataset`], or every error with its line.

mod columns;
mod dimension;
mod enrich;
mod fact;
mod file;
mod from_key;
mod missing;
mod names;
mod partition;
mod policy;
mod protected;
mod source;
mod syntax;
mod used;
mod view;

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::contract::Contract;
use super::{ContractError, ContractText, Dataset, Missing, glob, name};

/// Collects the errors, so that one run shows all of them.
struct Checker<'a> {
    file: &'a Path,
    text: &'a str,
    errors: Vec<ContractError>,
    /// The columns whose type is not valid. What depends on their type is not checked.
    untyped: Vec<String>,
    /// Whether the name of a column is not valid. References to columns may then be meant for it.
    misnamed: bool,
}

impl Checker<'_> {
    /// Adds an error at the line of `at`.
    fn error<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.error_at(at.span().start, message);
    }

    fn error_at(&mut self, offset: usize, message: impl Into<String>) {
        let line = line_of(self.text, offset);
        self.errors.push(ContractError {
            file: PathBuf::from(self.file),
            line,
            message: message.into(),
        });
    }

    /// Returns the word that the key has; adds an error if it is not one of `words`.
    fn word<'w>(&mut self, key: &str, at: &Spanned<String>, words: &[&'w str]) -> Option<&'w str> {
        let found = words.iter().find(|word| **word == at.get_ref().as_str()).copied();
        if found.is_none() {
            let text = at.get_ref();
            let hint = name::suggestion(text, words.iter().copied());
            self.error(at, format!("{key} = \"{text}\" must be one of {}{hint}", words.join(", ")));
        }
        found
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Reads and checks the contract of one dataset.
///
/// # Errors
///
/// Every error found, in the order of the checks, each with file, line and fix.
pub(super) fn dataset(texts: &ContractText) -> Result<Dataset, Vec<ContractError>> {
    let ContractText { file, folder, contract: text, .. } = texts;
    let mut checker =
        Checker { file, text, errors: Vec::new(), untyped: Vec::new(), misnamed: false };
    let contract: Contract = match toml::from_str(text) {
        Ok(contract) => contract,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            checker.error_at(offset, syntax::explained(&error.message().replace('\n', ", ")));
            return Err(checker.errors);
        }
    };

    let dataset_name = contract.name.get_ref().clone();
    if let Err(message) = name::check("dataset", &dataset_name) {
        checker.error(&contract.name, message);
    } else if dataset_name != *folder {
        checker.error(
            &contract.name,
            format!("name = \"{dataset_name}\" must be the name of its folder, `{folder}`"),
        );
    }

    let from_key = checker.key_patterns(&contract);
    let mut columns = checker.columns(&contract.columns, &from_key);
    let enrichments = checker.enrichments(&contract, &mut columns, file.parent());
    let appends = contract.fact.values().any(|fact| fact.get_ref().grain.is_none());
    let patterns = checker.patterns(&contract);
    let file_options = checker.file_options(&contract.file);
    let format = file_options.format;
    checker.protected_parts(&contract.columns, &columns, format, &patterns);
    checker.sheet_columns(&contract.columns, format);
    let is_of_object = columns.iter().any(|column| column.source.is_of_object());
    let policy = checker.policy(&contract.policy, appends, is_of_object);
    let dimensions = checker.dimensions(&contract.dimension, &columns, &policy);
    let facts = checker.facts(&contract.fact, &contract.dimension, &columns, &policy);
    let views = checker.views(&contract.view);
    let dataset = Dataset {
        patterns,
        from_key,
        file: file_options,
        enrichments,
        policy,
        dimensions,
        facts,
        name: dataset_name,
        columns,
        views,
        views_sql: texts.views_sql.clone(),
        normalise_sql: texts.normalise_sql.clone(),
    };
    if let Some(source) = dataset.dimensions.iter().find(|source| source.missing != Missing::Keep)
        && texts.normalise_sql.is_some()
    {
        let message = format!(
            "missing = \"{}\" of dimension `{}` cannot be combined with a normalise.sql, which replaces the \
             statements that note the members of a file: remove one of them",
            source.missing.as_str(),
            source.name
        );
        checker.error(&contract.name, message);
    }
    if let Some(source) = dataset.dimensions.iter().find(|source| source.missing != Missing::Keep)
        && let Some(parts) = dataset.file.parts.as_ref().filter(|parts| !parts.is_one())
    {
        let key = parts.kind.key();
        let message = format!(
            "missing = \"{}\" of dimension `{}` needs one {key}: a file cannot tell which members are gone if \
             several parts of it have some; name one {key} without wildcards",
            source.missing.as_str(),
            source.name
        );
        let at = contract.file.sheet.as_ref().or(contract.file.entry.as_ref());
        checker.error_at(at.map_or(0, |at| at.span().start), message);
    }
    let fills_nothing = contract.dimension.is_empty() && contract.fact.is_empty();
    if fills_nothing && texts.normalise_sql.is_none() {
        checker.error(
            &contract.name,
            "the dataset fills no table: add a [dimension.<name>], a [fact.<name>] or a normalise.sql",
        );
    }
    if checker.errors.is_empty() { Ok(dataset) } else { Err(checker.errors) }
}

impl Checker<'_> {
    fn patterns(&mut self, contract: &Contract) -> Vec<String> {
        if contract.patterns.get_ref().is_empty() {
            self.error(
                &contract.patterns,
                "match is empty: add a pattern, such as \"sales/**/*.csv\"",
            );
        }
        for pattern in contract.patterns.get_ref() {
            if let Some(rest) = pattern.get_ref().strip_prefix("s3://") {
                let key = rest.split_once('/').map_or("", |(_, key)| key);
                self.error(
                    pattern,
                    format!("a pattern matches the keys of objects: write \"{key}\", without s3:// and the bucket"),
                );
            } else if let Err(message) = glob::matcher(pattern.get_ref()) {
                self.error(pattern, message);
            }
        }
        contract.patterns.get_ref().iter().map(|pattern| pattern.get_ref().clone()).collect()
    }
}

#[cfg(test)]
mod tests;
