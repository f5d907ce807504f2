//! All datasets of a database, checked against each other; finds the dataset of an object key.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use globset::GlobMatcher;

use super::overlap::overlapping_patterns;
use super::{ContractError, ContractText, Dataset, Dimension, check, glob, shared};

/// All datasets of a database, in the order of their names.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    datasets: Vec<Dataset>,
    matchers: Vec<(usize, GlobMatcher)>,
    dimensions: Vec<Dimension>,
}

/// Which dataset a key belongs to.
#[derive(Debug)]
pub enum Match<'c> {
    /// Exactly one dataset.
    One(&'c Dataset),
    /// No dataset.
    None,
    /// Several datasets, which take different parts of the object.
    Several(Vec<&'c Dataset>),
}

impl Catalog {
    /// Reads contracts without SQL files: the path for messages, the folder's name, the text.
    ///
    /// # Errors
    ///
    /// Every error within a contract; if there is none, every error between contracts.
    pub fn read(
        contracts: impl IntoIterator<Item = (PathBuf, String, String)>,
    ) -> Result<Catalog, Vec<ContractError>> {
        Catalog::of(contracts.into_iter().map(|(file, folder, contract)| ContractText {
            file,
            folder,
            contract,
            ..ContractText::default()
        }))
    }

    /// Reads contracts with their SQL files.
    ///
    /// # Errors
    ///
    /// As [`Catalog::read`].
    pub fn of(
        contracts: impl IntoIterator<Item = ContractText>,
    ) -> Result<Catalog, Vec<ContractError>> {
        let mut errors = Vec::new();
        let mut datasets: Vec<(PathBuf, Dataset)> = Vec::new();
        for texts in contracts {
            match check::dataset(&texts) {
                Ok(dataset) => datasets.push((texts.file, dataset)),
                Err(found) => errors.extend(found),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        datasets.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let between =
            |file: &PathBuf, message| ContractError { file: file.clone(), line: 1, message };
        errors.extend(overlapping_patterns(&datasets));
        let all: Vec<&Dataset> = datasets.iter().map(|(_, dataset)| dataset).collect();
        let (dimensions, contradictions) = shared::dimensions(&all);
        let contradicted: BTreeSet<String> =
            contradictions.iter().map(|found| found.dimension.clone()).collect();
        for found in contradictions {
            errors
                .extend(datasets.get(found.dataset).map(|(file, _)| between(file, found.message)));
        }
        for (file, dataset) in &mut datasets {
            let found = shared::resolve(dataset, &dimensions, &contradicted).into_iter();
            errors.extend(found.map(|(line, message)| ContractError {
                file: file.clone(),
                line,
                message,
            }));
        }
        let facts = |dataset: &Dataset| -> Vec<String> {
            dataset.facts.iter().map(|fact| fact.name.clone()).collect()
        };
        let views = |dataset: &Dataset| -> Vec<String> {
            dataset.views.iter().map(|view| view.name.clone()).collect()
        };
        errors.extend(owners(&datasets, "fact", facts));
        errors.extend(owners(&datasets, "view", views));
        if !errors.is_empty() {
            return Err(errors);
        }
        let datasets: Vec<Dataset> = datasets.into_iter().map(|(_, dataset)| dataset).collect();
        let matchers = datasets
            .iter()
            .enumerate()
            .flat_map(|(index, dataset)| {
                dataset.patterns.iter().filter_map(move |p| Some((index, glob::matcher(p).ok()?)))
            })
            .collect();
        Ok(Catalog { datasets, matchers, dimensions })
    }

    /// The datasets, by name.
    pub fn datasets(&self) -> &[Dataset] {
        &self.datasets
    }

    /// The dimensions of all datasets, by name; `dim_date` is not among them.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The dataset of that name.
    pub fn dataset(&self, name: &str) -> Option<&Dataset> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }

    /// The dimension of that name.
    pub fn dimension(&self, name: &str) -> Option<&Dimension> {
        self.dimensions.iter().find(|dimension| dimension.name == name)
    }

    /// The dataset that an object key belongs to. Patterns and keys are compared in Unicode's form NFC.
    pub fn match_key(&self, key: &str) -> Match<'_> {
        let key = glob::normalized(key);
        let mut found: Vec<&Dataset> = Vec::new();
        for (index, matcher) in &self.matchers {
            if let Some(dataset) = self.datasets.get(*index)
                && matcher.is_match(key.as_ref())
                && found.last().is_none_or(|last| last.name != dataset.name)
            {
                found.push(dataset);
            }
        }
        match found.as_slice() {
            [] => Match::None,
            [one] => Match::One(one),
            _ => Match::Several(found),
        }
    }

    /// The dataset of a local path. Tries the path without its first folders, one after the other, until
    /// a pattern matches.
    pub(crate) fn match_path_tail(&self, path: &str) -> Match<'_> {
        let path = path.trim_start_matches('/');
        let tails = path.match_indices('/').filter_map(|(at, _)| path.get(at + 1..));
        std::iter::once(path)
            .chain(tails)
            .map(|tail| self.match_key(tail))
            .find(|found| !matches!(found, Match::None))
            .unwrap_or(Match::None)
    }
}

/// Checks that no two datasets have a fact or view of the same name.
fn owners(
    datasets: &[(PathBuf, Dataset)],
    what: &str,
    names: impl Fn(&Dataset) -> Vec<String>,
) -> Vec<ContractError> {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    let mut errors = Vec::new();
    for (file, dataset) in datasets {
        for name in names(dataset) {
            if let Some(owner) = owners.insert(name.clone(), &dataset.name) {
                let message =
                    format!("{what} `{name}` already belongs to dataset `{owner}`: rename one");
                errors.push(ContractError { file: file.clone(), line: 1, message });
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(
        name: &str,
        pattern: &str,
        key_type: &str,
        fact: &str,
    ) -> (PathBuf, String, String) {
        let text = format!(
            "name = \"{name}\"\nmatch = [\"{pattern}\"]\n[columns]\nid = {{ type = \"{key_type}\" }}\n\
             [dimension.thing]\nkey = [\"id\"]\n[fact.{fact}]\ndimensions = [\"thing\"]\n"
        );
        (PathBuf::from(format!("datasets/{name}/dataset.toml")), name.to_owned(), text)
    }

    fn complaints(contracts: Vec<(PathBuf, String, String)>) -> String {
        let errors = Catalog::read(contracts).expect_err("this must not pass");
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn datasets_must_not_share_keys_facts_or_dimensions_with_another_key() {
        let said = complaints(vec![
            contract("a", "in/**/*.csv", "bigint", "x"),
            contract("b", "in/2026/*.csv", "bigint", "y"),
        ]);
        assert!(said.contains("an object key such as `in/2026/.csv` matches both"), "{said}");
        let said = complaints(vec![
            contract("a", "a/*", "bigint", "x"),
            contract("b", "b/*", "bigint", "x"),
        ]);
        assert!(said.contains("fact `x` already belongs to dataset `a`"), "{said}");
        let said = complaints(vec![
            contract("a", "a/*", "bigint", "x"),
            contract("b", "b/*", "text", "y"),
        ]);
        assert!(said.contains("dimension `thing` already belongs to dataset `a`"), "{said}");
        assert_eq!(said.lines().count(), 1, "no error that follows from another: {said}");
    }

    #[test]
    fn a_key_or_the_tail_of_a_path_finds_its_dataset() {
        let catalog = Catalog::read(vec![
            contract("a", "a/**/*.csv", "bigint", "x"),
            contract("b", "b/*.csv", "bigint", "y"),
        ])
        .unwrap();
        let name = |found: Match<'_>| match found {
            Match::One(dataset) => dataset.name.clone(),
            other => format!("{other:?}"),
        };
        assert_eq!(name(catalog.match_key("a/2026/1.csv")), "a");
        assert_eq!(name(catalog.match_key("b/1.csv")), "b");
        assert_eq!(name(catalog.match_key("c/1.csv")), "None");
        assert_eq!(name(catalog.match_path_tail("/home/me/b/1.csv")), "b");
        assert_eq!(name(catalog.match_path_tail("/home/me/1.csv")), "None");
        assert_eq!(catalog.dimensions().len(), 1);
    }

    #[test]
    fn datasets_may_share_a_key_if_they_take_different_parts() {
        let with = |name: &str, sheet: &str| {
            let (file, folder, text) = contract(name, "in/*.xlsx", "bigint", name);
            (
                file,
                folder,
                text.replace("[columns]", &format!("[file]\nsheet = {sheet}\n[columns]")),
            )
        };
        let catalog =
            Catalog::read([with("a", "\"One\""), with("b", "[\"Two\", \"3*\"]")]).unwrap();
        let Match::Several(found) = catalog.match_key("in/x.xlsx") else { panic!("both") };
        assert_eq!(found.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let said = complaints(vec![with("a", "\"3 One\""), with("b", "[\"Two\", \"3*\"]")]);
        assert!(
            said.contains(
                "make one pattern narrower, or name other parts: both take sheet `3 One`"
            ),
            "{said}"
        );
        let said = complaints(vec![with("a", "\"One\""), contract("b", "in/*", "bigint", "b")]);
        assert!(said.contains("make one pattern narrower, or name different parts"), "{said}");
    }
}
