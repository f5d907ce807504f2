//! Merges the dimensions that several datasets define, and reports definitions that differ.

use std::collections::{BTreeMap, BTreeSet};

use super::{Column, Dataset, DimensionRef, DimensionSource, History, Missing, missing, name};
use crate::types::SqlType;

/// A dimension, merged from all datasets that define it.
#[derive(Debug, Clone)]
pub struct Dimension {
    /// The name of the dimension.
    pub name: String,
    /// The columns of the natural key.
    pub key: Vec<Column>,
    /// The attributes of all datasets that share it.
    pub attributes: Vec<Column>,
    /// The attributes, grouped by the datasets that have them and by their history.
    pub groups: Vec<AttributeGroup>,
    /// What happens to members that full extracts no longer have.
    pub missing: Missing,
}

/// Attributes that the same datasets have, so that one load and time say how new all of them are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeGroup {
    /// The attributes of one history.
    pub attributes: Vec<String>,
    /// What happens when an attribute changes.
    pub history: History,
}

impl Dimension {
    /// The attributes with `history = "versions"`.
    pub fn versioned(&self) -> Option<&AttributeGroup> {
        self.groups.iter().find(|group| group.history.keeps_versions())
    }

    /// The names of the natural key's columns.
    pub(crate) fn key_names(&self) -> Vec<String> {
        self.key.iter().map(|column| column.name.clone()).collect()
    }
}

/// A definition of one dataset that contradicts another dataset.
pub(super) struct Contradiction {
    /// The index of the dataset.
    pub dataset: usize,
    pub dimension: String,
    pub message: String,
}

/// Merges the dimensions by name, and returns the definitions that differ.
pub(super) fn dimensions(datasets: &[&Dataset]) -> (Vec<Dimension>, Vec<Contradiction>) {
    let mut errors = Vec::new();
    let mut merged: BTreeMap<&str, Merged> = BTreeMap::new();
    for (index, dataset) in datasets.iter().enumerate() {
        for source in &dataset.dimensions {
            let dimension = merged.entry(&source.name).or_default();
            errors.extend(dimension.add(index, datasets, source).into_iter().map(|message| {
                Contradiction { dataset: index, dimension: source.name.clone(), message }
            }));
        }
    }
    let mut dimensions = Vec::new();
    for (name, merged) in merged {
        let groups = merged.groups();
        if groups.iter().filter(|group| group.history.keeps_versions()).count() > 1 {
            let message = format!(
                "attributes of dimension `{name}` with history = \"versions\" come from different \
                 datasets ({}): every dataset that has one of them must have all of them",
                merged.versioned_datasets(datasets).join(", ")
            );
            let last = merged.attributes.last().and_then(|attribute| attribute.datasets.last());
            let dataset = last.copied().unwrap_or_default();
            errors.push(Contradiction { dataset, dimension: name.to_owned(), message });
        }
        let (missing, contradictions) = missing::merge(name, datasets);
        errors.extend(contradictions.into_iter().map(|(dataset, message)| Contradiction {
            dataset,
            dimension: name.to_owned(),
            message,
        }));
        dimensions.push(Dimension {
            name: name.to_owned(),
            key: merged.key,
            attributes: merged.attributes.into_iter().map(|attribute| attribute.column).collect(),
            groups,
            missing,
        });
    }
    (dimensions, errors)
}

/// A dimension as far as it is merged.
#[derive(Default)]
struct Merged {
    /// The first dataset with this dimension.
    first: usize,
    key: Vec<Column>,
    attributes: Vec<MergedAttribute>,
}

/// An attribute, and the datasets that have it.
struct MergedAttribute {
    column: Column,
    history: History,
    /// The indexes of the datasets.
    datasets: Vec<usize>,
}

impl Merged {
    /// Adds what one dataset defines, and returns the messages where that differs from the others.
    fn add(
        &mut self,
        index: usize,
        datasets: &[&Dataset],
        source: &DimensionSource,
    ) -> Vec<String> {
        let mut errors = Vec::new();
        let Some(dataset) = datasets.get(index) else { return errors };
        let name_of = |index: &usize| datasets.get(*index).map_or("", |other| other.name.as_str());
        let key: Vec<Column> =
            source.key.iter().filter_map(|name| dataset.column(name).cloned()).collect();
        if self.key.is_empty() {
            (self.first, self.key) = (index, key);
        } else if !same_columns(&self.key, &key) {
            errors.push(format!(
                "dimension `{}` already belongs to dataset `{}`, with the key {}, here {}: rename one \
                 if they are different things, else give both the same names and types; a fact that \
                 only refers to it can use {{ dimension = \"{0}\", key = [..] }}",
                source.name,
                name_of(&self.first),
                list(&self.key),
                list(&key)
            ));
            return errors;
        }
        for (attribute, history) in source.attributes_with_history() {
            let Some(column) = dataset.column(attribute) else { continue };
            let known = self.attributes.iter_mut().find(|known| known.column.name == *attribute);
            let Some(known) = known else {
                self.attributes.push(MergedAttribute {
                    column: column.clone(),
                    history,
                    datasets: vec![index],
                });
                continue;
            };
            let other = name_of(known.datasets.first().unwrap_or(&self.first));
            known.datasets.push(index);
            if known.column.column_type.sql_type() != column.column_type.sql_type() {
                errors.push(format!(
                    "attribute `{attribute}` of dimension `{}` is of type {} here and {} in dataset \
                     `{other}`: the types must be the same",
                    source.name, column.type_name, known.column.type_name
                ));
            }
            if known.history != history {
                errors.push(format!(
                    "attribute `{attribute}` of dimension `{}` has history = \"{}\" here and \"{}\" in \
                     dataset `{other}`: they must be the same",
                    source.name,
                    history.as_str(),
                    known.history.as_str()
                ));
            }
        }
        errors
    }

    /// The names of the datasets that bring attributes with versions.
    fn versioned_datasets(&self, datasets: &[&Dataset]) -> Vec<String> {
        let versioned = self.attributes.iter().filter(|known| known.history.keeps_versions());
        let indexes: BTreeSet<usize> = versioned.flat_map(|known| known.datasets.clone()).collect();
        let named = indexes.into_iter().filter_map(|index| datasets.get(index));
        named.map(|dataset| format!("`{}`", dataset.name)).collect()
    }

    fn groups(&self) -> Vec<AttributeGroup> {
        let mut groups: Vec<(&MergedAttribute, AttributeGroup)> = Vec::new();
        for merged in &self.attributes {
            let fits = |(first, _): &&mut (&MergedAttribute, AttributeGroup)| {
                first.history == merged.history && first.datasets == merged.datasets
            };
            match groups.iter_mut().find(fits) {
                Some((_, group)) => group.attributes.push(merged.column.name.clone()),
                None => groups.push((
                    merged,
                    AttributeGroup {
                        attributes: vec![merged.column.name.clone()],
                        history: merged.history,
                    },
                )),
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }
}

/// Fills in the keys of the references that do not name their columns, and returns the errors of
/// references that do not fit their dimension.
///
/// References to the dimensions in `contradicted` are not checked: their errors follow from the
/// contradiction.
pub(super) fn resolve(
    dataset: &mut Dataset,
    dimensions: &[Dimension],
    contradicted: &BTreeSet<String>,
) -> Vec<(usize, String)> {
    let mut errors = Vec::new();
    let columns = std::mem::take(&mut dataset.columns);
    for fact in &mut dataset.facts {
        let happened = fact.happened().is_some();
        let certain = |used: &&mut DimensionRef| !contradicted.contains(&used.dimension);
        for used in fact.dimensions.iter_mut().filter(certain) {
            match resolve_use(used, &columns, dimensions) {
                Err(message) => errors.push((used.line, message)),
                Ok(dimension) if dimension.versioned().is_some() && !happened => errors.push((
                    used.line,
                    format!(
                        "dimension `{}` has versions: add as_of or a date to fact `{}`, to say when its rows \
                         happened",
                        dimension.name, fact.name
                    ),
                )),
                Ok(_) => {}
            }
        }
    }
    dataset.columns = columns;
    errors
}

fn resolve_use<'d>(
    used: &mut DimensionRef,
    columns: &[Column],
    dimensions: &'d [Dimension],
) -> Result<&'d Dimension, String> {
    let name = &used.dimension;
    let Some(dimension) = dimensions.iter().find(|dimension| dimension.name == *name) else {
        let hint = name::suggestion(name, dimensions.iter().map(|d| d.name.as_str()));
        return Err(format!(
            "dimension `{name}` is not defined anywhere{hint}: add [dimension.{name}] with its key"
        ));
    };
    if used.key.is_empty() {
        used.key = dimension.key_names();
    }
    let own: Vec<&Column> = used
        .key
        .iter()
        .filter_map(|name| columns.iter().find(|column| column.name == *name))
        .collect();
    let types = |columns: &[&Column]| -> Vec<SqlType> {
        columns.iter().map(|column| column.column_type.sql_type()).collect()
    };
    if types(&own) != types(&dimension.key.iter().collect::<Vec<_>>()) {
        return Err(format!(
            "dimension `{name}` has the key {}: name columns of these types with key = [..]",
            list(&dimension.key)
        ));
    }
    Ok(dimension)
}

fn same_columns(a: &[Column], b: &[Column]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.name == b.name && a.column_type.sql_type() == b.column_type.sql_type())
}

fn list(columns: &[Column]) -> String {
    columns
        .iter()
        .map(|column| format!("{} {}", column.name, column.column_type.sql_type()))
        .collect::<Vec<_>>()
        .join(", ")
}
